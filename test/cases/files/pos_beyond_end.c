/* SPDX-License-Identifier: GPL-2.0-only */
/* Positions far behind the end of a file, and the largest there is; a write there makes a hole. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 10, 1), empty = case_make_file("empty", 0, 1), far;
	struct stat st;
	off_t largest;
	char c;

	far = CASE_SYS(open("file", O_RDWR));
	CASE_SYS(lseek(fd, 5000, SEEK_SET));
	CASE_SYS(lseek(empty, 1L << 32, SEEK_SET));
	for (largest = INT64_MAX; lseek(far, largest, SEEK_SET) < 0; largest >>= 1)
		CASE_CHECK(largest, "lseek: %s", strerror(errno));
	case_ready();
	CASE_EQ(lseek(far, 0, SEEK_CUR), largest);
	CASE_EQ(lseek(empty, 0, SEEK_CUR), 1L << 32);
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 5000);
	CASE_EQ(read(fd, &c, 1), 0);
	CASE_EQ(write(fd, "x", 1), 1);
	CASE_SYS(fstat(fd, &st));
	CASE_EQ(st.st_size, 5001);
	return case_pass();
}
