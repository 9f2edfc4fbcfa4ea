/* SPDX-License-Identifier: GPL-2.0-only */
/* The heap keeps its content and its end, to the byte, shrinks and grows. */
#include "case.h"

#include <sys/syscall.h>

enum { LEN = (1 << 20) + 123 };

int main(void)
{
	char *start = sbrk(0), *end;

	CASE_SYS((long)sbrk(LEN));
	case_fill(start, LEN, 5);
	end = sbrk(0);
	case_ready();
	/* sbrk(0) is what the C library remembers. */
	CASE_EQ(syscall(SYS_brk, 0), (long)end);
	case_check_fill(start, LEN, 5, "heap");
	CASE_SYS((long)sbrk(LEN));
	case_fill(end, LEN, 6);
	case_check_fill(start, LEN, 5, "old heap");
	CASE_SYS((long)sbrk(-2 * LEN));
	CASE_EQ((char *)sbrk(0), start);
	return case_pass();
}
