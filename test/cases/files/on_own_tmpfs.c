/* SPDX-License-Identifier: GPL-2.0-only */
/* Files on a tmpfs and below a bind mount, one of each deleted. */
/* needs: cap:sys_admin */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

static void check(int fd, unsigned seed, const char *what)
{
	char buf[5000];

	CASE_EQ(pread(fd, buf, 5000, 0), 5000);
	case_check_fill(buf, 5000, seed, what);
}

int main(void)
{
	static const char *names[] = { "tmpfs/file", "tmpfs/gone", "bound/file", "bound/gone" };
	struct stat a, b;
	int fds[4];

	CASE_SYS(mkdir("tmpfs", 0755));
	CASE_SYS(mkdir("real", 0755));
	CASE_SYS(mkdir("bound", 0755));
	if (mount("case", "tmpfs", "tmpfs", 0, NULL) < 0)
		case_skip("mount: %s", strerror(errno));
	CASE_SYS(mount("real", "bound", NULL, MS_BIND, NULL));
	for (int i = 0; i < 4; i++)
		fds[i] = case_make_file(names[i], 5000, i);
	CASE_SYS(unlink(names[1]));
	CASE_SYS(unlink(names[3]));
	case_ready();
	for (int i = 0; i < 4; i++)
		check(fds[i], i, names[i]);
	for (int i = 0; i < 4; i += 2) {
		CASE_SYS(fstat(fds[i], &a));
		CASE_SYS(stat(names[i], &b));
		CASE_CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev, "%s is another file",
			   names[i]);
	}
	CASE_CHECK(access(names[1], F_OK) && access(names[3], F_OK), "a deleted one is back");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	CASE_SYS(umount2("tmpfs", MNT_DETACH));
	CASE_SYS(umount2("bound", MNT_DETACH));
	return case_pass();
}
