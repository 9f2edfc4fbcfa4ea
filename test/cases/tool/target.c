/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program the scripts of test/tool dump: a parent with a child and a thread.  It writes "ok PID PPID" to
 * the file "verdict" at its end and exits with CASE_EXIT.
 */
#include "case.h"

#include <stdio.h>

static void *body(void *arg)
{
	(void)arg;
	case_here();
	case_thread_wait();
	return NULL;
}

static void child(void *arg)
{
	pid_t parent = getppid();

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(getppid(), parent);
}

int main(void)
{
	const char *code = getenv("CASE_EXIT");
	char text[64], *noise = case_map(1 << 20);
	pid_t pid = case_fork(child, NULL);

	case_fill(noise, 1 << 20, 99);
	case_threads(1, body);
	case_wait_here(2);
	case_ready();
	case_threads_wake();
	case_threads_join();
	case_join(pid);
	case_check_fill(noise, 1 << 20, 99, "memory");
	snprintf(text, sizeof(text), "ok %d %d", getpid(), getppid());
	case_write_file(case_path("verdict"), text);
	return code ? atoi(code) : 0;
}
