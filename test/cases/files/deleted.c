/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A deleted file (a ghost): its content, mode, owner, times and holes come back without a name, and two
 * descriptors of it are still one file.
 */
/* needs: root */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	struct timespec times[2] = { { 1000000, 5 }, { 2000000, 7 } };
	int a = case_make_file("file", 10000, 44), b = CASE_SYS(open("file", O_RDONLY));
	char buf[10000];
	struct stat st;

	CASE_SYS(fchown(a, 1234, 5678));
	CASE_SYS(fchmod(a, 06714));
	CASE_SYS(pwrite(a, "far", 3, 400000));
	CASE_SYS(futimens(a, times));
	CASE_SYS(unlink("file"));
	case_ready();
	CASE_SYS(fstat(a, &st));
	CASE_EQ(st.st_nlink, 0);
	CASE_EQ(st.st_uid, 1234);
	CASE_EQ(st.st_gid, 5678);
	CASE_EQ(st.st_mode & 07777, 06714);
	CASE_EQ(st.st_size, 400003);
	CASE_EQ(st.st_mtim.tv_sec, 2000000);
	CASE_EQ(st.st_mtim.tv_nsec / 1000, 0);
	CASE_CHECK(st.st_blocks * 512 < 200000, "the hole was filled: %ld blocks",
		   (long)st.st_blocks);
	CASE_EQ(pread(a, buf, sizeof(buf), 0), sizeof(buf));
	case_check_fill(buf, sizeof(buf), 44, "deleted file");
	CASE_EQ(pwrite(a, "new", 3, 5), 3);
	CASE_EQ(pread(b, buf, 3, 5), 3);
	CASE_CHECK(!memcmp(buf, "new", 3), "two files instead of one");
	CASE_CHECK(access("file", F_OK) < 0, "the file has a name again");
	return case_pass();
}
