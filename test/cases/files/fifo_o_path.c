/* SPDX-License-Identifier: GPL-2.0-only */
/* O_PATH descriptors of a fifo, of a deleted one too, are no ends: nobody writes, nobody waits. */
/* peer: no-dump asks an O_PATH descriptor for its data and fails */
#include "case.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	int path, gone, fd;
	struct stat st;
	char name[64];

	CASE_SYS(mkfifo("fifo", 0600));
	CASE_SYS(mkfifo("gone", 0640));
	path = CASE_SYS(open("fifo", O_PATH));
	gone = CASE_SYS(open("gone", O_PATH));
	CASE_SYS(unlink("gone"));
	case_ready();
	CASE_SYS(fstat(gone, &st));
	CASE_EQ(st.st_mode, S_IFIFO | 0640);
	CASE_EQ(open("fifo", O_WRONLY | O_NONBLOCK), -1);
	CASE_EQ(errno, ENXIO);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	fd = CASE_SYS(open(name, O_RDWR));
	CASE_SYS(open("fifo", O_WRONLY | O_NONBLOCK));
	close(fd);
	return case_pass();
}
