/* SPDX-License-Identifier: GPL-2.0-only */
/* The helpers of test programs; case.h says what each promises. */
#include "case.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static char dir[PATH_MAX];
static long poll_ms = 4;

__attribute__((constructor)) static void find_dir(void)
{
	const char *env = getenv("CASE_DIR"), *poll = getenv("CASE_POLL_MS");

	if (poll)
		poll_ms = atoi(poll);
	if (env)
		snprintf(dir, sizeof(dir), "%s", env);
	else if (!getcwd(dir, sizeof(dir)))
		dir[0] = '\0';
	umask(0);
}

void case_set_dir(const char *to)
{
	snprintf(dir, sizeof(dir), "%s", to);
}

const char *case_path(const char *name)
{
	static _Thread_local char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		CASE_CHECK(false, "path of %s is too long", name);
	return path;
}

/* One write() so that lines of several processes stay whole. */
static void say(const char *head, const char *fmt, va_list ap)
{
	char line[1024];
	int len = snprintf(line, sizeof(line), "%s", head);

	len += vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	if (len > (int)sizeof(line) - 1)
		len = sizeof(line) - 1;
	line[len] = '\n';
	if (write(STDERR_FILENO, line, len + 1) < 0)
		_exit(2);
}

void case_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char head[128];
	va_list ap;

	snprintf(head, sizeof(head), "%s:%d: pid %d: ", base ? base + 1 : file, line, getpid());
	va_start(ap, fmt);
	say(head, fmt, ap);
	va_end(ap);
	_exit(1);
}

void case_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("skip: ", fmt, ap);
	va_end(ap);
	_exit(77);
}

int case_pass(void)
{
	return 0;
}

void case_sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

int case_wait_s(void)
{
	const char *env = getenv("CASE_WAIT_S");

	return env ? atoi(env) : 1;
}

int64_t case_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

bool case_go(void)
{
	return access(case_path("go"), F_OK) == 0;
}

void case_say_ready(void)
{
	/* No descriptor, not even for a moment: the dump may come at once. */
	CASE_SYS(mknod(case_path("ready"), S_IFREG | 0666, 0));
}

void case_wait_go(void)
{
	while (!case_go()) {
		struct timespec ts = { 0, poll_ms * 1000000 };

		nanosleep(&ts, NULL);
	}
}

void case_ready(void)
{
	case_say_ready();
	case_wait_go();
}

/*
 * Files here.0, here.1 and so on, each made by the first who finds that it is not there.  No descriptor, not even for
 * a moment: the dump may come as soon as the last one is counted.
 */
static const char *here_path(int nr)
{
	char name[32];

	snprintf(name, sizeof(name), "here.%d", nr);
	return case_path(name);
}

void case_here(void)
{
	/* All below it are there; of this process only, others begin at 0. */
	static _Atomic int nr_seen;
	int nr = nr_seen;

	while (mknod(here_path(nr), S_IFREG | 0666, 0)) {
		CASE_CHECK(errno == EEXIST, "make %s: %s", here_path(nr), strerror(errno));
		nr++;
	}
	nr_seen = nr + 1;
}

void case_wait_here(int nr)
{
	while (nr > 0 && access(here_path(nr - 1), F_OK))
		case_sleep_ms(1);
}

pid_t case_fork(void (*fn)(void *), void *arg)
{
	pid_t pid = CASE_SYS(fork());

	if (!pid) {
		fn(arg);
		_exit(0);
	}
	return pid;
}

void case_join(pid_t pid)
{
	int status;
	pid_t r;

	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	CASE_CHECK(r == pid, "waitpid(%d): %s", pid, strerror(errno));
	CASE_CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "child %d ended with status %#x", pid,
		   status);
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void case_fill(void *buf, size_t len, uint32_t seed)
{
	uint32_t state = seed * 2654435761u + 1, word;
	unsigned char *p = buf;

	for (; len >= 4; len -= 4, p += 4) {
		word = next_random(&state);
		memcpy(p, &word, 4);
	}
	word = next_random(&state);
	memcpy(p, &word, len);
}

void case_check_fill(const void *buf, size_t len, uint32_t seed, const char *what)
{
	uint32_t state = seed * 2654435761u + 1, word;
	const unsigned char *p = buf;
	size_t at = 0;

	for (; at + 4 <= len; at += 4) {
		word = next_random(&state);
		CASE_CHECK(!memcmp(p + at, &word, 4), "%s: byte %zu of %zu differs", what, at, len);
	}
	word = next_random(&state);
	CASE_CHECK(!memcmp(p + at, &word, len - at), "%s: the tail differs", what);
}

const char *case_read_file(const char *path)
{
	static _Thread_local char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n, len = 0;

	CASE_CHECK(fd >= 0, "open %s: %s", path, strerror(errno));
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	CASE_CHECK(n >= 0, "read %s: %s", path, strerror(errno));
	close(fd);
	text[len] = '\0';
	return text;
}

void case_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	CASE_CHECK(fd >= 0, "open %s: %s", path, strerror(errno));
	CASE_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Cuts "NAME:   value\n" out of @text, in place. */
static const char *field(char *text, const char *name)
{
	size_t len = strlen(name);

	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		line += len + 1;
		line += strspn(line, " \t");
		line[strcspn(line, "\n")] = '\0';
		for (len = strlen(line); len && line[len - 1] == ' '; len--)
			line[len - 1] = '\0';
		return line;
	}
	return "";
}

const char *case_status(pid_t tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid ?: (int)syscall(SYS_gettid));
	return field((char *)case_read_file(path), name);
}

const char *case_smaps(const void *addr, const char *name)
{
	static _Thread_local char value[256];
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end, at = (unsigned long)addr;
	size_t len = strlen(name);
	bool inside = false;
	char line[512];

	CASE_CHECK(f, "open smaps: %s", strerror(errno));
	value[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 && line[0] <= 'f' &&
		    !(line[0] >= 'A' && line[0] <= 'Z'))
			inside = at >= start && at < end;
		else if (inside && !strncmp(line, name, len) && line[len] == ':')
			snprintf(value, sizeof(value), "%s", field(line, name));
	}
	fclose(f);
	CASE_CHECK(value[0], "no %s of an area at %p", name, addr);
	return value;
}

bool case_vmflag(const void *addr, const char *flag)
{
	const char *flags = case_smaps(addr, "VmFlags");

	for (; *flags; flags += strspn(flags, " ")) {
		if (!strncmp(flags, flag, 2))
			return true;
		flags += strcspn(flags, " ");
	}
	return false;
}

char case_state(pid_t pid)
{
	char path[64];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	end = strrchr(case_read_file(path), ')');
	return end ? end[2] : '?';
}

uint64_t case_pagemap(const void *addr)
{
	int fd = CASE_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	uint64_t entry;

	CASE_EQ(pread(fd, &entry, 8, (uint64_t)addr / 4096 * 8), 8);
	close(fd);
	return entry;
}
