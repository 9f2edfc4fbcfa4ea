/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for an asynchronous read (AIO) that is submitted later. */
/* refuse: aio */
/* peer: no wrong can dump it and ends the call with EINTR */
#include "case.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <time.h>
#include "blocked.h"

static aio_context_t ctx;

static long call(void)
{
	struct io_event ev;
	struct timespec ts = { 1000, 0 };

	return BLOCKED_CALL(SYS_io_getevents, ctx, 1, 1, &ev, &ts);
}

static void wake(void)
{
	static char buf[512];
	int fd = CASE_SYS(open("/proc/self/exe", O_RDONLY));
	struct iocb cb = { .aio_fildes = fd,
			   .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_buf = (uintptr_t)buf,
			   .aio_nbytes = 512 },
		    *list = &cb;

	CASE_EQ(CASE_SYS(syscall(SYS_io_submit, ctx, 1, &list)), 1);
}

int main(void)
{
	CASE_SYS(syscall(SYS_io_setup, 8, &ctx));
	return blocked_main(call, SYS_io_getevents, wake, 1);
}
