/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file of /proc about a process that has ended since: it has no path any more, and is refused by name. */
/* refuse: /proc/[0-9]+/status\): the task whose /proc entry it is has ended */
/* peer: no can dump it */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>

int main(void)
{
	pid_t pid = CASE_SYS(fork());
	char path[64], buf[64];
	int fd;

	if (!pid) {
		while (access("end", F_OK) < 0)
			case_sleep_ms(1);
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = CASE_SYS(open(path, O_RDONLY));
	case_write_file("end", "");
	case_join(pid);
	case_ready();
	CASE_EQ(read(fd, buf, sizeof(buf)), -1);
	CASE_EQ(errno, ESRCH);
	CASE_SYS(unlink("end"));
	return case_pass();
}
