/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Quick system calls without end in one thread: whatever moment the dump chooses, each gives its own
 * result.
 */
/* busy: it changes all the time */
#include "case.h"

#include <fcntl.h>
#include <sys/syscall.h>

int main(void)
{
	pid_t pid = getpid();
	char buf[8];
	int p[2];

	CASE_SYS(pipe(p));
	for (long round = 0; !case_go(); round++) {
		CASE_EQ(syscall(SYS_getpid), pid);
		CASE_EQ(syscall(SYS_write, p[1], &round, 8), 8);
		CASE_EQ(syscall(SYS_read, p[0], buf, 8), 8);
		CASE_CHECK(!memcmp(buf, &round, 8), "other data");
		CASE_EQ(syscall(SYS_close, 1000), -1);
		CASE_EQ(errno, EBADF);
		CASE_EQ(syscall(SYS_lseek, p[0], 0, SEEK_CUR), -1);
		CASE_EQ(errno, ESPIPE);
		CASE_EQ(syscall(SYS_fcntl, p[0], F_GETFD), 0);
		if (round == 100)
			case_say_ready();
	}
	return case_pass();
}
