/* SPDX-License-Identifier: GPL-2.0-only */
/* The main stack and a MAP_GROWSDOWN area keep their content and still grow. */
#include "case.h"

#include <sys/mman.h>

static __attribute__((noinline)) int deep(int levels)
{
	volatile char frame[4096];

	frame[0] = 1;
	return levels ? deep(levels - 1) + frame[0] : 0;
}

int main(void)
{
	char *hole = mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			  0);
	char *top = hole + (4 << 20), *area, on_stack[65536];

	CASE_SYS(munmap(hole, 4 << 20));
	area = mmap(top - 65536, 65536, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE, -1, 0);
	CASE_CHECK(area == top - 65536, "mmap: %s", strerror(errno));
	case_fill(area, 65536, 8);
	/* It grows before the dump too. */
	for (char *p = area - 4096; p > area - 10 * 4096; p -= 4096)
		case_fill(p, 4096, 9);
	case_fill(on_stack, sizeof(on_stack), 10);
	case_ready();
	case_check_fill(area, 65536, 8, "first part");
	for (char *p = area - 4096; p > area - 10 * 4096; p -= 4096)
		case_check_fill(p, 4096, 9, "grown part");
	case_check_fill(on_stack, sizeof(on_stack), 10, "main stack");
	for (char *p = area - 10 * 4096; p > area - 20 * 4096; p -= 4096)
		*(volatile char *)p = 1;
	CASE_CHECK(case_vmflag(area, "gd"), "the area does not grow down any more");
	CASE_EQ(deep(500), 500);
	return case_pass();
}
