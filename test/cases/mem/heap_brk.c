/* SPDX-License-Identifier: GPL-2.0-only */
/* The heap keeps its content and its end, shrinks and grows. */
#include "case.h"

int main(void)
{
	char *start = sbrk(0), *end;

	CASE_SYS((long)sbrk(1 << 20));
	case_fill(start, 1 << 20, 5);
	end = sbrk(0);
	case_ready();
	CASE_EQ((char *)sbrk(0), end);
	case_check_fill(start, 1 << 20, 5, "heap");
	CASE_SYS((long)sbrk(1 << 20));
	case_fill(end, 1 << 20, 6);
	case_check_fill(start, 1 << 20, 5, "old heap");
	CASE_SYS((long)sbrk(-(2 << 20)));
	CASE_EQ((char *)sbrk(0), start);
	return case_pass();
}
