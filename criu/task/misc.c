/* SPDX-License-Identifier: GPL-2.0-only */
/* What is a number or a word of its own: names, personality, robust list, parent-death signal and the like. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/pid.h"
#include "task/part.h"

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
