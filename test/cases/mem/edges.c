/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas at the lowest and the highest addresses a program can have, and next to the stack. */
#include "case.h"

#include <sys/mman.h>

static char *map_at(unsigned long at)
{
	char *p = mmap((void *)at, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int main(void)
{
	static const unsigned long at[] = { 0x10000,	    0x400000,	    0x10000000,
					    0x7ffff000,	    0xfffff000,	    0x100000000,
					    0x555555555000, 0x7ffffffde000, 0x7fffffffe000 };
	char *area[CASE_NR(at)];

	for (unsigned i = 0; i < CASE_NR(at); i++) {
		area[i] = map_at(at[i]);
		if (area[i])
			case_fill(area[i], 4096, i);
	}
	CASE_CHECK(area[CASE_NR(at) - 1], "nothing can be mapped at the top");
	case_ready();
	for (unsigned i = 0; i < CASE_NR(at); i++)
		if (area[i])
			case_check_fill(area[i], 4096, i, "area");
	return case_pass();
}
