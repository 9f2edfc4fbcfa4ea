/* SPDX-License-Identifier: GPL-2.0-only */
/* Three processes append lines to one file by opens of their own: no line is lost, doubled or torn. */
/* busy: it changes all the time */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>

#define NR 3

static void writer(void *number)
{
	int fd = CASE_SYS(open("log", O_WRONLY | O_APPEND)), len;
	char line[32];

	for (int i = 0; i < 400 || !case_go(); i++) {
		len = snprintf(line, sizeof(line), "%d %d\n", (int)(long)number, i);
		CASE_EQ(write(fd, line, len), len);
		if (i == 100)
			case_here();
		if (i > 400)
			case_sleep_ms(1);
	}
}

int main(void)
{
	int next[NR] = {}, who, value;
	pid_t pids[NR];
	FILE *f;

	case_write_file("log", "");
	for (long i = 0; i < NR; i++)
		pids[i] = case_fork(writer, (void *)i);
	case_wait_here(NR);
	case_ready();
	for (int i = 0; i < NR; i++)
		case_join(pids[i]);
	f = fopen("log", "re");
	while (fscanf(f, "%d %d\n", &who, &value) == 2) {
		CASE_CHECK(who >= 0 && who < NR, "a torn line");
		CASE_EQ(value, next[who]);
		next[who]++;
	}
	CASE_CHECK(feof(f), "the rest of the file is torn");
	for (int i = 0; i < NR; i++)
		CASE_CHECK(next[i] >= 400, "process %d wrote %d lines", i, next[i]);
	return case_pass();
}
