// SPDX-License-Identifier: GPL-2.0-only
#include "mem/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "proc/stat.h"

#define RUN_DIR "/run/criu-lite"

/* The directory, locked against other runs of the tool until it is closed. */
static struct err *run_dir_open(int *fd_out)
{
	AUTO_FD fd = -1;

	if (mkdir(RUN_DIR, 0700) && errno != EEXIST)
		return err_hint(err_sys(errno, "cannot make directory \"%s\"", RUN_DIR),
				"make it by hand, or dump without tracking");
	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &fd, "%s", RUN_DIR));
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return err_sys(errno, "cannot lock \"%s\"", RUN_DIR);
	*fd_out = fd_take(&fd);
	return NULL;
}

/* Pids are numbers of one namespace, so each has a file of its own. */
static struct err *file_name(char *name, size_t len)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return err_sys(errno, "cannot tell the own pid namespace");
	snprintf(name, len, "track-%" PRIu64, (uint64_t)st.st_ino);
	return NULL;
}

static bool parse_mark(const char *text, uint8_t mark[MARK_LEN])
{
	if (strlen(text) != 2 * MARK_LEN)
		return false;
	for (size_t i = 0; i < MARK_LEN; i++)
		if (sscanf(text + 2 * i, "%2hhx", &mark[i]) != 1)
			return false;
	return true;
}

static bool parse_line(const char *text, struct ledger_line *out)
{
	struct ledger_line l = { 0 };
	char mark[2 * MARK_LEN + 1];

	if (sscanf(text, "%d %" SCNu64 " %15s %32s %" SCNx64 " %" SCNx64 " %d %" SCNu64 " %d",
		   &l.pid, &l.start_time, l.tracker, mark, &l.mm_id, &l.tripwire, &l.keeper,
		   &l.keeper_start, &l.keeper_fd) != 9 ||
	    !parse_mark(mark, l.mark))
		return false;
	*out = l;
	return true;
}

bool ledger_task_runs(const struct ledger_line *l)
{
	struct proc_stat st;
	struct err *e = proc_stat_read_pid(l->pid, &st);

	if (e) {
		err_drop(e, "its task has ended");
		return false;
	}
	return st.start_time == l->start_time && st.state != 'Z' && st.state != 'X';
}

static void add(struct arena *a, struct ledger *l, const struct ledger_line *line)
{
	l->lines = arena_grow(a, l->lines, l->nr, sizeof(*l->lines));
	l->lines[l->nr++] = *line;
}

/* Lines that do not parse, as of another version, are passed over: their tasks are dumped in full. */
static struct err *read_file(struct arena *a, int dir, const char *name, struct ledger *out)
{
	AUTO_FREE char *text = NULL;
	char *at = NULL, *save = NULL;

	*out = (struct ledger){ 0 };
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return NULL;
	TRY(file_slurp_at(dir, &text, NULL, "%s", name));
	for (at = strtok_r(text, "\n", &save); at; at = strtok_r(NULL, "\n", &save)) {
		struct ledger_line line;

		if (parse_line(at, &line))
			add(a, out, &line);
	}
	return NULL;
}

struct err *ledger_read(struct arena *a, struct ledger *out)
{
	AUTO_FD dir = -1;
	char name[64];

	if (access(RUN_DIR, F_OK)) {
		*out = (struct ledger){ 0 };
		return NULL;
	}
	TRY(run_dir_open(&dir));
	TRY(file_name(name, sizeof(name)));
	return read_file(a, dir, name, out);
}

const struct ledger_line *ledger_find(const struct ledger *l, pid_t pid)
{
	for (size_t i = 0; i < l->nr; i++)
		if (l->lines[i].pid == pid)
			return &l->lines[i];
	return NULL;
}

static void print_line(FILE *f, const struct ledger_line *l)
{
	fprintf(f, "%d %" PRIu64 " %s ", l->pid, l->start_time, l->tracker);
	for (size_t i = 0; i < MARK_LEN; i++)
		fprintf(f, "%02x", l->mark[i]);
	fprintf(f, " %" PRIx64 " %" PRIx64 " %d %" PRIu64 " %d\n", l->mm_id, l->tripwire, l->keeper,
		l->keeper_start, l->keeper_fd);
}

/* By rename, so that a killed tool leaves the old lines or the new ones. */
static struct err *write_file(int dir, const char *name, const struct ledger *l)
{
	AUTO_FREE char *text = NULL;
	char new_name[80];
	AUTO_FD fd = -1;
	size_t len = 0;
	FILE *f;

	if (!l->nr) {
		unlinkat(dir, name, 0);
		return NULL;
	}
	f = open_memstream(&text, &len);
	if (!f)
		return err_sys(errno, "cannot write what is tracked");
	for (size_t i = 0; i < l->nr; i++)
		print_line(f, &l->lines[i]);
	fclose(f);
	snprintf(new_name, sizeof(new_name), "%s.new", name);
	fd = openat(dir, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(errno, "cannot create \"%s/%s\"", RUN_DIR, new_name);
	TRY(fd_write_all(fd, text, len));
	if (renameat(dir, new_name, dir, name))
		return err_sys(errno, "cannot put \"%s/%s\" in its place", RUN_DIR, name);
	return NULL;
}

static bool has_pid(const pid_t *pids, size_t nr, pid_t pid)
{
	for (size_t i = 0; i < nr; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static struct err *rewrite(struct arena *a, const pid_t *gone, size_t nr_gone,
			   const struct ledger *own)
{
	struct ledger old, merged = { 0 };
	AUTO_FD dir = -1;
	char name[64];

	TRY(run_dir_open(&dir));
	TRY(file_name(name, sizeof(name)));
	TRY(read_file(a, dir, name, &old));
	for (size_t i = 0; i < old.nr; i++)
		if (!has_pid(gone, nr_gone, old.lines[i].pid) &&
		    !ledger_find(own, old.lines[i].pid) && ledger_task_runs(&old.lines[i]))
			add(a, &merged, &old.lines[i]);
	for (size_t i = 0; i < own->nr; i++)
		add(a, &merged, &own->lines[i]);
	return write_file(dir, name, &merged);
}

struct err *ledger_update(struct arena *a, const struct ledger *own)
{
	return rewrite(a, NULL, 0, own);
}

struct err *ledger_remove(struct arena *a, const pid_t *pids, size_t nr)
{
	return rewrite(a, pids, nr, &(struct ledger){ 0 });
}
