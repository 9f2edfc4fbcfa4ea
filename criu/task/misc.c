/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is a number or a word of its own: names, personality, robust list, parent-death signal and
 * the like.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/pid.h"
#include "task/part.h"
#include "task/restore_parts.h"

static struct err *misc_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	TaskCoreEntry *tc = t->threads[0].core->tc;
	int oom_score_adj;

	(void)d;
	TRY(proc_read_personality(p->dirfd, &tc->personality));
	tc->flags = p->stat.flags;
	TRY(proc_read_loginuid(p->dirfd, &tc->loginuid));
	tc->has_loginuid = true;
	TRY(proc_read_oom_score_adj(p->dirfd, &oom_score_adj));
	tc->has_oom_score_adj = true;
	tc->oom_score_adj = oom_score_adj;
	if (p->stat.exit_signal >= 0 && p->stat.exit_signal != SIGCHLD) {
		tc->has_exit_signal = true;
		tc->exit_signal = p->stat.exit_signal;
	}
	tc->has_child_subreaper = true;
	tc->child_subreaper = p->parasite.child_subreaper;
	if (p->parasite.membarrier > 0) {
		tc->has_membarrier_registration_mask = true;
		tc->membarrier_registration_mask = p->parasite.membarrier;
	}
	if (t->state == TASK_STOPPED) {
		tc->has_stop_signo = true;
		tc->stop_signo = t->stop_signal;
	}
	return NULL;
}

static struct err *misc_dump_thread(struct dump *d, struct thread *t, const struct thread_view *v)
{
	ThreadCoreEntry *core = t->core->thread_core;
	size_t len = 0;
	void *head = NULL;

	if (syscall(SYS_get_robust_list, t->host_tid, &head, &len))
		return err_sys(errno, "cannot read the robust list of thread %d", t->host_tid);
	core->futex_rla = (uint64_t)head;
	core->futex_rla_len = len;
	core->comm = arena_strdup(d->arena, v->comm);
	if (v->parasite->pdeath_sig) {
		core->has_pdeath_sig = true;
		core->pdeath_sig = v->parasite->pdeath_sig;
	}
	return NULL;
}

const struct task_part task_part_misc = {
	.name = "misc",
	.dump_task = misc_dump_task,
	.dump_thread = misc_dump_thread,
};

/* ---- restore ---- */

enum { COMM_BYTES = 16 };

static struct err *misc_check(const struct restore *r UNUSED, const struct task *t)
{
	const CoreEntry *core = t->threads[0].core;

	if (core->tc->has_exit_signal && core->tc->exit_signal > 64)
		return err_new(ERR_IMAGE, "core-%d.img: exit signal %u", t->ns_pid,
			       core->tc->exit_signal);
	if (core->thread_info->gpregs->has_mode &&
	    core->thread_info->gpregs->mode != USER_X86_REGS_MODE__NATIVE)
		return err_new(ERR_UNSUPPORTED, "task %d is a 32-bit program", t->ns_pid);
	return NULL;
}

static struct err *misc_fill(struct worker *w, struct rst_build *b)
{
	const TaskCoreEntry *tc = w->task->threads[0].core->tc;
	struct rst_process *p = &rst_args(b)->process;

	p->pid = w->task->ns_pid;
	p->personality = tc->personality;
	p->child_subreaper = tc->has_child_subreaper && tc->child_subreaper;
	p->membarrier = tc->has_membarrier_registration_mask ? tc->membarrier_registration_mask : 0;
	return NULL;
}

static struct err *misc_fill_thread(struct worker *w, struct rst_build *b UNUSED,
				    const struct thread *th, struct rst_thread *out)
{
	const char *name = th->core->thread_core->comm;

	if (!name)
		name = w->task->threads[0].core->tc->comm;
	memcpy(out->comm, name, strnlen(name, COMM_BYTES - 1));
	return NULL;
}

const struct restore_part restore_part_misc = {
	.name = "misc",
	.check = misc_check,
	.fill = misc_fill,
	.fill_thread = misc_fill_thread,
};
