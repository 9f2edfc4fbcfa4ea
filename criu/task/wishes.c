/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a thread asked the kernel for by ioprio_set(2) and prctl(2): the priority of its I/O, what
 * broken memory does to it, that it may not read the time stamp counter, that it serves a disk.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task/part.h"
#include "task/restore_parts.h"

/* linux/ioprio.h */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_MAX (7 << IOPRIO_CLASS_SHIFT | ((1 << IOPRIO_CLASS_SHIFT) - 1))

/* linux/prctl.h since 5.6. */
#ifndef PR_GET_IO_FLUSHER
#define PR_GET_IO_FLUSHER 58
#endif

/* PF_* of include/linux/sched.h, in /proc/PID/stat. */
#define FLAG_MCE_PROCESS 0x80u
#define FLAG_MCE_EARLY 0x8000000u
#define FLAGS_IO_FLUSHER 0x180000u /* since 5.6 */

/* A thread without a priority of its own may be given the one that follows from its nice value. */
static long ioprio_of(pid_t tid)
{
	long prio = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, tid);

	return prio >= 0 && !(prio >> IOPRIO_CLASS_SHIFT) ? 0 : prio;
}

static struct err *wishes_dump_thread(struct dump *d UNUSED, struct thread *t,
				      const struct thread_view *v)
{
	ThreadCoreEntry *core = t->core->thread_core;
	long prio = ioprio_of(t->host_tid);

	if (prio < 0)
		return err_sys(errno, "cannot read the I/O priority of thread %d", t->host_tid);
	core->has_ioprio = true;
	core->ioprio = prio;
	if (v->stat->flags & FLAG_MCE_PROCESS) {
		core->has_mce_kill = true;
		core->mce_kill = v->stat->flags & FLAG_MCE_EARLY ? PR_MCE_KILL_EARLY :
								   PR_MCE_KILL_LATE;
	}
	if (v->parasite->tsc_mode == PR_TSC_SIGSEGV) {
		core->has_tsc_mode = true;
		core->tsc_mode = PR_TSC_SIGSEGV;
	}
	if ((v->stat->flags & FLAGS_IO_FLUSHER) == FLAGS_IO_FLUSHER) {
		core->has_io_flusher = true;
		core->io_flusher = true;
	}
	return NULL;
}

static struct err *wishes_dump_task(struct dump *d UNUSED, struct task *t,
				    const struct task_probe *p)
{
	if (!p->parasite.has_ldt)
		return NULL;
	return err_hint(err_new(ERR_UNSUPPORTED,
				"cannot dump task %d: it has a local descriptor table "
				"(modify_ldt(2))",
				t->host_pid),
			"dump before the program runs 16-bit or 32-bit code of its own");
}

const struct task_part task_part_wishes = {
	.name = "wishes",
	.dump_task = wishes_dump_task,
	.dump_thread = wishes_dump_thread,
};

/* ---- restore ---- */

static struct err *wishes_check_thread(const struct restore *r UNUSED, const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;

	if (tc->has_ioprio && tc->ioprio > IOPRIO_MAX)
		return err_new(ERR_IMAGE, "core-%d.img: I/O priority %#x does not exist",
			       th->ns_tid, tc->ioprio);
	if (tc->has_mce_kill && tc->mce_kill > PR_MCE_KILL_DEFAULT)
		return err_new(ERR_IMAGE, "core-%d.img: PR_MCE_KILL %u does not exist", th->ns_tid,
			       tc->mce_kill);
	if (tc->has_tsc_mode && tc->tsc_mode != PR_TSC_ENABLE && tc->tsc_mode != PR_TSC_SIGSEGV)
		return err_new(ERR_IMAGE, "core-%d.img: PR_SET_TSC %u does not exist", th->ns_tid,
			       tc->tsc_mode);
	return NULL;
}

/* All threads of the worker start with what the worker has now: only differences cost a call. */
static struct err *wishes_fill_thread(struct worker *w UNUSED, struct rst_build *b UNUSED,
				      const struct thread *th, struct rst_thread *out)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	int mce_kill = tc->has_mce_kill ? (int)tc->mce_kill : PR_MCE_KILL_DEFAULT;

	out->ioprio = out->mce_kill = out->tsc_mode = out->io_flusher = -1;
	if (tc->has_ioprio && tc->ioprio != ioprio_of(0))
		out->ioprio = (int)tc->ioprio;
	if (mce_kill != prctl(PR_MCE_KILL_GET, 0, 0, 0, 0))
		out->mce_kill = mce_kill;
	if (tc->has_tsc_mode)
		out->tsc_mode = (int)tc->tsc_mode;
	/* Asking needs a capability; who has it not is none. */
	if (tc->io_flusher != (prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0) == 1))
		out->io_flusher = tc->io_flusher;
	return NULL;
}

const struct restore_part restore_part_wishes = {
	.name = "wishes",
	.check_thread = wishes_check_thread,
	.fill_thread = wishes_fill_thread,
};
