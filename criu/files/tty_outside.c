// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slaves of the tree's pseudo-terminals that other processes have open, too: these would be hung up, and not come
 * back.  The kernel counts them and tells nobody, so /proc is looked through, once for each dump.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files/tty_priv.h"

static bool is_in_tree(const struct dump *d, pid_t pid)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		if (d->tree.tasks[i]->host_pid == pid)
			return true;
	return false;
}

static bool is_terminal(int dirfd, const char *name, struct stat *st)
{
	char text[32];
	ssize_t len = readlinkat(dirfd, name, text, sizeof(text) - 1);

	/* Others are not asked: what is behind them may not answer. */
	return len > 9 && !memcmp(text, "/dev/pts/", 9) && !fstatat(dirfd, name, st, 0);
}

static void note_open(const struct dump_files *df, pid_t pid, const struct stat *st)
{
	for (size_t i = 0; i < df->nr_tty_list; i++) {
		struct tty_dump *m = df->tty_list[i];

		if (m->is_master && m->node.st_dev == st->st_dev && m->node.st_ino == st->st_ino)
			m->outside = pid;
	}
}

/* A process that ends meanwhile has nothing open. */
static void look_at(const struct dump *d, pid_t pid, DIR *dir)
{
	struct stat st;

	for (struct dirent *e; (e = readdir(dir));)
		if (is_terminal(dirfd(dir), e->d_name, &st) && !is_in_tree(d, pid))
			note_open(d->files->dump, pid, &st);
}

struct err *tty_find_outside(struct dump *d)
{
	AUTO_DIR DIR *proc = opendir("/proc");

	if (!proc)
		return err_sys(errno, "cannot list /proc");
	for (struct dirent *e; errno = 0, (e = readdir(proc));) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		AUTO_DIR DIR *dir = NULL;
		char path[32];

		if (pid <= 0 || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
		dir = opendir(path);
		if (dir)
			look_at(d, pid, dir);
	}
	return errno ? err_sys(errno, "cannot list /proc") : NULL;
}
