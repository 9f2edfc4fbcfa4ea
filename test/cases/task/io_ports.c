/* SPDX-License-Identifier: GPL-2.0-only */
/* A task with rights to ports of devices (ioperm) is refused by name. */
/* refuse: thread [0-9]+ may use I/O ports of devices */
/* peer: no wrong does not save it */
/* needs: cap:sys_rawio */
#include "case.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/io.h>

static sigjmp_buf back;

static void faulted(int sig)
{
	siglongjmp(back, sig);
}

static bool may_use(int port)
{
	if (sigsetjmp(back, 1))
		return false;
	(void)inb(port);
	return true;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = faulted };

	CASE_SYS(sigaction(SIGSEGV, &sa, NULL));
	/* 0x80 is the port of the diagnostic codes, which nobody else uses. */
	if (ioperm(0x80, 1, 1) < 0)
		case_skip("ioperm: %s", strerror(errno));
	CASE_CHECK(may_use(0x80), "it did not work");
	case_ready();
	CASE_CHECK(may_use(0x80), "the right to the port is gone");
	return case_pass();
}
