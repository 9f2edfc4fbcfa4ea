/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes count in files, each count under a lock: of flock(2), POSIX and OFD kind in turn.  A lock that is lost
 * or given to two at once loses a count.
 */
/* busy: it changes all the time */
/* opts: --file-locks */
#include "locks.h"

enum { WORKERS = 4, KINDS = 3 };

static long *done;
static const char *const names[KINDS] = { "flock", "posix", "ofd" };

static void lock(int fd, int kind, bool on)
{
	int type = on ? F_WRLCK : F_UNLCK;

	if (kind == 0)
		CASE_SYS(flock(fd, on ? LOCK_EX : LOCK_UN));
	else
		CASE_SYS(locks_set(fd, kind == 1 ? F_SETLKW : F_OFD_SETLKW, type, 100, 50));
}

static void count(int fd, int kind)
{
	long number = 0;

	lock(fd, kind, true);
	CASE_SYS(pread(fd, &number, sizeof(number), 0));
	number++;
	if (number % 7 == 0)
		case_sleep_ms(1);
	CASE_EQ(pwrite(fd, &number, sizeof(number), 0), sizeof(number));
	lock(fd, kind, false);
}

static void worker(void *number)
{
	int fd[KINDS];

	for (int k = 0; k < KINDS; k++)
		fd[k] = CASE_SYS(open(names[k], O_RDWR));
	for (long i = 0; !case_go() || i < 100; i++) {
		count(fd[i % KINDS], (int)(i % KINDS));
		done[(long)number * KINDS + i % KINDS]++;
		if (i == 50)
			case_here();
	}
}

int main(void)
{
	pid_t pids[WORKERS];

	done = case_map_shared(sizeof(*done) * WORKERS * KINDS);
	for (int k = 0; k < KINDS; k++)
		close(case_make_file(names[k], 0, 1));
	for (long i = 0; i < WORKERS; i++)
		pids[i] = case_fork(worker, (void *)i);
	case_wait_here(WORKERS);
	case_ready();
	for (int i = 0; i < WORKERS; i++)
		case_join(pids[i]);
	for (int k = 0; k < KINDS; k++) {
		int fd = CASE_SYS(open(names[k], O_RDONLY));
		long number = 0, sum = 0;

		for (int i = 0; i < WORKERS; i++)
			sum += done[i * KINDS + k];
		CASE_EQ(read(fd, &number, sizeof(number)), sizeof(number));
		CASE_EQ(number, sum);
	}
	return case_pass();
}
