// SPDX-License-Identifier: GPL-2.0-only
/* Restore, workers: the terminals that sessions of the tree have, and who is in the foreground there. */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/tty_priv.h"

static uint32_t session_of(const struct pty *p)
{
	const TtyInfoEntry *info = p->master_info ? p->master_info : p->slave_info;

	return info ? info->sid : 0;
}

static uint32_t foreground_of(const struct pty *p)
{
	const TtyInfoEntry *info = p->master_info ? p->master_info : p->slave_info;

	return info ? info->pgrp : 0;
}

/* The pair that controls the session which @t leads, or NULL. */
static const struct pty *terminal_of(const struct worker *w, const struct task *t)
{
	const struct restore_files *rf = w->restore->files->restore;

	for (size_t i = 0; t->sid == t->ns_pid && i < rf->nr_ptys; i++)
		if (session_of(rf->ptys[i]) == (uint32_t)t->sid && rf->ptys[i]->slave >= 0)
			return rf->ptys[i];
	return NULL;
}

/* Children get it at the fork, so it must be there before (copy_signal() of kernel/fork.c). */
struct err *files_restore_session(struct worker *w)
{
	const struct pty *p = terminal_of(w, w->task);
	AUTO_FD fd = -1;

	if (!p)
		return NULL;
	TRY(pty_take(w, p->slave, &fd));
	if (ioctl(fd, TIOCSCTTY, 0))
		return err_sys(errno, "cannot make terminal %u the one of session %d", p->index,
			       w->task->sid);
	return NULL;
}

/* All groups are there.  SIGTTOU would stop one that is not in the foreground. */
struct err *tty_set_foreground(struct worker *w)
{
	const struct pty *p = terminal_of(w, w->task);
	pid_t pgrp = p ? (pid_t)foreground_of(p) : 0;
	sigset_t ttou, saved;
	AUTO_FD fd = -1;
	int failed;

	if (!pgrp || pgrp == w->task->ns_pid)
		return NULL;
	TRY(pty_take(w, p->slave, &fd));
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &saved);
	failed = ioctl(fd, TIOCSPGRP, &pgrp) ? errno : 0;
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return failed ? err_sys(failed, "cannot put group %d into the foreground of terminal %u",
				pgrp, p->index) :
			NULL;
}
