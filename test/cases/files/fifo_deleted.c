/* SPDX-License-Identifier: GPL-2.0-only */
/* A fifo that was deleted keeps its data and both ends. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	char buf[16];
	int fd;

	CASE_SYS(mkfifo("fifo", 0600));
	fd = CASE_SYS(open("fifo", O_RDWR));
	CASE_EQ(write(fd, "ghost", 5), 5);
	CASE_SYS(unlink("fifo"));
	case_ready();
	CASE_EQ(read(fd, buf, 16), 5);
	CASE_CHECK(!memcmp(buf, "ghost", 5), "other data");
	CASE_CHECK(access("fifo", F_OK) < 0, "the fifo came back");
	return case_pass();
}
