/* SPDX-License-Identifier: GPL-2.0-only */
/* MAP_DROPPABLE memory comes back as such; its content may be lost, the area may not. */
/* peer: no wrong version 4.1.1 makes it ordinary memory */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	char *area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | 0x08 /* MAP_DROPPABLE */, -1, 0);

	if (area == MAP_FAILED)
		case_skip("MAP_DROPPABLE: %s", strerror(errno));
	case_fill(area, 16 * 4096, 22);
	case_ready();
	CASE_CHECK(case_vmflag(area, "dp"), "not droppable any more");
	CASE_CHECK(case_vmflag(area, "wf"), "not wiped on fork any more");
	case_fill(area, 16 * 4096, 23);
	case_check_fill(area, 16 * 4096, 23, "area");
	return case_pass();
}
