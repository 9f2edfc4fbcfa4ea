/* SPDX-License-Identifier: GPL-2.0-only */
/* What is typed into the master reaches the job in the foreground: ^C, a new window size, a hang-up. */
#include "pty.h"

#include <signal.h>

static int master;
static volatile sig_atomic_t got[65];

static void note(int sig)
{
	got[sig]++;
}

static void wait_for(int sig)
{
	while (!got[sig])
		usleep(1000);
	CASE_EQ(got[sig], 1);
}

static void job(void *arg)
{
	int slave = *(int *)arg;

	CASE_SYS(close(master));
	CASE_SYS(setsid());
	CASE_SYS(ioctl(slave, TIOCSCTTY, 0));
	signal(SIGINT, note);
	signal(SIGWINCH, note);
	signal(SIGHUP, note);
	case_here();
	case_wait_go();
	wait_for(SIGINT);
	case_here();
	wait_for(SIGWINCH);
	case_here();
	wait_for(SIGHUP);
}

int main(void)
{
	struct winsize ws = { .ws_row = 3, .ws_col = 4 };
	int slave;
	pid_t pid;

	master = pty_master();
	slave = pty_slave(master, O_RDWR);
	pid = case_fork(job, &slave);
	CASE_SYS(close(slave));
	case_wait_here(1);
	case_ready();
	CASE_EQ(write(master, "\003", 1), 1);
	case_wait_here(2);
	CASE_SYS(ioctl(master, TIOCSWINSZ, &ws));
	case_wait_here(3);
	CASE_SYS(close(master));
	case_join(pid);
	return case_pass();
}
