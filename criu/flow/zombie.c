/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that had ended: its name, and a death of the same kind. */
#include "flow/zombie.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What /proc still tells of a zombie is not the tool's. */
static void forget_signals(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	const uint64_t none = 0;

	for (int signo = 1; signo < NSIG; signo++)
		sigaction(signo, &by_default, NULL);
	/* Raw: the C library keeps some signals for itself. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

/* Death by @signo, without a core file and without a program that the kernel would start to take one. */
static struct err *die_by(int signo)
{
	/* A process that is not dumpable leaves no core, whatever core_pattern says. */
	if (prctl(PR_SET_DUMPABLE, 0))
		return err_sys(errno, "cannot forbid a core file");
	if (syscall(SYS_kill, syscall(SYS_getpid), signo))
		return err_sys(errno, "cannot die by signal %d", signo);
	return err_new(ERR_IMAGE, "signal %d does not end a process", signo);
}

struct err *zombie_die(const struct task *t)
{
	const TaskCoreEntry *tc = t->threads[0].core->tc;
	int status = (int)tc->exit_code;

	prctl(PR_SET_NAME, tc->comm);
	forget_signals();
	if (WIFSIGNALED(status))
		return die_by(WTERMSIG(status));
	syscall(SYS_exit_group, WEXITSTATUS(status));
	return NULL;
}
