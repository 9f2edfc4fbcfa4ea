/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child replaces itself by exec again and again, from a second thread too, and counts in its arguments;
 * the count must go up by one each time.
 */
/* busy: it changes all the time */
/* whole: its memory is another one each time */
/* peer: no-dump runs into its timeout on an exec by a thread */
#include "case.h"

#include <pthread.h>
#include <stdio.h>

static char next[32], *self;

static void again(void)
{
	execl("/proc/self/exe", self, next, NULL);
	CASE_CHECK(false, "exec: %s", strerror(errno));
}

static void *from_thread(void *arg)
{
	(void)arg;
	again();
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t t;
	char *last = getenv("CASE_LAST");

	self = argv[0];
	if (argc == 1) {
		pid_t pid = CASE_SYS(fork());

		if (pid) {
			case_wait_here(20);
			case_ready();
			case_join(pid);
			return case_pass();
		}
	}
	CASE_EQ(count, last ? atoi(last) + 1 : 0);
	snprintf(next, sizeof(next), "%d", count);
	setenv("CASE_LAST", next, 1);
	snprintf(next, sizeof(next), "%d", count + 1);
	if (count < 20)
		case_here();
	if (case_go() && count > 50)
		return 0;
	if (count % 3)
		again();
	CASE_EQ(pthread_create(&t, NULL, from_thread, NULL), 0);
	for (;;)
		pause();
}
