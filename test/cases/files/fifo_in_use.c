/* SPDX-License-Identifier: GPL-2.0-only */
/* Somebody else has the fifo open by then, with data in it: that would come in front of the tree's. */
/* between: { sh -c 'exec 3<>fifo; echo other >&3; touch held; until grep -qrs --include=restore.log another ..; do sleep 0.1; done' & until [ -e held ]; do sleep 0.1; done; } */
/* restore-refuse: cannot restore fifo /.+/fifo: another process has it open, with 6 bytes in it */
/* peer: no-restore does not look */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	int fd;

	CASE_SYS(mkfifo("fifo", 0600));
	fd = CASE_SYS(open("fifo", O_RDWR));
	CASE_EQ(write(fd, "own", 3), 3);
	case_ready();
	return case_pass();
}
