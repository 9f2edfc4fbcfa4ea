/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal program: its child leads a session on the slave, has closed all but /dev/tty, and has put a child of
 * its own into the foreground.
 */
/* peer: no refuses a session whose foreground group is not its leader's */
#include "pty.h"

#include <signal.h>

static int master, slave;

static void reader(void *arg)
{
	char buf[8];

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(tcgetpgrp(0), getpid());
	CASE_EQ(tcgetsid(0), getsid(0));
	CASE_EQ(CASE_SYS(read(0, buf, sizeof(buf))), 6);
	CASE_CHECK(!memcmp(buf, "hello\n", 6), "another line");
}

static void shell(void *arg)
{
	pid_t child, sid;
	int tty;

	(void)arg;
	CASE_SYS(close(master));
	CASE_SYS(setsid());
	CASE_SYS(ioctl(slave, TIOCSCTTY, 0));
	CASE_SYS(dup2(slave, 0));
	CASE_SYS(close(slave));
	tty = CASE_SYS(open("/dev/tty", O_RDWR));
	child = case_fork(reader, NULL);
	CASE_SYS(setpgid(child, child));
	CASE_SYS(tcsetpgrp(tty, child));
	case_here();
	case_wait_go();
	case_join(child);
	signal(SIGTTOU, SIG_IGN);
	CASE_SYS(tcsetpgrp(tty, getpid()));
	CASE_EQ(tcgetsid(tty), getpid());
	CASE_SYS(ioctl(tty, TIOCGSID, &sid));
	CASE_EQ(sid, getpid());
	CASE_SYS(close(CASE_SYS(open("/dev/tty", O_RDONLY))));
}

int main(void)
{
	struct pty_state was;
	pid_t pid;

	master = pty_master();
	slave = pty_slave(master, O_RDWR);
	pid = case_fork(shell, NULL);
	CASE_SYS(close(slave));
	case_wait_here(2);
	was = pty_state(master);
	CASE_EQ(was.sid, pid);
	CASE_CHECK(was.pgrp != pid, "the shell is in the foreground");
	case_ready();
	pty_same(master, &was);
	pty_pass(master, master, "hello\n", "hello\r\n");
	case_join(pid);
	/* The leader has ended. */
	CASE_EQ(ioctl(master, TIOCGSID, &pid), -1);
	return case_pass();
}
