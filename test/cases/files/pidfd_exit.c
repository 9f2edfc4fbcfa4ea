/* SPDX-License-Identifier: GPL-2.0-only */
/* How a process ended that is dead and gone is told by its pidfd (Linux 6.15), afterwards too. */
/* peer: no version 4.1 does not keep it */
#include "case.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct info { /* struct pidfd_info */
	uint64_t mask, cgroup_id;
	uint32_t ids[11];
	int32_t exit_status;
	uint32_t later[2];
};

enum { INFO_EXIT = 8 };

static const int ends[] = { 0, 1, 37, 255, -SIGKILL, -SIGTERM, -SIGUSR1 };

static int dead(int how)
{
	pid_t pid = CASE_SYS(fork());
	int fd;

	if (!pid && how < 0)
		kill(getpid(), -how);
	if (!pid)
		_exit(how);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		case_skip("pidfd_open: %s", strerror(errno));
	CASE_SYS(waitpid(pid, NULL, 0));
	return fd;
}

static bool status_of(int fd, int *status_out)
{
	struct info info = { .mask = INFO_EXIT };

	if (ioctl(fd, _IOWR(0xff, 11, struct info), &info) || !(info.mask & INFO_EXIT))
		return false;
	*status_out = info.exit_status;
	return true;
}

int main(void)
{
	int fds[CASE_NR(ends)], status;

	for (size_t i = 0; i < CASE_NR(ends); i++)
		fds[i] = dead(ends[i]);
	if (!status_of(fds[0], &status))
		case_skip("the kernel does not tell");
	case_ready();
	for (size_t i = 0; i < CASE_NR(ends); i++) {
		CASE_CHECK(status_of(fds[i], &status), "no status is told");
		CASE_EQ(status, ends[i] < 0 ? -ends[i] : ends[i] << 8);
	}
	return case_pass();
}
