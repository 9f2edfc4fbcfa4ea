/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening a fifo that has no writer yet. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include "blocked.h"

static long call(void)
{
	return BLOCKED_CALL(SYS_open, "fifo", O_RDONLY) >= 0 ? 0 : -errno;
}

static void wake(void)
{
	CASE_SYS(open("fifo", O_WRONLY));
}

int main(void)
{
	CASE_SYS(mkfifo("fifo", 0600));
	return blocked_main(call, SYS_open, wake, 0);
}
