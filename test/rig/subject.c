/* SPDX-License-Identifier: GPL-2.0-only */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { POLL_US = 2000 };

void subject_die(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len] = '\n';
	if (write(STDERR_FILENO, line, (size_t)len + 1) < 0)
		_exit(3);
	_exit(2);
}

void subject_raise_limits(void)
{
	struct rlimit limit;

	SUBJECT_SYS(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	SUBJECT_SYS(setrlimit(RLIMIT_NOFILE, &limit));
}

void subject_sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

int64_t subject_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void *subject_map(size_t len, bool is_shared)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | (is_shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);

	if (p == MAP_FAILED)
		subject_die("cannot map %zu bytes: %m", len);
	return p;
}

static void write_answer(const char *temporary, const char *final, const char *text)
{
	int fd = SUBJECT_SYS(open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		subject_die("cannot write %s: %m", temporary);
	close(fd);
	SUBJECT_SYS(rename(temporary, final));
}

void subject_serve(const char *dir, bool (*check)(char *, size_t))
{
	char ask[PATH_MAX], answer[PATH_MAX], temporary[PATH_MAX], text[1024], line[1200];

	snprintf(ask, sizeof(ask), "%s/ask", dir);
	snprintf(answer, sizeof(answer), "%s/answer", dir);
	snprintf(temporary, sizeof(temporary), "%s/answer.new", dir);
	for (unsigned long served = 0;; subject_sleep_us(POLL_US)) {
		bool is_well;

		if (access(ask, F_OK))
			continue;
		text[0] = '\0';
		is_well = check(text, sizeof(text));
		snprintf(line, sizeof(line), "%s served=%lu %s\n", is_well ? "ok" : "wrong",
			 served++, text);
		SUBJECT_SYS(unlink(ask));
		write_answer(temporary, answer, line);
	}
}
