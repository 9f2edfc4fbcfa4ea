/* SPDX-License-Identifier: GPL-2.0-only */
/* A memfd opened once more by /proc/self/fd, for reading only: positions of their own, one content. */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

int main(void)
{
	int fd = CASE_SYS(memfd_create("once more", MFD_ALLOW_SEALING)), again, append;
	char path[64], buf[8] = "";

	CASE_EQ(write(fd, "0123456789", 10), 10);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = CASE_SYS(open(path, O_RDONLY));
	append = CASE_SYS(open(path, O_WRONLY | O_APPEND));
	CASE_SYS(lseek(again, 4, SEEK_SET));
	case_ready();
	CASE_EQ(write(fd, "a", 1), 1);
	CASE_EQ(write(append, "b", 1), 1);
	CASE_EQ(write(again, "c", 1), -1);
	CASE_EQ(errno, EBADF);
	CASE_EQ(read(again, buf, 2), 2);
	CASE_CHECK(!memcmp(buf, "45", 2), "it reads \"%.2s\"", buf);
	CASE_EQ(pread(again, buf, 8, 9), 3);
	CASE_CHECK(!memcmp(buf, "9ab", 3), "it reads \"%.3s\"", buf);
	return case_pass();
}
