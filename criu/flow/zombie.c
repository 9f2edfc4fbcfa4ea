/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that had ended: its name, and a death of the same kind. */
#include "flow/zombie.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

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

/*
 * A status with the core bit comes only from a core that was written.  It is written into a file
 * system of our own that ends with us, and holds no memory (coredump_filter 0).
 */
static struct err *make_core_room(const char *pattern)
{
	AUTO_FREE char *dir = strdup(pattern);
	struct rlimit limit;
	AUTO_FD filter = -1;

	if (!dir)
		return err_new(ERR_NOMEM, "cannot copy a path");
	TRY(fd_open_at(AT_FDCWD, O_WRONLY, &filter, "/proc/self/coredump_filter"));
	TRY(fd_write_all(filter, "0", 1));
	if (getrlimit(RLIMIT_CORE, &limit) || !limit.rlim_max)
		return err_new(ERR_SYS, "the limit of core files is 0");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_CORE, &limit) || prctl(PR_SET_DUMPABLE, 1))
		return err_sys(errno, "cannot allow a core file");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/proc", "tmpfs", 0, NULL) || chdir("/proc") || chroot("."))
		return err_sys(errno, "cannot make a file system for a core file");
	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(dir, 0700) && errno != EEXIST)
			return err_sys(errno, "cannot make a directory for a core file");
		*slash = '/';
	}
	return NULL;
}

/* False: the kernel would start a program, or nothing can be written. */
static bool core_can_be_had(pid_t pid)
{
	AUTO_FREE char *pattern = NULL;
	struct err *e = file_slurp_at(AT_FDCWD, &pattern, NULL, "/proc/sys/kernel/core_pattern");

	if (!e && (pattern[0] == '|' || pattern[0] == '@' || pattern[0] == '\n' || !pattern[0]))
		e = err_new(ERR_UNSUPPORTED, "core_pattern names no file");
	if (!e)
		e = make_core_room(pattern);
	if (!e)
		return true;
	log_warn("flow", pid, "the zombie's status loses its core-dump bit: %s", err_message(e));
	err_drop(e, "the signal is more important");
	return false;
}

/*
 * Death by @signo, without a core file that stays and without a program that the kernel would start
 * to take one.
 */
static struct err *die_by(const struct task *t, int signo, bool with_core)
{
	/* A process that is not dumpable leaves no core, whatever core_pattern says. */
	if (!(with_core && core_can_be_had(t->ns_pid)) && prctl(PR_SET_DUMPABLE, 0))
		return err_sys(errno, "cannot forbid a core file");
	prctl(PR_SET_NAME, t->threads[0].core->tc->comm);
	forget_signals();
	if (syscall(SYS_kill, syscall(SYS_getpid), signo))
		return err_sys(errno, "cannot die by signal %d", signo);
	return err_new(ERR_IMAGE, "signal %d does not end a process", signo);
}

struct err *zombie_die(const struct task *t)
{
	const TaskCoreEntry *tc = t->threads[0].core->tc;
	int status = (int)tc->exit_code;

	if (WIFSIGNALED(status))
		return die_by(t, WTERMSIG(status), WCOREDUMP(status));
	prctl(PR_SET_NAME, tc->comm);
	forget_signals();
	syscall(SYS_exit_group, WEXITSTATUS(status));
	return NULL;
}
