/* SPDX-License-Identifier: GPL-2.0-only */
/* A fifo that is gone when the restore comes. */
/* between: rm fifo */
/* restore-refuse: cannot restore fd 3 of task \d+: /.+/fifo: No such file */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	CASE_SYS(mkfifo("fifo", 0600));
	CASE_EQ(open("fifo", O_RDWR), 3);
	case_ready();
	return case_pass();
}
