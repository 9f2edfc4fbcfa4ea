/* SPDX-License-Identifier: GPL-2.0-only */
/* Somebody else has the lock when the restore comes: it fails, and names file and holder. */
/* opts: --file-locks */
/* between: { flock file sh -c 'touch held; until grep -qrs --include=restore.log holds ..; do sleep 0.1; done' & until [ -e held ]; do sleep 0.1; done; } */
/* restore-refuse: cannot restore a flock\(2\) read lock on fd 3 of task \d+ \(/.+/file\): process \d+ \(flock\) holds a flock\(2\) write lock on it */
/* peer: no-restore says nothing that the holder could look for */
#include "locks.h"

int main(void)
{
	int fd = case_make_file("file", 100, 1);

	CASE_EQ(fd, 3);
	CASE_SYS(flock(fd, LOCK_SH));
	case_ready();
	return case_pass();
}
