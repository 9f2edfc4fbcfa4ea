/* SPDX-License-Identifier: GPL-2.0-only */
/* A lease that is being broken is refused: who waits for it would not be there after a restore. */
/* opts: --file-locks */
/* refuse: its lease is being broken */
/* peer: no takes it */
#include "locks.h"

#include <signal.h>

static void break_it(void *path)
{
	CASE_CHECK(open(path, O_RDWR | O_NONBLOCK) < 0 && errno == EWOULDBLOCK,
		   "the lease was not in the way: %s", strerror(errno));
}

int main(void)
{
	int fd = case_make_file("file", 100, 1);

	signal(SIGIO, SIG_IGN);
	CASE_SYS(fcntl(fd, F_SETLEASE, F_WRLCK));
	case_join(case_fork(break_it, "file"));
	case_ready();
	return case_pass();
}
