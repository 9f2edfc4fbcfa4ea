/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a message of a POSIX queue with a limit. */
/* refuse: mqueue|message queue */
/* ldflags: -lrt */
#include "case.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <time.h>
#include "blocked.h"

static mqd_t queue;

static long call(void)
{
	char buf[8192];
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 1000;
	return BLOCKED_CALL(SYS_mq_timedreceive, queue, buf, sizeof(buf), NULL, &ts);
}

static void wake(void)
{
	CASE_SYS(mq_send(queue, "hello", 5, 0));
}

int main(void)
{
	char name[64];

	snprintf(name, sizeof(name), "/criu-lite-test-%d-%d", getpid(), (int)time(NULL));
	queue = CASE_SYS(mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
	CASE_SYS(mq_unlink(name));
	return blocked_main(call, SYS_mq_timedreceive, wake, 5);
}
