/* SPDX-License-Identifier: GPL-2.0-only */
/* File locks in cases: what fdinfo shows of them, and what another process is told about them. */
#ifndef TEST_LOCKS_H
#define TEST_LOCKS_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "case.h"

enum { LOCKS_TEXT = 16384 };

/*
 * Kind, mode, owner and range of every lock that task @pid (0: this one) shows for @fd, a line each.  Numbers
 * of locks and inodes are left out: those of a deleted file are new after a restore.
 */
static inline void locks_text(pid_t pid, int fd, char out[LOCKS_TEXT])
{
	char path[64], buf[65536], *line, *at = buf;
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid ? pid : getpid(), fd);
	snprintf(buf, sizeof(buf), "%s", case_read_file(path));
	out[0] = '\0';
	while ((line = strsep(&at, "\n"))) {
		char kind[16], how[16], mode[16], start[32], end[32];
		int owner;

		if (sscanf(line, "lock: %*d: %15s %15s %15s %d %*s %31s %31s", kind, how, mode,
			   &owner, start, end) != 6)
			continue;
		len += (size_t)snprintf(out + len, LOCKS_TEXT - len, "%s %s %s by %d, %s to %s\n",
					kind, how, mode, owner, start, end);
		CASE_CHECK(len < LOCKS_TEXT, "too many locks");
	}
}

/* @text must be what it was, and must not be empty. */
static inline void locks_check(pid_t pid, int fd, const char *before)
{
	char now[LOCKS_TEXT];

	locks_text(pid, fd, now);
	CASE_CHECK(before[0], "fd %d had no lock", fd);
	CASE_CHECK(!strcmp(now, before), "fd %d of task %d had the locks\n%sand has\n%s", fd,
		   pid ? pid : getpid(), before, now);
}

static inline int locks_set(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = (short)type, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l);
}

struct locks_probe {
	const char *path;
	int fd; /* duplicate of a descriptor, or -1: opened by path */
	off_t start, len;
	struct flock got;
};

static inline void locks_probe_body(void *arg)
{
	struct locks_probe *p = arg;
	char path[64];
	int fd;

	/* A description of its own: locks of the inherited one would not be in the way. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
	fd = CASE_SYS(open(p->path ? p->path : path, O_RDWR));
	p->got = (struct flock){ .l_type = F_WRLCK, .l_start = p->start, .l_len = p->len };
	CASE_SYS(fcntl(fd, F_OFD_GETLK, &p->got));
}

/*
 * What F_OFD_GETLK tells another process that would like to write @start to @start + @len of the file; l_type
 * is F_UNLCK when nothing is in its way.  OFD locks answer with l_pid -1.
 */
static inline struct flock locks_probe(int fd, off_t start, off_t len)
{
	struct locks_probe *p = case_map_shared(sizeof(*p));

	*p = (struct locks_probe){ .fd = fd, .start = start, .len = len };
	case_join(case_fork(locks_probe_body, p));
	return p->got;
}

#define LOCKS_EQ(a, b)                             \
	do {                                       \
		CASE_EQ((a).l_type, (b).l_type);   \
		CASE_EQ((a).l_start, (b).l_start); \
		CASE_EQ((a).l_len, (b).l_len);     \
		CASE_EQ((a).l_pid, (b).l_pid);     \
	} while (0)

/* Would flock(2) with this operation succeed on a description of its own? */
static inline bool locks_flock_free(int fd, int operation)
{
	char path[64];
	bool is_free;
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = CASE_SYS(open(path, O_RDONLY));
	is_free = !flock(own, operation | LOCK_NB);
	close(own);
	return is_free;
}

#endif
