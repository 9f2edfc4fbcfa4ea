/* SPDX-License-Identifier: GPL-2.0-only */
/* Close-on-exec belongs to the descriptor: one copy has it, the other has not. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int a = CASE_SYS(open("/dev/null", O_RDWR | O_CLOEXEC)), b = CASE_SYS(dup(a)), p[2];

	CASE_SYS(pipe2(p, O_CLOEXEC));
	CASE_SYS(fcntl(p[0], F_SETFD, 0));
	case_ready();
	CASE_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CASE_EQ(fcntl(b, F_GETFD), 0);
	CASE_EQ(fcntl(p[0], F_GETFD), 0);
	CASE_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
	return case_pass();
}
