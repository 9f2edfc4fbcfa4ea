/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that keeps a POSIX lock on its own executable, so that it runs once.  Whatever a restore opens to set
 * the executable must be closed before: closing it drops the lock.
 */
/* opts: --file-locks */
/* peer: no-restore drops POSIX locks on what it opens once more, for mappings and the executable */
#include "locks.h"

int main(void)
{
	static char before[LOCKS_TEXT];
	int fd = CASE_SYS(open("/proc/self/exe", O_RDONLY));

	CASE_SYS(locks_set(fd, F_SETLK, F_RDLCK, 0, 0));
	locks_text(0, fd, before);
	case_ready();
	locks_check(0, fd, before);
	return case_pass();
}
