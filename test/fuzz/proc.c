// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parsers of criu/proc/.  First byte: which one; the rest is the text.  Each gets it in a heap block of exactly its
 * length, and again as a file of a directory, as of a task; both ways must say the same.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fd.h"
#include "fuzz/lib/fuzz.h"
#include "proc/auxv.h"
#include "proc/cgroup.h"
#include "proc/fdinfo.h"
#include "proc/limits.h"
#include "proc/maps.h"
#include "proc/mountinfo.h"
#include "proc/pagemap.h"
#include "proc/pid.h"
#include "proc/read_priv.h"
#include "proc/stat.h"
#include "proc/status.h"
#include "proc/timers.h"

/* The directory that stands for that of a task, and the text in it. */
struct text {
	struct arena *a;
	int dirfd;
	const char *bytes;
	size_t len;
};

static void put(const struct text *t, const char *name)
{
	fuzz_put(t->dirfd, name, t->bytes, t->len, 0);
}

/* Both ways took the text, or none did; true: they took it. */
static bool same(struct err *own_parse, struct err *own_read)
{
	bool ok = !own_parse;

	MUST(ok == !own_read);
	fuzz_drop(own_parse);
	fuzz_drop(own_read);
	return ok;
}

static bool is_small(const struct text *t)
{
	return t->len < PROC_SMALL;
}

static bool texts_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void try_stat(const struct text *t)
{
	struct proc_stat one, two;

	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	if (!is_small(t))
		return fuzz_drop(proc_stat_parse(t->bytes, t->len, &one));
	put(t, "stat");
	if (!same(proc_stat_parse(t->bytes, t->len, &one), proc_stat_read(t->dirfd, &two)))
		return;
	MUST(one.pid == two.pid && one.start_time == two.start_time && one.state == two.state);
	MUST(memchr(one.comm, 0, sizeof(one.comm)) && !strcmp(one.comm, two.comm));
	MUST(one.exit_code == two.exit_code);
}

static void try_status(const struct text *t)
{
	struct proc_status one, two;

	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	put(t, "status");
	if (!same(proc_status_parse(t->bytes, t->len, t->a, &one),
		  proc_status_read(t->dirfd, t->a, &two)))
		return;
	MUST(one.nr_ns_pids <= PROC_NSPID_MAX && one.nr_ns_pids == two.nr_ns_pids);
	MUST(one.nr_groups == two.nr_groups && one.cap_eff == two.cap_eff);
	MUST(!one.nr_groups ||
	     !memcmp(one.groups, two.groups, one.nr_groups * sizeof(*one.groups)));
}

static void check_maps(const struct proc_maps *one, const struct proc_maps *two)
{
	MUST(one->nr == two->nr);
	for (size_t i = 0; i < one->nr; i++) {
		const struct proc_vma *v = &one->vmas[i], *w = &two->vmas[i];

		MUST(v->start < v->end && (!i || v->start >= v[-1].end));
		MUST(v->start == w->start && v->end == w->end && v->flags == w->flags);
		MUST(v->ino == w->ino && v->prot == w->prot && v->pgoff == w->pgoff);
		MUST(!strcmp(v->path, w->path) && v->swap_bytes == w->swap_bytes);
		MUST(proc_maps_find(one, v->start) == v && proc_maps_find(one, v->end - 1) == v);
	}
}

static void try_maps(const struct text *t)
{
	struct proc_maps one, two, three;
	struct err *e;

	put(t, "smaps");
	if (same(proc_maps_parse(t->bytes, t->len, t->a, &one),
		 proc_maps_read(t->dirfd, t->a, &two)))
		check_maps(&one, &two);
	put(t, "maps");
	e = proc_maps_read_quick(t->dirfd, t->a, &three);
	fuzz_drop(e);
}

/* Behind so many mappings that the text comes in several pieces. */
static void try_long_maps(const struct text *t)
{
	enum { LINES = 20, LINE = 4000 };
	AUTO_FREE char *long_text = malloc(LINES * LINE + t->len);
	struct text all = { .a = t->a, .dirfd = t->dirfd, .bytes = long_text };

	MUST(long_text);
	memset(long_text, 'x', LINES * LINE);
	for (int i = 1; i <= LINES; i++) {
		char *line = long_text + LINE * (i - 1);
		int len = sprintf(line, "%x00-%x80 r--p 00000000 00:00 0 /", i, i);

		line[len] = 'x';
		line[LINE - 1] = '\n';
	}
	memcpy(long_text + LINES * LINE, t->bytes, t->len);
	all.len = LINES * LINE + t->len;
	try_maps(&all);
}

static void try_limits(const struct text *t)
{
	struct proc_limits one, two;

	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	if (!is_small(t))
		return fuzz_drop(proc_limits_parse(t->bytes, t->len, &one));
	put(t, "limits");
	if (same(proc_limits_parse(t->bytes, t->len, &one), proc_limits_read(t->dirfd, &two)))
		MUST(!memcmp(&one, &two, sizeof(one)));
}

static void try_auxv(const struct text *t)
{
	struct proc_auxv one, two;

	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	if (!is_small(t))
		return fuzz_drop(proc_auxv_parse(t->bytes, t->len, &one));
	put(t, "auxv");
	if (!same(proc_auxv_parse(t->bytes, t->len, &one), proc_auxv_read(t->dirfd, &two)))
		return;
	MUST(one.nr_words <= PROC_AUXV_MAX && !memcmp(&one, &two, sizeof(one)));
	for (uint64_t i = 0; i < 64; i++)
		MUST(proc_auxv_get(&one, i, 77) == proc_auxv_get(&two, i, 77));
}

static void try_cgroups(const struct text *t)
{
	struct proc_cgroups one, two;

	put(t, "cgroup");
	if (!same(proc_cgroups_parse(t->bytes, t->len, t->a, &one),
		  proc_cgroups_read(t->dirfd, t->a, &two)))
		return;
	MUST(one.nr == two.nr);
	for (size_t i = 0; i < one.nr; i++) {
		MUST(one.list[i].hierarchy == two.list[i].hierarchy);
		MUST(!strcmp(one.list[i].path, two.list[i].path) && *one.list[i].path == '/');
	}
	proc_cgroups_find(&one, "freezer");
	proc_cgroups_find(&one, "");
}

static void try_mounts(const struct text *t)
{
	struct proc_mounts one, two;

	put(t, "mountinfo");
	if (!same(proc_mounts_parse(t->bytes, t->len, t->a, &one),
		  proc_mounts_read(t->dirfd, t->a, &two)))
		return;
	MUST(one.nr == two.nr);
	for (size_t i = 0; i < one.nr; i++) {
		const struct proc_mount *m = &one.list[i], *n = &two.list[i];

		MUST(m->mnt_id == n->mnt_id && !strcmp(m->mountpoint, n->mountpoint));
		MUST(texts_equal(m->source, n->source) && texts_equal(m->fs_type, n->fs_type));
		MUST(proc_mounts_find(&one, m->mnt_id));
	}
}

static void try_timers(const struct text *t)
{
	struct proc_timers one, two;

	put(t, "timers");
	if (same(proc_timers_parse(t->bytes, t->len, t->a, &one),
		 proc_timers_read(t->dirfd, t->a, &two)))
		MUST(one.nr == two.nr &&
		     (!one.nr || !memcmp(one.list, two.list, one.nr * sizeof(*one.list))));
}

/* What kinds of descriptors look for in the rest of the text. */
static void ask_fdinfo(const struct fdinfo *info)
{
	static const char *const keys[] = { "tfd",	     "inotify wd", "lock",
					    "eventfd-count", "Pid",	   "sigmask" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *cursor = NULL;
		struct scan value;
		uint64_t number;

		while (fdinfo_next(info, keys[i], &cursor, &value))
			MUST(value.pos >= info->text && value.end <= info->text + info->len);
		fuzz_drop(fdinfo_hex(info, keys[i], &number));
		fuzz_drop(fdinfo_dec(info, keys[i], &number));
		fuzz_drop(fdinfo_oct(info, keys[i], &number));
	}
}

static void ask_epoll(const struct fdinfo *info)
{
	const char *cursor = NULL;
	struct fdinfo_epoll watched;
	struct err *e = NULL;
	bool has = true;

	while (!e && has)
		e = fdinfo_epoll_next(info, &cursor, &watched, &has);
	fuzz_drop(e);
}

static void ask_timer(const struct fdinfo *info)
{
	struct fdinfo_timer timer;
	struct err *e = fdinfo_timer(info, &timer);

	MUST(e || (timer.value_nsec < 1000000000 && timer.interval_nsec < 1000000000));
	fuzz_drop(e);
}

static void try_fdinfo(const struct text *t)
{
	struct fdinfo one, two;

	MUST(!mkdirat(t->dirfd, "fdinfo", 0700));
	put(t, "fdinfo/3");
	if (!same(fdinfo_parse(t->bytes, t->len, t->a, &one), fdinfo_read(t->dirfd, 3, t->a, &two)))
		return;
	MUST(one.pos == two.pos && one.flags == two.flags && one.mnt_id == two.mnt_id);
	MUST(one.len == two.len && !memcmp(one.text, two.text, one.len));
	ask_fdinfo(&one);
	ask_epoll(&one);
	ask_timer(&one);
}

static void try_children(const struct text *t)
{
	struct pid_list one, two;

	MUST(!mkdirat(t->dirfd, "task", 0700) && !mkdirat(t->dirfd, "task/5", 0700));
	put(t, "task/5/children");
	if (same(pid_list_parse(t->bytes, t->len, t->a, &one),
		 proc_thread_children(t->dirfd, 5, t->a, &two)))
		MUST(one.nr == two.nr &&
		     (!one.nr || !memcmp(one.pids, two.pids, one.nr * sizeof(*one.pids))));
	MUST(!unlinkat(t->dirfd, "task/5/children", 0));
	MUST(!unlinkat(t->dirfd, "task/5", AT_REMOVEDIR));
}

static void try_values(const struct text *t)
{
	char name[16], wchan[64];
	uint32_t word;
	int score;

	put(t, "personality");
	put(t, "coredump_filter");
	put(t, "oom_score_adj");
	put(t, "loginuid");
	put(t, "timerslack_ns");
	put(t, "comm");
	put(t, "wchan");
	fuzz_drop(proc_read_personality(t->dirfd, &word));
	fuzz_drop(proc_read_coredump_filter(t->dirfd, &word));
	fuzz_drop(proc_read_oom_score_adj(t->dirfd, &score));
	fuzz_drop(proc_read_loginuid(t->dirfd, &word));
	fuzz_drop(proc_read_comm(t->dirfd, name, sizeof(name)));
	fuzz_drop(proc_read_wchan(t->dirfd, wchan, sizeof(wchan)));
}

/* The words of some pages, from somewhere in the file. */
static void try_pagemap(const struct text *t)
{
	uint64_t words[16], start = 0, nr = t->len % (ARRAY_SIZE(words) + 1);
	AUTO_FD fd = -1;
	struct err *e;

	memcpy(&start, t->bytes, MIN(t->len, sizeof(start)));
	put(t, "pagemap");
	MUST(!pagemap_open(t->dirfd, &fd));
	e = pagemap_read(fd, start % (4 * t->len + 1) * 4096, nr, words);
	if (!e && nr)
		MUST(start % (4 * t->len + 1) * 8 + nr * 8 <= t->len);
	fuzz_drop(e);
	fuzz_drop(pagemap_read(fd, start, nr, words));
}

static void scan_all(struct scan s)
{
	struct scan line, word, before;
	uint64_t number;
	int64_t signed_number;
	int pid;

	while (scan_line(&s, &line)) {
		before = line;
		if (!scan_u64(&line, &number) && !scan_i64(&line, &signed_number) &&
		    !scan_hex(&line, &number) && !scan_oct(&line, &number) &&
		    !scan_pid(&line, &pid))
			MUST(line.pos == before.pos && line.end == before.end);
		scan_blanks(&line);
		scan_char(&line, ':');
		scan_text(&line, "kB");
		while (scan_word(&line, &word))
			MUST(word.pos < word.end && word.end <= s.end);
		fuzz_drop(scan_error(&line, "a line"));
	}
	MUST(scan_at_end(&s));
}

static void try_scan(const struct text *t)
{
	scan_all(scan_init(t->bytes, t->len));
}

static void (*const parsers[])(const struct text *t) = {
	try_stat,   try_status, try_maps,     try_limits, try_auxv,	 try_cgroups, try_mounts,
	try_timers, try_fdinfo, try_children, try_values, try_long_maps, try_pagemap, try_scan,
};

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *copy = malloc(size ? size : 1);
	AUTO_FD dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct text t = { .a = arena_new(), .dirfd = dir, .bytes = copy };

	MUST(copy && dir >= 0);
	/* A task's directory always has this file: without it the task is gone. */
	fuzz_put(dir, "stat", "", 0, 0);
	if (size) {
		t.len = size - 1;
		memcpy(copy, data + 1, t.len);
		parsers[*data % ARRAY_SIZE(parsers)](&t);
	}
	fuzz_clear(dir);
	arena_free(t.a);
	return 0;
}
