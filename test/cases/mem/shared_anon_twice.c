/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared anonymous memory mapped a second time (mremap of length 0), with a hole in one view and other
 * protections in the other: it is one memory.
 */
#include "case.h"

#include <sys/mman.h>

#define PAGE 4096

int main(void)
{
	char *one = case_map_shared(8 * PAGE), *two;

	case_fill(one, 8 * PAGE, 1);
	two = mremap(one, 0, 8 * PAGE, MREMAP_MAYMOVE);
	CASE_CHECK(two != MAP_FAILED, "mremap: %s", strerror(errno));
	CASE_SYS(munmap(one + 2 * PAGE, 3 * PAGE));
	CASE_SYS(mprotect(two, 4 * PAGE, PROT_READ));
	case_ready();
	case_check_fill(two, 8 * PAGE, 1, "the second view");
	one[PAGE + 7] = 'x';
	CASE_EQ(two[PAGE + 7], 'x');
	two[7 * PAGE] = 'y';
	CASE_EQ(one[7 * PAGE], 'y');
	CASE_CHECK(case_faults(one + 3 * PAGE, NULL), "the hole is filled");
	CASE_SYS(munmap(one, 2 * PAGE));
	CASE_EQ(two[PAGE + 7], 'x');
	return case_pass();
}
