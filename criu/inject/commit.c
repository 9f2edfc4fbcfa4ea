/* SPDX-License-Identifier: GPL-2.0-only */
#include "inject/commit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif

enum { SYSCALL_STOP = SIGTRAP | 0x80 };

static struct err *seize(pid_t tid, long options, bool has_seccomp)
{
	options |= PTRACE_O_TRACESYSGOOD | (has_seccomp ? PTRACE_O_SUSPEND_SECCOMP : 0);
	if (!ptrace(PTRACE_SEIZE, tid, NULL, options))
		return NULL;
	if (errno == EPERM && has_seccomp)
		return err_hint(err_sys(errno,
					"cannot attach to task %d and suspend its seccomp filters",
					tid),
				"give the tool CAP_SYS_ADMIN and CAP_SYS_PTRACE, outside of any "
				"seccomp filter");
	return err_hint(err_sys(errno, "cannot attach to task %d", tid),
			"give the tool CAP_SYS_PTRACE; nothing else may be tracing the task");
}

struct err *commit_seize(pid_t pid, bool has_seccomp)
{
	return seize(pid, PTRACE_O_EXITKILL, has_seccomp);
}

/* The leader's PTRACE_O_EXITKILL ends them too. */
struct err *commit_seize_threads(const struct commit_task *t)
{
	for (size_t i = 1; i < t->nr_threads; i++)
		TRY(seize(t->threads[i].tid, 0, t->has_seccomp));
	return NULL;
}

static struct err *wait_stop(pid_t tid, int *status_out)
{
	int status;

	while (waitpid(tid, &status, __WALL) < 0)
		if (errno != EINTR)
			return err_sys(errno, "cannot wait for thread %d", tid);
	if (!WIFSTOPPED(status))
		return err_new(ERR_GONE, "thread %d ended before it was complete (status %#x)", tid,
			       status);
	*status_out = status;
	return NULL;
}

struct err *commit_stop(const struct commit_task *tasks, size_t nr)
{
	int status;

	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < tasks[i].nr_threads; k++)
			if (ptrace(PTRACE_INTERRUPT, tasks[i].threads[k].tid, NULL, NULL))
				return err_sys(errno, "cannot stop thread %d",
					       tasks[i].threads[k].tid);
	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < tasks[i].nr_threads; k++)
			TRY(wait_stop(tasks[i].threads[k].tid, &status));
	return NULL;
}

/* Lets the thread run to its next system call stop. */
static struct err *to_syscall_stop(pid_t tid)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL))
		return err_sys(errno, "cannot let task %d unmap the restorer", tid);
	TRY(wait_stop(tid, &status));
	if (WSTOPSIG(status) != SYSCALL_STOP)
		return err_new(ERR_REMOTE,
			       "task %d stopped with signal %d while it unmapped the restorer", tid,
			       WSTOPSIG(status));
	return NULL;
}

/*
 * The instruction that unmaps lies in what it unmaps: after the exit stop there is no code behind
 * the instruction pointer, and the final registers are set before the thread goes on.
 */
struct err *commit_unmap(const struct commit_task *t)
{
	const uint64_t arg[6] = { t->area_start, t->area_len };
	struct user_regs_struct gp;

	TRY(arch_gp_get(t->pid, &gp));
	arch_gp_syscall(&gp, t->syscall_ip, gp.rsp, SYS_munmap, arg);
	TRY(arch_gp_set(t->pid, &gp));
	TRY(to_syscall_stop(t->pid));
	TRY(to_syscall_stop(t->pid));
	TRY(arch_gp_get(t->pid, &gp));
	if (arch_gp_result(&gp))
		return err_sys((int)-arch_gp_result(&gp), "cannot unmap the restorer of task %d",
			       t->pid);
	return NULL;
}

struct err *commit_set(const struct commit_task *t, const struct commit_context *context)
{
	AUTO_FREE struct arch_context *ctx = aligned_alloc(64, sizeof(*ctx));

	if (!ctx)
		return err_new(ERR_NOMEM, "cannot set the registers of task %d", t->pid);
	for (size_t i = 0; i < t->nr_threads; i++) {
		TRY(context->get(context->arg, &t->threads[i], ctx));
		TRY(err_hint(arch_context_set(t->threads[i].tid, ctx),
			     "look whether the images were damaged: the kernel refuses these "
			     "registers"));
	}
	return NULL;
}

struct err *commit_release(const struct commit_task *t, int stop_signal)
{
	/*
	 * Pending before anybody goes on: each thread looks for signals on its way out of the
	 * ptrace stop.
	 */
	if (stop_signal && kill(t->pid, stop_signal))
		return err_sys(errno, "cannot leave task %d stopped", t->pid);
	if (ptrace(PTRACE_SETOPTIONS, t->pid, NULL, 0))
		return err_sys(errno, "cannot release task %d", t->pid);
	return NULL;
}

struct err *commit_detach(const struct commit_task *t)
{
	for (size_t i = 0; i < t->nr_threads; i++)
		if (ptrace(PTRACE_DETACH, t->threads[i].tid, NULL, NULL))
			return err_sys(errno, "cannot let thread %d run", t->threads[i].tid);
	return NULL;
}
