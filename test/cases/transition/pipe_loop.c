/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writer and reader keep a pipe busy; every byte is checked, so that one lost, doubled or out of order
 * while they are stopped in the middle of a call shows.
 */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>

static int p[2];

static void writer(void *arg)
{
	unsigned char buf[7001];
	unsigned at = 0;

	(void)arg;
	close(p[0]);
	for (unsigned round = 1; !case_go() || round < 100; round++) {
		size_t len = round * 37 % sizeof(buf) + 1, done = 0;

		for (size_t i = 0; i < len; i++)
			buf[i] = at++ % 251;
		while (done < len)
			done += CASE_SYS(write(p[1], buf + done, len - done));
	}
}

int main(void)
{
	unsigned char buf[5003];
	unsigned at = 0;
	bool said = false;
	ssize_t n;
	pid_t pid;

	CASE_SYS(pipe(p));
	pid = case_fork(writer, NULL);
	close(p[1]);
	while ((n = CASE_SYS(read(p[0], buf, sizeof(buf)))) > 0) {
		for (ssize_t i = 0; i < n; i++, at++)
			CASE_CHECK(buf[i] == at % 251, "byte %u of the stream is %u", at, buf[i]);
		if (!said && at > 100000) {
			case_say_ready();
			said = true;
		}
	}
	case_join(pid);
	return case_pass();
}
