/* SPDX-License-Identifier: GPL-2.0-only */
/* A terminal program with two windows; each job has /dev/tty open, which is its own terminal. */
/* peer: no-dump refuses a /dev/tty whose session is not the one of the terminal it looks at */
#include "pty.h"

static int masters[2], slaves[2];

static void job(void *arg)
{
	int tty, i = *(int *)arg;

	CASE_SYS(close(masters[0]));
	CASE_SYS(close(masters[1]));
	CASE_SYS(setsid());
	CASE_SYS(ioctl(slaves[i], TIOCSCTTY, 0));
	tty = CASE_SYS(open("/dev/tty", O_RDWR));
	CASE_SYS(close(slaves[!i]));
	case_here();
	case_wait_go();
	CASE_EQ(write(tty, i ? "second" : "first", i ? 6 : 5), i ? 6 : 5);
	CASE_EQ(CASE_SYS(tcgetsid(slaves[i])), getpid());
}

int main(void)
{
	int numbers[2] = { 0, 1 };
	struct pty_state was[2];
	pid_t pids[2];

	for (int i = 0; i < 2; i++) {
		masters[i] = pty_master();
		slaves[i] = pty_slave(masters[i], O_RDWR);
	}
	for (int i = 0; i < 2; i++)
		pids[i] = case_fork(job, &numbers[i]);
	case_wait_here(2);
	for (int i = 0; i < 2; i++)
		was[i] = pty_state(masters[i]);
	case_ready();
	for (int i = 0; i < 2; i++) {
		case_join(pids[i]);
		CASE_EQ(pty_number(masters[i]), was[i].number);
		CASE_EQ(was[i].sid, pids[i]);
		pty_expect(masters[i], i ? "second" : "first", i ? 6 : 5);
	}
	return case_pass();
}
