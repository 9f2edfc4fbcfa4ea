/* SPDX-License-Identifier: GPL-2.0-only */
/* Two pipes between parent and child; each talks to the other afterwards. */
#include "case.h"

static int to[2], from[2];

static void child(void *arg)
{
	char c;

	(void)arg;
	close(to[1]);
	close(from[0]);
	case_here();
	while (read(to[0], &c, 1) == 1) {
		c++;
		CASE_EQ(write(from[1], &c, 1), 1);
	}
}

int main(void)
{
	pid_t pid;
	char c;

	CASE_SYS(pipe(to));
	CASE_SYS(pipe(from));
	pid = case_fork(child, NULL);
	close(to[0]);
	close(from[1]);
	case_wait_here(1);
	CASE_EQ(write(to[1], "a", 1), 1);
	case_ready();
	CASE_EQ(write(to[1], "b", 1), 1);
	CASE_EQ(read(from[0], &c, 1), 1);
	CASE_EQ(c, 'b');
	CASE_EQ(read(from[0], &c, 1), 1);
	CASE_EQ(c, 'c');
	/* The end of file comes only when no copy of the writing end is left anywhere. */
	close(to[1]);
	case_join(pid);
	CASE_EQ(read(from[0], &c, 1), 0);
	return case_pass();
}
