/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors of processes that are dead and gone, two of the same one: they poll as ended, nothing can be sent, and
 * there is no child more than before.
 */
#include "case.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int dead(int status, int *again)
{
	pid_t pid = CASE_SYS(fork());
	int fd;

	if (!pid && WIFSIGNALED(status))
		kill(getpid(), WTERMSIG(status));
	if (!pid)
		_exit(WEXITSTATUS(status));
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		case_skip("pidfd_open: %s", strerror(errno));
	*again = (int)CASE_SYS(syscall(SYS_pidfd_open, pid, 0));
	CASE_SYS(waitpid(pid, NULL, 0));
	return fd;
}

static void check(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CASE_EQ(CASE_SYS(poll(&p, 1, 0)), 1);
	CASE_EQ(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), -1);
	CASE_EQ(errno, ESRCH);
}

int main(void)
{
	int a, b, a2, b2;
	struct stat st[3];
	sigset_t waiting;

	a = dead(0x2500, &a2);
	b = dead(SIGKILL, &b2);
	case_ready();
	check(a);
	check(a2);
	check(b);
	check(b2);
	CASE_SYS(fstat(a, &st[0]));
	CASE_SYS(fstat(a2, &st[1]));
	CASE_SYS(fstat(b, &st[2]));
	CASE_EQ(st[0].st_ino, st[1].st_ino);
	CASE_EQ(waitpid(-1, NULL, __WALL), -1);
	CASE_EQ(errno, ECHILD);
	CASE_SYS(sigpending(&waiting));
	CASE_EQ(sigismember(&waiting, SIGCHLD), 0);
	return case_pass();
}
