/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pipe with sixty-four reading ends in eight processes, half of them opens of their own: every byte is read once,
 * and a writer hears that nobody reads only when the last one is gone.
 */
/* peer: differs fd/\d+/flags gives the end that pipe(2) made to another open */
#include "case.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

enum { TASKS = 8, ENDS = 8 };

static int p[2];

static void reader(void *number)
{
	int ends[ENDS];
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
	close(p[1]);
	for (int i = 0; i < ENDS; i++)
		ends[i] = i % 2 ? CASE_SYS(dup(p[0])) : CASE_SYS(open(name, O_RDONLY));
	close(p[0]);
	case_here();
	case_wait_go();
	for (int i = 0; i < ENDS; i++) {
		unsigned char byte;

		CASE_EQ(read(ends[i], &byte, 1), 1);
		((unsigned *)number)[byte]++;
		close(ends[i]);
	}
}

int main(void)
{
	unsigned *seen = case_map_shared(256 * TASKS * sizeof(*seen));
	pid_t pids[TASKS];

	signal(SIGPIPE, SIG_IGN);
	CASE_SYS(pipe(p));
	for (int i = 0; i < TASKS; i++)
		pids[i] = case_fork(reader, seen + 256 * i);
	close(p[0]);
	for (unsigned char i = 0; i < TASKS * ENDS; i++)
		CASE_EQ(write(p[1], &i, 1), 1);
	case_wait_here(TASKS);
	case_ready();
	for (int i = 0; i < TASKS; i++)
		case_join(pids[i]);
	CASE_EQ(write(p[1], "x", 1), -1);
	CASE_EQ(errno, EPIPE);
	for (int i = 0; i < TASKS * ENDS; i++) {
		unsigned sum = 0;

		for (int k = 0; k < TASKS; k++)
			sum += seen[256 * k + i];
		CASE_EQ(sum, 1);
	}
	return case_pass();
}
