/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory devices: null, zero, full, random and urandom. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	static const char *const names[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					     "/dev/urandom" };
	int fd[CASE_NR(names)];
	char buf[16] = "xxxxxxxxxxxxxxx";

	for (unsigned i = 0; i < CASE_NR(names); i++)
		fd[i] = CASE_SYS(open(names[i], O_RDWR));
	case_ready();
	CASE_EQ(read(fd[0], buf, 16), 0);
	CASE_EQ(read(fd[1], buf, 16), 16);
	CASE_EQ(buf[7], 0);
	CASE_EQ(write(fd[2], buf, 16), -1);
	CASE_EQ(errno, ENOSPC);
	CASE_EQ(read(fd[3], buf, 16), 16);
	CASE_EQ(read(fd[4], buf, 16), 16);
	return case_pass();
}
