// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who else has an open file description that is locked?  A process outside of the tree would keep the lock
 * when the tree is gone, and the restore, whose description is a new one, would not get it.  The kernel has no
 * list of a description's owners: all descriptors with the same link are compared.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "files/locks.h"
#include "proc/pid.h"
#include "task/kobj.h"

struct locked {
	struct lookup_node node;
	const struct file_lock *lock;
	bool is_refused;
};

struct tree_pid {
	struct lookup_node node;
	pid_t pid;
};

struct search {
	struct dump *d;
	struct lookup files; /* by the text of their links */
	struct lookup pids;  /* of the tree */
};

static void search_init(struct search *s)
{
	const struct dump_files *df = s->d->files->dump;
	const struct file *last = NULL;

	for (size_t i = 0; i < df->nr_locks; i++) {
		const struct file_lock *l = &df->locks[i];
		struct locked *k;

		if (l->seen.kind == PROC_LOCK_POSIX || l->file == last)
			continue;
		last = l->file;
		k = ARENA_NEW(s->d->arena, struct locked);
		k->lock = l;
		lookup_add(&s->files, &k->node, lookup_hash_text(0, l->file->probe->text));
	}
	for (size_t i = 0; i < s->d->tree.nr_tasks; i++) {
		struct tree_pid *tp = ARENA_NEW(s->d->arena, struct tree_pid);

		tp->pid = s->d->tree.tasks[i]->host_pid;
		lookup_add(&s->pids, &tp->node, lookup_hash_u64(0, (uint64_t)tp->pid));
	}
}

static bool is_of_tree(const struct search *s, pid_t pid)
{
	struct lookup_node *n = lookup_first(&s->pids, lookup_hash_u64(0, (uint64_t)pid));

	for (; n; n = lookup_next(n))
		if (CONTAINER_OF(n, struct tree_pid, node)->pid == pid)
			return true;
	return false;
}

static struct err *refuse(struct search *s, struct locked *k, pid_t pid, int proc)
{
	char name[64];
	struct err *e = proc_read_comm(proc, name, sizeof(name));

	if (e)
		return e;
	k->is_refused = true;
	e = lock_refuse(k->lock,
			arena_printf(s->d->arena,
				     "the locked file is shared with process %d (%s), which is "
				     "outside of the dumped tree and would keep the lock",
				     pid, name));
	return files_blocker(s->d, err_hint(e, "dump a tree that has that process too, or let it "
					       "close the file"));
}

/* Is descriptor @fd of an outside process one of the locked descriptions? */
static struct err *look_at(struct search *s, pid_t pid, int proc, int fd, const char *text)
{
	struct lookup_node *n = lookup_first(&s->files, lookup_hash_text(0, text));

	for (; n; n = lookup_next(n)) {
		struct locked *k = CONTAINER_OF(n, struct locked, node);
		const struct file_lock *l = k->lock;
		bool is_same = false;

		if (k->is_refused || strcmp(l->file->probe->text, text))
			continue;
		TRY(kobj_same_file(l->table->task->host_pid, l->fd, pid, fd, &is_same));
		if (is_same)
			TRY(refuse(s, k, pid, proc));
	}
	return NULL;
}

static struct err *look_at_process(struct search *s, pid_t pid)
{
	AUTO_DIR DIR *dir = NULL;
	AUTO_FD proc = -1;
	struct dirent *e;
	char text[4096 + 64];
	int fd;

	TRY(proc_open(pid, &proc));
	fd = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(errno, "cannot list its descriptors");
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(errno, "cannot list its descriptors");
	while ((e = readdir(dir))) {
		ssize_t len = readlinkat(fd, e->d_name, text, sizeof(text) - 1);

		/* It runs, and may have closed it just now. */
		if (len < 0)
			continue;
		text[len] = '\0';
		TRY(look_at(s, pid, proc, atoi(e->d_name), text));
	}
	return NULL;
}

struct err *locks_check_outside(struct dump *d)
{
	struct search s = { .d = d, .files.arena = d->arena, .pids.arena = d->arena };
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;

	search_init(&s);
	if (!s.files.nr)
		return NULL;
	dir = opendir("/proc");
	if (!dir)
		return err_sys(errno, "cannot list processes");
	while ((entry = readdir(dir))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
		struct err *e;

		if (!pid || pid == getpid() || is_of_tree(&s, pid))
			continue;
		e = look_at_process(&s, pid);
		if (e)
			err_drop(e, "the process has ended, or may not be looked at");
	}
	return NULL;
}
