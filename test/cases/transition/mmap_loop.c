/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas are mapped, written, protected, moved and unmapped all the time by two threads. */
/* busy: it changes all the time */
#include "case.h"

#include <sys/mman.h>

static volatile bool stop;

static void *mapper(void *number)
{
	for (uint32_t round = 0; !stop; round++) {
		size_t len = (round % 9 + 1) * 4096;
		char *area = case_map(len);

		case_fill(area, len, round);
		area = mremap(area, len, len + 4 * 4096, MREMAP_MAYMOVE);
		CASE_CHECK(area != MAP_FAILED, "thread %ld: mremap: %s", (long)number,
			   strerror(errno));
		CASE_SYS(mprotect(area + len, 4096, PROT_NONE));
		case_check_fill(area, len, round, "area");
		CASE_SYS(munmap(area, len + 4 * 4096));
		if (round == 20)
			case_here();
	}
	return NULL;
}

int main(void)
{
	case_threads(2, mapper);
	case_wait_here(2);
	case_ready();
	case_sleep_ms(20);
	stop = true;
	case_threads_join();
	return case_pass();
}
