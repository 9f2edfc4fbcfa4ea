/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a message of System V. */
#include "case.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include "blocked.h"

static int queue;

static long call(void)
{
	struct {
		long type;
		char text[8];
	} m;

	return BLOCKED_CALL(SYS_msgrcv, queue, &m, sizeof(m.text), 0, 0);
}

static void wake(void)
{
	struct {
		long type;
		char text[8];
	} m = { 1, "hello" };

	CASE_SYS(msgsnd(queue, &m, 5, 0));
}

int main(void)
{
	queue = CASE_SYS(msgget(IPC_PRIVATE, 0600));
	blocked_main(call, SYS_msgrcv, wake, 5);
	CASE_SYS(msgctl(queue, 0, IPC_RMID));
	return case_pass();
}
