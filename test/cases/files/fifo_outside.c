/* SPDX-License-Identifier: GPL-2.0-only */
/* A fifo whose only writer is outside of the tree is refused. */
/* refuse: /fifo\): its write end is outside of the dumped tree.*pass --external file\[[0-9a-f]+:[0-9a-f]+\] */
/* peer: no takes it, and what the other end writes in between is lost */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A child of a child that has ended belongs to somebody outside of the tree. */
static void outsider(void *arg)
{
	(void)arg;
	if (CASE_SYS(fork()))
		return;
	CASE_SYS(open("fifo", O_WRONLY));
	case_here();
	case_wait_go();
	_exit(0);
}

int main(void)
{
	CASE_SYS(mkfifo("fifo", 0600));
	case_join(case_fork(outsider, NULL));
	CASE_SYS(open("fifo", O_RDONLY));
	case_wait_here(1);
	case_ready();
	return case_pass();
}
