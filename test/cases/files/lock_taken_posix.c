/* SPDX-License-Identifier: GPL-2.0-only */
/* The same with a range: only who is in the way is named. */
/* opts: --file-locks */
/* between: { python3 -c 'import fcntl, os; f = open("file", "r+"); os.set_inheritable(f.fileno(), True); fcntl.lockf(f, fcntl.LOCK_EX, 10, 90); open("held", "w").close(); os.execlp("sh", "sh", "-c", "until grep -qrs --include=restore.log holds ..; do sleep 0.1; done")' & until [ -e held ]; do sleep 0.1; done; } */
/* restore-refuse: cannot restore a POSIX write lock on fd 3 of task \d+ \(/.+/file\): process \d+ \(sh\) holds a POSIX write lock on it */
/* peer: no-restore says nothing that the holder could look for */
/* needs: program:python3 */
#include "locks.h"

int main(void)
{
	int fd = case_make_file("file", 100, 1);

	CASE_EQ(fd, 3);
	CASE_SYS(locks_set(fd, F_SETLK, F_WRLCK, 0, 10));
	CASE_SYS(locks_set(fd, F_SETLK, F_WRLCK, 95, 10));
	case_ready();
	return case_pass();
}
