/* SPDX-License-Identifier: GPL-2.0-only */
#include "inject/parasite.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "proc/maps.h"
#include "proc/status.h"

/* Made by the build from pie/parasite.c. */
extern const uint8_t blob_parasite_start[], blob_parasite_end[];

#define ARGS_OFFSET PARASITE_CODE_LEN
#define FRAME_OFFSET (ARGS_OFFSET + PARASITE_ARGS_LEN)

static size_t blob_len(void)
{
	return blob_parasite_end - blob_parasite_start;
}

static bool has_signal(uint64_t mask, int sig)
{
	return mask >> (sig - 1) & 1;
}

/*
 * A signal that means nothing to the program, so that it is a stop for the tool and nothing at all when the tool is
 * gone.  0 if it handles all of them (Go does).
 */
static int find_ignored_signal(const struct proc_status *st)
{
	static const int candidates[] = { SIGURG, SIGWINCH, SIGCHLD, SIGPIPE, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		int sig = candidates[i];
		bool ignored_by_default = sig == SIGURG || sig == SIGWINCH || sig == SIGCHLD;

		if (has_signal(st->sig_cgt, sig) || has_signal(st->sig_pnd | st->shd_pnd, sig))
			continue;
		if (ignored_by_default || has_signal(st->sig_ign, sig))
			return sig;
	}
	return 0;
}

static void choose_sync(struct parasite *p, const struct proc_status *st)
{
	p->sync_signal = find_ignored_signal(st);
	/* After the tool's death a filter is in force again, and only rt_sigreturn is sure to pass it. */
	p->sync = p->sync_signal && !st->seccomp_mode ? PARASITE_SYNC_SIGNAL :
							PARASITE_SYNC_SYSCALL;
}

static struct err *write_blob(const struct parasite *p)
{
	uint8_t check[PARASITE_CODE_LEN];

	BUG_ON(blob_len() > PARASITE_CODE_LEN);
	TRY(fd_pwrite_all(p->mem_fd, blob_parasite_start, blob_len(), (off_t)p->area));
	TRY(fd_pread_all(p->mem_fd, check, blob_len(), (off_t)p->area));
	if (memcmp(check, blob_parasite_start, blob_len()))
		return err_new(ERR_REMOTE, "the code written to task %d is not what it holds",
			       p->pid);
	return NULL;
}

struct err *parasite_load(struct parasite *p, struct remote *leader,
			  const struct proc_status *status)
{
	uint64_t arg[6] = { PARASITE_HOME,
			    PARASITE_AREA_LEN,
			    PROT_READ | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			    -1ul,
			    0 };
	int64_t addr;

	p->pid = leader->pid;
	p->mem_fd = leader->mem_fd;
	p->area = 0;
	choose_sync(p, status);
	TRY(remote_syscall(leader, SYS_mmap, arg, &addr));
	if (addr == -EEXIST) {
		arg[0] = 0;
		arg[3] = MAP_PRIVATE | MAP_ANONYMOUS;
		TRY(remote_syscall(leader, SYS_mmap, arg, &addr));
	}
	if (addr < 0)
		return err_hint(err_sys((int)-addr, "cannot map %d bytes in task %d",
					PARASITE_AREA_LEN, p->pid),
				"raise its limits of address space and locked memory (prlimit "
				"--as, --memlock)");
	p->area = addr;
	return err_context(write_blob(p), "loading the parasite");
}

static size_t args_len(enum parasite_cmd cmd, const struct parasite_args *args)
{
	size_t head = offsetof(struct parasite_args, u);

	switch (cmd) {
	case PARASITE_TASK:
		return head + sizeof(args->u.task);
	case PARASITE_THREAD:
		return head + sizeof(args->u.thread);
	case PARASITE_TIMERS:
		return head + sizeof(args->u.timers);
	}
	return sizeof(*args);
}

static struct err *write_args(const struct parasite *p, const struct remote *r,
			      struct parasite_args *args, size_t len)
{
	uint8_t frame[PARASITE_FRAME_LEN];
	size_t frame_len = arch_sigframe_len(&r->saved);

	if (frame_len > sizeof(frame))
		return err_new(ERR_UNSUPPORTED, "thread %d has %zu bytes of extended state", r->tid,
			       r->saved.xstate_len);
	args->frame = p->area + FRAME_OFFSET;
	arch_sigframe_build(&r->saved, args->frame, frame);
	TRY(fd_pwrite_all(p->mem_fd, args, len, (off_t)(p->area + ARGS_OFFSET)));
	return fd_pwrite_all(p->mem_fd, frame, frame_len, (off_t)args->frame);
}

/* Has the thread come to its report? */
static struct err *is_report(const struct parasite *p, const struct remote *r, int status,
			     bool *out)
{
	struct user_regs_struct gp;

	*out = false;
	if (p->sync == PARASITE_SYNC_SIGNAL) {
		*out = status >> 16 == 0 && WSTOPSIG(status) == p->sync_signal;
		return NULL;
	}
	if (r->at != REMOTE_AT_ENTRY)
		return NULL;
	TRY(arch_gp_get(r->tid, &gp));
	*out = gp.orig_rax == SYS_rt_sigreturn;
	return NULL;
}

/* What else may stop it: its own end by a fault of ours, or a signal that no mask holds back. */
static struct err *hold_signal(struct remote *r, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16 || r->at != REMOTE_AT_TRAP)
		return NULL;
	if (sig == SIGSEGV || sig == SIGILL || sig == SIGBUS || sig == SIGTRAP)
		return err_new(ERR_REMOTE, "the parasite in thread %d got signal %d", r->tid, sig);
	r->held_signal = sig;
	return NULL;
}

static struct err *run_to_report(const struct parasite *p, struct remote *r)
{
	int request = p->sync == PARASITE_SYNC_SIGNAL ? PTRACE_CONT : PTRACE_SYSCALL;
	struct user_regs_struct gp = r->saved.gp;
	const uint64_t arg[6] = { p->area + ARGS_OFFSET, PARASITE_AREA_LEN - PARASITE_CODE_LEN,
				  PROT_READ | PROT_WRITE };
	uint64_t mask = p->sync == PARASITE_SYNC_SIGNAL ? ~(1ul << (p->sync_signal - 1)) : ~0ul;
	bool reported;
	int status;

	arch_gp_syscall(&gp, p->area, p->area + PARASITE_AREA_LEN, SYS_mprotect, arg);
	gp.r12 = p->area + ARGS_OFFSET;
	TRY(remote_start(r, &gp, mask, request, &status));
	for (;;) {
		TRY(is_report(p, r, status, &reported));
		if (reported)
			return NULL;
		TRY(hold_signal(r, status));
		TRY(remote_step(r, request, &status));
	}
}

static const char *where_text(uint32_t where)
{
	switch (where) {
	case PARASITE_SIGACTION:
		return "rt_sigaction";
	case PARASITE_SIGALTSTACK:
		return "sigaltstack";
	case PARASITE_ITIMER:
		return "getitimer";
	case PARASITE_TIMER:
		return "timer_gettime";
	case PARASITE_PRCTL:
		return "prctl";
	default:
		return "its command";
	}
}

struct err *parasite_call(struct parasite *p, struct remote *r, enum parasite_cmd cmd,
			  struct parasite_args *args)
{
	size_t len = args_len(cmd, args);

	args->magic = PARASITE_MAGIC;
	args->abi = PARASITE_ABI;
	args->sync = p->sync;
	args->sync_signal = p->sync_signal;
	args->cmd = cmd;
	args->done = 0;
	TRY(write_args(p, r, args, len));
	TRY(run_to_report(p, r));
	TRY(fd_pread_all(p->mem_fd, args, len, (off_t)(p->area + ARGS_OFFSET)));
	if (!args->done)
		return err_new(ERR_REMOTE, "the parasite in thread %d stopped before its end",
			       r->tid);
	if (args->result.err)
		return err_sys(-args->result.err, "thread %d could not call %s (%lu)", r->tid,
			       where_text(args->result.where), args->result.detail);
	return NULL;
}

struct err *parasite_unload(struct parasite *p, struct remote *leader)
{
	const uint64_t arg[6] = { p->area, PARASITE_AREA_LEN };
	int64_t ret;

	if (!p->area)
		return NULL;
	p->area = 0;
	TRY(remote_syscall(leader, SYS_munmap, arg, &ret));
	if (ret < 0)
		return err_sys((int)-ret, "cannot unmap the parasite in task %d", p->pid);
	return NULL;
}

/* The parasite makes its arguments writable itself: before its first run the area is one mapping. */
static bool is_leftover(int mem_fd, const struct proc_vma *v)
{
	uint64_t len = v->end - v->start, magic = 0;

	if (v->ino || v->is_shared || v->prot != (PROT_READ | PROT_EXEC))
		return false;
	if (v->start == PARASITE_HOME && len == PARASITE_AREA_LEN)
		return true;
	return len == PARASITE_CODE_LEN &&
	       pread(mem_fd, &magic, sizeof(magic), (off_t)(v->start + ARGS_OFFSET)) ==
		       sizeof(magic) &&
	       magic == PARASITE_MAGIC;
}

uint64_t parasite_find_leftover(int mem_fd, const struct proc_maps *maps)
{
	for (size_t i = 0; i < maps->nr; i++)
		if (is_leftover(mem_fd, &maps->vmas[i]))
			return maps->vmas[i].start;
	return 0;
}
