// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pidfd of a process that is gone: a process is made, opened, and ends.  Threads of the tree may be made at the same
 * time, so it gets a number that none of them needs.
 */
#include "files/pidfd_dead.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/restore_priv.h"

enum { MAX_TRIES = 10000, FIRST_PID = 2 };

static bool is_used(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->nr_tasks; i++) {
		const struct task *t = tree->tasks[i];

		if (t->ns_pid == pid || t->pgid == pid || t->sid == pid)
			return true;
		for (size_t k = 0; k < t->nr_threads; k++)
			if (t->threads[k].ns_tid == pid)
				return true;
	}
	return false;
}

static pid_t highest(const struct tree *tree)
{
	pid_t pid = FIRST_PID;

	for (size_t i = 0; i < tree->nr_tasks; i++) {
		const struct task *t = tree->tasks[i];

		pid = MAX(pid, t->ns_pid);
		for (size_t k = 0; k < t->nr_threads; k++)
			pid = MAX(pid, t->threads[k].ns_tid);
	}
	return pid;
}

/* Raw calls only: the C library's idea of the process is its maker's. */
static __attribute__((noreturn)) void die(const PidfdEntry *rec)
{
	int status = rec->has_exit_status ? (int)rec->exit_status : 0;
	const uint64_t none = 0;

	if (WIFSIGNALED(status) && WTERMSIG(status) > 0 && WTERMSIG(status) < NSIG) {
		const struct sigaction by_default = { .sa_handler = SIG_DFL };

		/* No core file. */
		prctl(PR_SET_DUMPABLE, 0);
		sigaction(WTERMSIG(status), &by_default, NULL);
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
		syscall(SYS_kill, syscall(SYS_getpid), WTERMSIG(status));
	}
	for (;;)
		syscall(SYS_exit_group, WEXITSTATUS(status));
}

static struct err *spawn(const struct tree *tree, const PidfdEntry *rec, pid_t *pid_out)
{
	pid_t want = highest(tree);

	for (int tries = 0; tries < MAX_TRIES; tries++) {
		/* No signal at its end: the task must not find one waiting. */
		struct clone_args args = { .set_tid = (uint64_t)(uintptr_t)&want,
					   .set_tid_size = 1 };
		long pid;

		do
			want++;
		while (is_used(tree, want));
		pid = syscall(SYS_clone3, &args, sizeof(args));
		if (!pid)
			die(rec);
		if (pid > 0) {
			*pid_out = (pid_t)pid;
			return NULL;
		}
		/* Greater than pid_max; or somebody else has it. */
		if (errno == EINVAL && want > FIRST_PID + MAX_TRIES)
			want = FIRST_PID;
		else if (errno != EEXIST)
			break;
	}
	return err_sys(errno, "cannot make a process with pid %d that is to end", want);
}

static bool is_same_dead(const struct file *f, const struct file *other)
{
	return other->rec->type == FD_TYPES__PIDFD && other->owner == f->owner &&
	       other->rec->pidfd->nspid == -1 && other->rec->pidfd->ino == f->rec->pidfd->ino;
}

/* All pidfds of this one process, into restore_files.made; it is there, if only as a zombie. */
static struct err *open_all(struct worker *w, const struct file *f, pid_t pid)
{
	const struct files *fs = w->restore->files;

	for (size_t i = 0; i < fs->nr; i++) {
		AUTO_FD fd = -1;

		if (!is_same_dead(f, fs->list[i]))
			continue;
		fd = pidfd_open(pid, 0);
		if (fd < 0)
			return err_sys(errno, "cannot open a pidfd of process %d", pid);
		TRY(fd_move_up(&fd, w->fd_floor));
		fs->restore->made[i] = fd_take(&fd);
	}
	return NULL;
}

struct err *pidfd_of_dead(struct worker *w, struct file *f, int *fd_out)
{
	int *made = w->restore->files->restore->made;
	struct err *e;
	siginfo_t info;
	pid_t pid;

	if (!made[f->index]) {
		TRY(spawn(&w->restore->tree, f->rec->pidfd, &pid));
		e = open_all(w, f, pid);
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | __WALL) && !e)
			e = err_sys(errno, "cannot wait for process %d", pid);
		TRY(e);
	}
	*fd_out = made[f->index];
	made[f->index] = 0;
	return NULL;
}
