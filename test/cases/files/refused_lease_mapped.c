/* SPDX-License-Identifier: GPL-2.0-only */
/* A write lease on a file that is mapped through the same description: no restore could open it twice. */
/* opts: --file-locks */
/* refuse: a write lease is held on the file */
/* peer: no does not look for it */
#include "locks.h"

#include <sys/mman.h>

int main(void)
{
	int fd = case_make_file("file", 4096, 1);

	CASE_CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED,
		   "mmap: %s", strerror(errno));
	CASE_SYS(fcntl(fd, F_SETLEASE, F_WRLCK));
	case_ready();
	CASE_EQ(CASE_SYS(fcntl(fd, F_GETLEASE)), F_WRLCK);
	return case_pass();
}
