/* SPDX-License-Identifier: GPL-2.0-only */
/* A deleted file keeps its mode with all bits, owner, group, times and length. */
/* needs: cap:chown */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NR 4

static const mode_t modes[NR] = { 04711, 02070, 01000, 0 };

int main(void)
{
	struct stat before[NR], now;
	int fds[NR];

	for (int i = 0; i < NR; i++) {
		struct timespec times[2] = { { 100000 + i, 111 }, { 1234567890 + i, 987654321 } };

		fds[i] = case_make_file("file", 1000 + i, i);
		CASE_SYS(fchown(fds[i], 1000 + i, i == 2 ? 0 : 2000000000));
		CASE_SYS(fchmod(fds[i], modes[i]));
		CASE_SYS(futimens(fds[i], times));
		CASE_SYS(unlink("file"));
		CASE_SYS(fstat(fds[i], &before[i]));
		CASE_EQ(before[i].st_mode & 07777, modes[i]);
	}
	case_ready();
	for (int i = 0; i < NR; i++) {
		CASE_SYS(fstat(fds[i], &now));
		CASE_EQ(now.st_mode, before[i].st_mode);
		CASE_EQ(now.st_uid, before[i].st_uid);
		CASE_EQ(now.st_gid, before[i].st_gid);
		CASE_EQ(now.st_size, before[i].st_size);
		CASE_EQ(now.st_nlink, 0);
		CASE_EQ(now.st_mtim.tv_sec, before[i].st_mtim.tv_sec);
		/* CRIU's images have microseconds. */
		CASE_EQ(now.st_mtim.tv_nsec / 1000, before[i].st_mtim.tv_nsec / 1000);
	}
	return case_pass();
}
