/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors of the namespaces that the program lives in are of the same ones afterwards, twice the same where they were. */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *const names[] = { "net", "mnt", "pid", "user", "uts", "ipc", "cgroup", "time" };

int main(void)
{
	int fds[CASE_NR(names)], flags[CASE_NR(names)];
	char path[64];

	for (size_t i = 0; i < CASE_NR(names); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		flags[i] = i % 2 ? FD_CLOEXEC : 0;
		fds[i] = open(path, O_RDONLY | (i % 2 ? O_CLOEXEC : 0));
		CASE_CHECK(fds[i] >= 0 || errno == ENOENT, "%s: %s", path, strerror(errno));
	}
	CASE_SYS(dup(fds[0]));
	case_ready();
	for (size_t i = 0; i < CASE_NR(names); i++) {
		struct stat own, held;

		if (fds[i] < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		CASE_SYS(stat(path, &own));
		CASE_SYS(fstat(fds[i], &held));
		CASE_EQ(held.st_ino, own.st_ino);
		CASE_EQ(held.st_dev, own.st_dev);
		CASE_EQ(fcntl(fds[i], F_GETFD), flags[i]);
	}
	return case_pass();
}
