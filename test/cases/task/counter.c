/* SPDX-License-Identifier: GPL-2.0-only */
/* The simplest of all: one process, its pid and a variable. */
#include "case.h"

int main(void)
{
	volatile unsigned counter = 4711;
	pid_t pid = getpid(), parent = getppid();

	counter++;
	case_ready();
	CASE_EQ(counter, 4712);
	CASE_EQ(getpid(), pid);
	CASE_EQ(getppid(), parent);
	return case_pass();
}
