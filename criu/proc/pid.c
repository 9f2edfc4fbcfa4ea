// SPDX-License-Identifier: GPL-2.0-only
#include "proc/pid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#include "proc/read_priv.h"
#include "proc/scan.h"

struct err *proc_open(pid_t host_pid, int *dirfd_out)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", host_pid);
	return proc_open_file(AT_FDCWD, path, O_PATH | O_DIRECTORY, dirfd_out);
}

struct err *proc_open_thread(int dirfd, pid_t host_tid, int *dirfd_out)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "task/%d", host_tid);
	/* A thread that ended leaves its task alone, so ENOENT means this thread. */
	fd = openat(dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(errno == ENOENT ? ESRCH : errno, "cannot open thread %d of a task",
			       host_tid);
	*dirfd_out = fd;
	return NULL;
}

/* What getdents64 fills; not in any header of Debian 12. */
struct dirent64_abi {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static void threads_add(const char *buf, size_t len, struct arena *a, struct pid_list *list)
{
	for (size_t pos = 0; pos < len;) {
		const struct dirent64_abi *entry = (const void *)(buf + pos);
		struct scan name = scan_init(entry->name, strlen(entry->name));
		int tid;

		pos += entry->reclen;
		if (!scan_pid(&name, &tid) || !scan_at_end(&name))
			continue;
		list->pids = arena_grow(a, list->pids, list->nr, sizeof(*list->pids));
		list->pids[list->nr++] = tid;
	}
}

struct err *proc_threads(int dirfd, struct arena *a, struct pid_list *out)
{
	/* opendir would take one heap block and one fstat more for each task. */
	_Alignas(uint64_t) char buf[16384];
	struct pid_list list = { 0 };
	AUTO_FD fd = -1;

	TRY(proc_open_file(dirfd, "task", O_RDONLY | O_DIRECTORY, &fd));
	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));

		if (n < 0)
			return err_sys(errno == ENOENT ? ESRCH : errno,
				       "cannot list the threads of a task");
		if (n == 0)
			break;
		threads_add(buf, (size_t)n, a, &list);
	}
	if (!list.nr)
		return err_sys(ESRCH, "cannot list the threads of a task");
	*out = list;
	return NULL;
}

struct err *pid_list_parse(const char *text, size_t len, struct arena *a, struct pid_list *out)
{
	struct scan s = scan_init(text, len);
	struct pid_list list = { 0 };
	int pid;

	for (scan_blanks(&s); !scan_at_end(&s); scan_blanks(&s)) {
		if (!scan_pid(&s, &pid))
			return scan_error(&s, "a list of pids");
		list.pids = arena_grow(a, list.pids, list.nr, sizeof(*list.pids));
		list.pids[list.nr++] = pid;
	}
	*out = list;
	return NULL;
}

static struct err *open_children(int dirfd, pid_t host_tid, int *fd_out)
{
	char path[48];
	int fd, errnum;

	snprintf(path, sizeof(path), "task/%d/children", host_tid);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		*fd_out = fd;
		return NULL;
	}
	errnum = errno;
	snprintf(path, sizeof(path), "task/%d", host_tid);
	if (errnum == ENOENT && !faccessat(dirfd, path, F_OK, 0))
		return err_hint(err_new(ERR_KERNEL,
					"cannot list children: this kernel has no %s/children",
					path),
				"use a kernel with CONFIG_PROC_CHILDREN");
	return err_sys(errnum == ENOENT ? ESRCH : errnum, "cannot list the children of thread %d",
		       host_tid);
}

struct err *proc_thread_children(int dirfd, pid_t host_tid, struct arena *a, struct pid_list *out)
{
	AUTO_FREE char *own_text = NULL;
	AUTO_FD fd = -1;
	char buf[PROC_SMALL];
	size_t len = 0;
	ssize_t n;

	TRY(open_children(dirfd, host_tid, &fd));
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		return err_sys(errno, "cannot read the children of thread %d", host_tid);
	if (n == 0) {
		*out = (struct pid_list){ 0 };
		return NULL;
	}
	TRY(fd_slurp(fd, &own_text, &len));
	if (!len)
		return pid_list_parse(buf, (size_t)n, a, out);
	/*
	 * The kernel cuts between two numbers, so each piece could be parsed alone; joined is
	 * simpler.
	 */
	char *joined = arena_alloc(a, (size_t)n + len);

	memcpy(joined, buf, (size_t)n);
	memcpy(joined + n, own_text, len);
	return pid_list_parse(joined, (size_t)n + len, a, out);
}

static struct err *read_number(int dirfd, const char *name,
			       bool (*scan)(struct scan *s, uint64_t *out), uint64_t max,
			       uint64_t *out)
{
	char buf[PROC_SMALL];
	struct scan s;
	uint64_t value;
	size_t len;

	TRY(proc_read_small(dirfd, name, buf, &len));
	s = scan_init(buf, len);
	if (!scan(&s, &value) || value > max)
		return scan_error(&s, name);
	scan_char(&s, '\n');
	if (!scan_at_end(&s))
		return scan_error(&s, name);
	*out = value;
	return NULL;
}

static struct err *read_u32(int dirfd, const char *name,
			    bool (*scan)(struct scan *s, uint64_t *out), uint32_t *out)
{
	uint64_t value;

	TRY(read_number(dirfd, name, scan, UINT32_MAX, &value));
	*out = (uint32_t)value;
	return NULL;
}

struct err *proc_read_personality(int dirfd, uint32_t *out)
{
	return read_u32(dirfd, "personality", scan_hex, out);
}

struct err *proc_read_coredump_filter(int dirfd, uint32_t *out)
{
	return read_u32(dirfd, "coredump_filter", scan_hex, out);
}

struct err *proc_read_loginuid(int dirfd, uint32_t *out)
{
	return read_u32(dirfd, "loginuid", scan_u64, out);
}

struct err *proc_read_oom_score_adj(int dirfd, int *out)
{
	char buf[PROC_SMALL];
	struct scan s;
	int64_t value;
	size_t len;

	TRY(proc_read_small(dirfd, "oom_score_adj", buf, &len));
	s = scan_init(buf, len);
	if (!scan_i64(&s, &value) || value < -1000 || value > 1000)
		return scan_error(&s, "oom_score_adj");
	*out = (int)value;
	return NULL;
}

static struct err *read_text(int dirfd, const char *name, char *buf, size_t room)
{
	char text[PROC_SMALL];
	size_t len;

	TRY(proc_read_small(dirfd, name, text, &len));
	if (len && text[len - 1] == '\n')
		len--;
	if (len > room - 1)
		len = room - 1;
	memcpy(buf, text, len);
	buf[len] = 0;
	return NULL;
}

struct err *proc_read_comm(int dirfd, char *buf, size_t len)
{
	return read_text(dirfd, "comm", buf, len);
}

struct err *proc_read_wchan(int dirfd, char *buf, size_t len)
{
	return read_text(dirfd, "wchan", buf, len);
}
