/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a semaphore of System V with a limit. */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>
#include "blocked.h"

static int sem;

static long call(void)
{
	struct sembuf op = { .sem_op = -1 };
	struct timespec ts = { 1000, 0 };

	return BLOCKED_CALL(SYS_semtimedop, sem, &op, 1, &ts);
}

static void wake(void)
{
	struct sembuf op = { .sem_op = 1 };

	CASE_SYS(semop(sem, &op, 1));
}

int main(void)
{
	sem = CASE_SYS(semget(IPC_PRIVATE, 1, 0600));
	blocked_main(call, SYS_semtimedop, wake, 0);
	CASE_SYS(semctl(sem, 0, IPC_RMID));
	return case_pass();
}
