/* SPDX-License-Identifier: GPL-2.0-only */
#include "task/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "image/dir.h"
#include "inject/parasite.h"
#include "kernel/features.h"
#include "proc/pid.h"
#include "task/freeze.h"
#include "task/part.h"
#include "task/regs.h"

static CoreEntry *core_new(struct arena *a)
{
	CoreEntry *core = PB_NEW(a, CoreEntry, core_entry);

	core->mtype = CORE_ENTRY__MARCH__X86_64;
	return core;
}

static TaskCoreEntry *task_core_new(struct arena *a, const struct task *t, const char *comm)
{
	TaskCoreEntry *tc = PB_NEW(a, TaskCoreEntry, task_core_entry);

	tc->task_state = t->state;
	tc->comm = arena_strdup(a, comm);
	return tc;
}

static void block(struct dump *d, struct err *own_e)
{
	d->blockers = err_join(d->blockers, own_e);
}

static struct err *zombie_look(struct dump *d, struct task *t)
{
	struct proc_stat stat;
	CoreEntry *core;

	TRY(proc_stat_read_pid(t->host_pid, &stat));
	core = t->threads[0].core = core_new(d->arena);
	core->tc = task_core_new(d->arena, t, stat.comm);
	core->tc->exit_code = stat.exit_code;
	return NULL;
}

/* Is there a live session leader for the tree to belong to after a restore? */
static void session_look(struct dump *d, const struct task *t)
{
	if (t->parent || d->opts->shell_job || t->sid == t->host_pid)
		return;
	block(d, err_hint(err_new(ERR_UNSUPPORTED,
				  "task %d belongs to session %d, whose leader is not in the tree",
				  t->host_pid, t->sid),
			  "pass --shell-job, dump from the session leader (--tree %d), or start "
			  "the program with "
			  "setsid(1)",
			  t->sid));
}

static void seccomp_look(struct dump *d, const struct task *t, const struct proc_status *status)
{
	if (!status->seccomp_mode || freezer_suspends_seccomp(d->freezer))
		return;
	block(d,
	      err_hint(err_new(ERR_KERNEL, "task %d has a seccomp filter that cannot be suspended",
			       t->host_pid),
		       "run criu-lite with CAP_SYS_ADMIN and without a seccomp filter of its own"));
}

static struct err *in_32_bit_mode(pid_t tid)
{
	return err_hint(err_new(ERR_UNSUPPORTED, "thread %d is in 32-bit mode", tid),
			"run a 64-bit build of the program");
}

/* linux/ptrace.h since 6.4; older kernels cannot tell. */
#define GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211

/* Its selector may forbid the calls that the parasite makes in the thread. */
static void dispatch_look(struct dump *d, pid_t tid)
{
	struct {
		uint64_t mode, selector, offset, len;
	} config = { 0 };

	if (ptrace(GET_SYSCALL_USER_DISPATCH_CONFIG, tid, sizeof(config), &config) || !config.mode)
		return;
	block(d, err_hint(err_new(ERR_UNSUPPORTED,
				  "thread %d has syscall user dispatch "
				  "(PR_SET_SYSCALL_USER_DISPATCH)",
				  tid),
			  "dump when the program has switched it off; Wine has it while it runs "
			  "Windows code"));
}

static void ports_look(struct dump *d, pid_t tid)
{
	if (arch_has_io_ports(tid))
		block(d,
		      err_hint(err_new(ERR_UNSUPPORTED,
				       "thread %d may use I/O ports of devices (ioperm(2))", tid),
			       "dump when the program has given the ports back"));
}

static struct err *threads_look(struct dump *d, struct task *t, struct task_probe *p)
{
	struct user_regs_struct gp;

	for (size_t i = 0; i < t->nr_threads; i++) {
		struct thread *thread = &t->threads[i];
		struct proc_status status;
		AUTO_FD dirfd = -1;
		struct err *e;

		e = arch_gp_get(thread->host_tid, &gp);
		if (e && err_code(e) == ERR_UNSUPPORTED) {
			block(d, err_hint(e, "run a 64-bit build of the program"));
			continue;
		}
		TRY(e);
		if (arch_gp_is_compat(&gp)) {
			block(d, in_32_bit_mode(thread->host_tid));
			continue;
		}
		TRY(proc_open_thread(p->dirfd, thread->host_tid, &dirfd));
		TRY(proc_status_read(dirfd, d->arena, &status));
		seccomp_look(d, t, &status);
		dispatch_look(d, thread->host_tid);
		ports_look(d, thread->host_tid);
		TRY(regs_settle_rseq(thread->host_tid, p->mem_fd));
	}
	return NULL;
}

static void name_by_host(struct task *t)
{
	t->ns_pid = t->host_pid;
	for (size_t i = 0; i < t->nr_threads; i++)
		t->threads[i].ns_tid = t->threads[i].host_tid;
}

static struct err *probe_open(struct dump *d, struct task *t)
{
	struct task_probe *p = t->probe = ARENA_NEW(d->arena, struct task_probe);

	p->dirfd = p->mem_fd = -1;
	TRY(proc_open(t->host_pid, &p->dirfd));
	TRY(fd_open_at(p->dirfd, O_RDWR, &p->mem_fd, "mem"));
	return proc_stat_read(p->dirfd, &p->stat);
}

struct err *task_look_quickly(struct dump *d, struct task *t)
{
	struct task_probe *p;

	name_by_host(t);
	if (t->state == TASK_DEAD)
		return NULL;
	TRY(probe_open(d, t));
	p = t->probe;
	/* Without PAGEMAP_SCAN the sizes in smaps tell where there is anything at all. */
	p->has_flags = !kernel_has(d->kernel, KF_PAGEMAP_SCAN);
	if (p->has_flags)
		return proc_maps_read(p->dirfd, d->arena, &p->maps);
	return proc_maps_read_quick(p->dirfd, d->arena, &p->maps);
}

struct err *task_look(struct dump *d, struct task *t)
{
	struct task_probe *p;

	name_by_host(t);
	session_look(d, t);
	if (t->state == TASK_DEAD)
		return zombie_look(d, t);
	TRY(probe_open(d, t));
	p = t->probe;
	TRY(proc_status_read(p->dirfd, d->arena, &p->status));
	TRY(threads_look(d, t, p));
	TRY(proc_maps_read(p->dirfd, d->arena, &p->maps));
	p->has_flags = true;
	TRY(proc_timers_read(p->dirfd, d->arena, &p->timers));
	p->leftover = parasite_find_leftover(p->mem_fd, &p->maps);
	return NULL;
}

struct injection {
	struct dump *d;
	struct task *t;
	struct parasite parasite;
	struct remote leader;
	struct remote thread; /* any thread but the leader */
	struct parasite_args args;
	const struct inject_hook *hook;
};

static struct err *thread_collect(struct injection *in, struct thread *thread, struct remote *r)
{
	struct proc_status status;
	struct proc_stat stat;
	AUTO_FD dirfd = -1;
	struct thread_view view = {
		.ctx = &r->saved,
		.status = &status,
		.stat = &stat,
		.mem_fd = r->mem_fd,
		.comm = stat.comm,
		.parasite = &in->args.u.thread,
	};

	TRY(parasite_call(&in->parasite, r, PARASITE_THREAD, &in->args));
	TRY(proc_open_thread(in->t->probe->dirfd, thread->host_tid, &dirfd));
	view.dirfd = dirfd;
	TRY(proc_status_read(dirfd, in->d->arena, &status));
	TRY(proc_stat_read(dirfd, &stat));
	if (!thread->core)
		thread->core = core_new(in->d->arena);
	thread->core->thread_core = PB_NEW(in->d->arena, ThreadCoreEntry, thread_core_entry);
	for (const struct task_part *const *part = task_parts; *part; part++)
		if ((*part)->dump_thread)
			TRY(err_context((*part)->dump_thread(in->d, thread, &view),
					"%s of thread %d", (*part)->name, thread->host_tid));
	return NULL;
}

static struct err *timers_collect(struct injection *in)
{
	struct task_probe *p = in->t->probe;
	struct parasite_timers *batch = &in->args.u.timers;

	p->timer_values = arena_array(in->d->arena, p->timers.nr, sizeof(*p->timer_values));
	for (size_t done = 0; done < p->timers.nr; done += batch->nr) {
		batch->nr = MIN(p->timers.nr - done, (size_t)PARASITE_TIMERS_MAX);
		for (uint32_t i = 0; i < batch->nr; i++)
			batch->timer[i].id = p->timers.list[done + i].id;
		TRY(parasite_call(&in->parasite, &in->leader, PARASITE_TIMERS, &in->args));
		for (uint32_t i = 0; i < batch->nr; i++)
			p->timer_values[done + i] = batch->timer[i];
	}
	return NULL;
}

/* The parasite's area is a new mapping like any other: mlockall(MCL_FUTURE) shows in it. */
static struct err *future_locks_look(struct injection *in)
{
	struct task_probe *p = in->t->probe;
	struct proc_status now;

	TRY(proc_status_read(p->dirfd, in->d->arena, &now));
	p->locks_new_mappings = now.locked_bytes >= p->status.locked_bytes + PARASITE_AREA_LEN;
	return NULL;
}

static struct err *task_collect(struct injection *in)
{
	struct task_probe *p = in->t->probe;
	struct thread *leader = &in->t->threads[0];

	TRY(parasite_call(&in->parasite, &in->leader, PARASITE_TASK, &in->args));
	p->parasite = in->args.u.task;
	TRY(future_locks_look(in));
	TRY(timers_collect(in));
	leader->core = core_new(in->d->arena);
	leader->core->tc = task_core_new(in->d->arena, in->t, p->stat.comm);
	for (const struct task_part *const *part = task_parts; *part; part++)
		if ((*part)->dump_task)
			TRY(err_context((*part)->dump_task(in->d, in->t, p), "%s of task %d",
					(*part)->name, in->t->host_pid));
	return thread_collect(in, leader, &in->leader);
}

static struct err *threads_collect(struct injection *in)
{
	for (size_t i = 1; i < in->t->nr_threads; i++) {
		struct thread *thread = &in->t->threads[i];
		struct err *e;

		e = remote_open(&in->thread, in->t->host_pid, thread->host_tid, in->leader.mem_fd,
				&in->leader.site);
		if (!e)
			e = thread_collect(in, thread, &in->thread);
		TRY(err_join(e, remote_close(&in->thread)));
	}
	return NULL;
}

static struct err *leftover_remove(struct injection *in)
{
	struct parasite old = in->parasite;

	if (!in->t->probe->leftover)
		return NULL;
	log_info("task", in->t->host_pid, "removing what a killed run left at %#lx",
		 in->t->probe->leftover);
	old.pid = in->t->host_pid;
	old.area = in->t->probe->leftover;
	return parasite_unload(&old, &in->leader);
}

static struct err *inject_opened(struct injection *in)
{
	struct err *e;

	TRY(leftover_remove(in));
	if (in->hook)
		TRY(in->hook->run(in->d, in->t, &in->leader));
	e = parasite_load(&in->parasite, &in->leader, &in->t->probe->status);
	if (!e)
		e = task_collect(in);
	if (!e)
		e = remote_rest(&in->leader);
	if (!e)
		e = threads_collect(in);
	return err_join(e, parasite_unload(&in->parasite, &in->leader));
}

static struct err *leader_open(const struct task *t, struct remote *leader)
{
	const struct task_probe *p = t->probe;
	struct user_regs_struct gp;
	struct remote_site site;

	TRY(arch_gp_get(t->host_pid, &gp));
	if (arch_gp_is_compat(&gp))
		return in_32_bit_mode(t->host_pid);
	TRY(remote_site_find(t->host_pid, p->mem_fd, &p->maps, gp.rsp, &site));
	return remote_open(leader, t->host_pid, t->host_pid, p->mem_fd, &site);
}

struct err *task_borrow(struct dump *d, struct task *t, const struct inject_hook *hook)
{
	struct remote *leader = ARENA_NEW(d->arena, struct remote);
	struct err *e = regs_settle_rseq(t->host_pid, t->probe->mem_fd);

	if (!e)
		e = leader_open(t, leader);
	if (!e)
		e = hook->run(d, t, leader);
	return err_join(e, remote_close(leader));
}

struct err *task_inject(struct dump *d, struct task *t, const struct inject_hook *hook)
{
	struct injection *in;
	struct err *e;

	if (t->state == TASK_DEAD)
		return NULL;
	in = calloc(1, sizeof(*in));
	if (!in)
		return err_sys(ENOMEM, "cannot prepare the parasite of task %d", t->host_pid);
	in->d = d;
	in->t = t;
	in->hook = hook;
	e = leader_open(t, &in->leader);
	if (!e)
		e = inject_opened(in);
	e = err_join(e, remote_close(&in->leader));
	free(in);
	return e;
}

struct err *task_write(struct dump *d, const struct task *t)
{
	size_t nr = t->state == TASK_DEAD ? 1 : t->nr_threads;

	for (size_t i = 0; i < nr; i++) {
		const struct thread *thread = &t->threads[i];

		TRY(image_write(d->images, IMAGE_CORE, thread->ns_tid, &thread->core->base));
	}
	if (t->state == TASK_DEAD)
		return NULL;
	return image_write(d->images, IMAGE_IDS, t->ns_pid, &t->ids->base);
}

static struct err *pstree_entry_write(struct dump *d, const struct task *t)
{
	PstreeEntry e = PSTREE_ENTRY__INIT;
	AUTO_FREE uint32_t *threads = calloc(t->nr_threads + 1, sizeof(*threads));

	if (!threads)
		return err_sys(ENOMEM, "cannot list the threads of task %d", t->host_pid);
	e.pid = t->ns_pid;
	e.ppid = t->parent ? t->parent->ns_pid : 0;
	e.pgid = t->pgid;
	e.sid = t->sid;
	e.threads = threads;
	for (size_t i = 0; i < t->nr_threads; i++)
		threads[e.n_threads++] = t->threads[i].ns_tid;
	if (!e.n_threads)
		threads[e.n_threads++] = t->ns_pid;
	return image_write(d->images, IMAGE_PSTREE, 0, &e.base);
}

struct err *tree_write(struct dump *d)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		TRY(pstree_entry_write(d, d->tree.tasks[i]));
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(fd_take(fd));
}

void tree_close(struct dump *d)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task_probe *p = d->tree.tasks[i]->probe;

		if (!p)
			continue;
		close_fd(&p->dirfd);
		close_fd(&p->mem_fd);
	}
}
