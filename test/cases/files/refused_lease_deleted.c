/* SPDX-License-Identifier: GPL-2.0-only */
/* Write leases on a deleted file and on a memfd: reading them would break the leases. */
/* opts: --file-locks */
/* refuse: reading it would break the lease on it */
/* peer: no does not look for it */
#include "locks.h"

#include <sys/mman.h>

int main(void)
{
	int fd = case_make_file("file", 100, 1);

	CASE_SYS(unlink("file"));
	CASE_SYS(fcntl(fd, F_SETLEASE, F_WRLCK));
	case_ready();
	CASE_EQ(CASE_SYS(fcntl(fd, F_GETLEASE)), F_WRLCK);
	return case_pass();
}
