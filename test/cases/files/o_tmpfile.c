/* SPDX-License-Identifier: GPL-2.0-only */
/* A file without any name (O_TMPFILE), which can still be given one. */
/* peer: no-restore wrong makes a deleted file of it that can get no name */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0640);
	char buf[5000], name[64];
	struct stat st;

	if (fd < 0)
		case_skip("O_TMPFILE: %s", strerror(errno));
	case_fill(buf, sizeof(buf), 43);
	CASE_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	case_ready();
	memset(buf, 0, sizeof(buf));
	CASE_EQ(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
	case_check_fill(buf, sizeof(buf), 43, "nameless file");
	CASE_EQ(lseek(fd, 0, SEEK_CUR), sizeof(buf));
	CASE_SYS(fstat(fd, &st));
	CASE_EQ(st.st_nlink, 0);
	CASE_EQ(st.st_mode & 0777, 0640);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CASE_SYS(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	return case_pass();
}
