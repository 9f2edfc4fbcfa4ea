/* SPDX-License-Identifier: GPL-2.0-only */
/* A file open with O_DIRECT | O_SYNC is read and written past the page cache afterwards too. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	char *buf = case_map(8192);
	int fd;

	close(case_make_file("file", 65536, 1));
	fd = open("file", O_RDWR | O_DIRECT | O_SYNC);
	if (fd < 0)
		case_skip("open with O_DIRECT: %s", strerror(errno));
	CASE_EQ(read(fd, buf, 4096), 4096);
	case_ready();
	CASE_EQ(fcntl(fd, F_GETFL) & (O_DIRECT | O_SYNC), O_DIRECT | O_SYNC);
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 4096);
	case_fill(buf, 4096, 9);
	CASE_EQ(write(fd, buf, 4096), 4096);
	memset(buf, 0, 4096);
	CASE_EQ(pread(fd, buf, 4096, 4096), 4096);
	case_check_fill(buf, 4096, 9, "the written block");
	return case_pass();
}
