/* SPDX-License-Identifier: GPL-2.0-only */
/* Pipelines of three processes start, hand 20000 bytes on, and end; all bytes come through, changed twice. */
/* busy: it changes all the time */
#include "case.h"

#include <sys/wait.h>

#define LEN 20000

static void filter(int from, int to)
{
	unsigned char buf[777];
	ssize_t n;

	while ((n = CASE_SYS(read(from, buf, sizeof(buf)))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			buf[i]++;
		for (ssize_t done = 0; done < n;)
			done += CASE_SYS(write(to, buf + done, n - done));
	}
	_exit(0);
}

static void source(int to)
{
	unsigned char buf[LEN];

	for (int i = 0; i < LEN; i++)
		buf[i] = i % 251;
	for (int done = 0; done < LEN;)
		done += CASE_SYS(write(to, buf + done, LEN - done));
	_exit(0);
}

static void pipeline(void)
{
	unsigned char buf[4096];
	int p[3][2], at = 0, status;
	ssize_t n;

	for (int i = 0; i < 3; i++) {
		CASE_SYS(pipe(p[i]));
		if (CASE_SYS(fork()))
			continue;
		/* What it does not need would hold the stream open. */
		for (int k = 0; k <= i; k++) {
			if (k != i - 1)
				close(p[k][0]);
			if (k != i)
				close(p[k][1]);
		}
		i ? filter(p[i - 1][0], p[i][1]) : source(p[i][1]);
	}
	for (int i = 0; i < 3; i++)
		close(p[i][1]);
	while ((n = CASE_SYS(read(p[2][0], buf, sizeof(buf)))) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			CASE_EQ(buf[i], (at % 251 + 2) % 256);
	CASE_EQ(at, LEN);
	for (int i = 0; i < 3; i++) {
		close(p[i][0]);
		CASE_SYS(wait(&status));
		CASE_EQ(status, 0);
	}
}

int main(void)
{
	for (int round = 0; round < 10 || !case_go(); round++) {
		pipeline();
		if (round == 3)
			case_say_ready();
	}
	return case_pass();
}
