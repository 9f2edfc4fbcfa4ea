/* SPDX-License-Identifier: GPL-2.0-only */
/* Something else has the name of a fifo now: the message names both and the descriptor. */
/* between: rm fifo && echo >fifo */
/* restore-refuse: cannot restore fd 3 of task \d+: /.+/fifo is a regular file now, at the dump it was a fifo */
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
