/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restartable sequences: the registration, and the one section a thread may stand in.  Sources:
 * rseq(2), include/uapi/linux/rseq.h, PTRACE_GET_RSEQ_CONFIGURATION of ptrace(2) (since 5.13).
 */
#include "task/rseq.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "task/part.h"
#include "task/restore_parts.h"

#define GET_RSEQ_CONFIGURATION 0x420f

struct rseq_config {
	uint64_t pointer;
	uint32_t size;
	uint32_t signature;
	uint32_t flags;
	uint32_t pad;
};

/* The beginning of struct rseq, and struct rseq_cs. */
struct rseq_head {
	uint32_t cpu_id_start, cpu_id;
	uint64_t cs;
};

struct rseq_section {
	uint32_t version, flags;
	uint64_t start_ip, post_commit_offset, abort_ip;
};

#define RSEQ_CS_NO_RESTART_ON_SIGNAL 2

static struct err *config_get(pid_t tid, struct rseq_config *out)
{
	memset(out, 0, sizeof(*out));
	if (ptrace(GET_RSEQ_CONFIGURATION, tid, sizeof(*out), out) < 0 && errno != EIO)
		return err_sys(errno, "cannot read the rseq registration of thread %d", tid);
	return NULL;
}

static bool section_get(int mem_fd, uint64_t rseq, struct rseq_section *out, uint64_t *addr_out)
{
	struct rseq_head head;

	if (pread(mem_fd, &head, sizeof(head), (off_t)rseq) != sizeof(head) || !head.cs)
		return false;
	*addr_out = head.cs;
	return pread(mem_fd, out, sizeof(*out), (off_t)head.cs) == sizeof(*out);
}

static bool is_inside(const struct rseq_section *s, uint64_t ip)
{
	return ip - s->start_ip < s->post_commit_offset;
}

struct err *rseq_leave_section(pid_t tid, int mem_fd, struct user_regs_struct *gp,
			       bool *changed_out)
{
	struct rseq_section section;
	struct rseq_config config;
	uint64_t addr;

	*changed_out = false;
	TRY(config_get(tid, &config));
	if (!config.pointer || !section_get(mem_fd, config.pointer, &section, &addr))
		return NULL;
	/* A section that asks not to be restarted after signals stays; the image then says so. */
	if (!is_inside(&section, gp->rip) || section.flags & RSEQ_CS_NO_RESTART_ON_SIGNAL)
		return NULL;
	gp->rip = section.abort_ip;
	*changed_out = true;
	return NULL;
}

static struct err *rseq_dump_thread(struct dump *d, struct thread *t, const struct thread_view *v)
{
	RseqEntry *e = t->core->thread_core->rseq_entry = PB_NEW(d->arena, RseqEntry, rseq_entry);
	struct rseq_section section;
	struct rseq_config config;
	uint64_t addr;

	TRY(config_get(t->host_tid, &config));
	e->rseq_abi_pointer = config.pointer;
	e->rseq_abi_size = config.size;
	e->signature = config.signature;
	if (config.pointer && section_get(v->mem_fd, config.pointer, &section, &addr) &&
	    is_inside(&section, v->ctx->gp.rip)) {
		e->has_rseq_cs_pointer = true;
		e->rseq_cs_pointer = addr;
	}
	return NULL;
}

const struct task_part task_part_rseq = {
	.name = "rseq",
	.dump_thread = rseq_dump_thread,
};

/* ---- restore ---- */

enum { ROBUST_HEAD_BYTES = 24, RSEQ_MIN_BYTES = 20, RSEQ_MAX_BYTES = 4096 };

static struct err *rseq_check_thread(const struct restore *r UNUSED, const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	const RseqEntry *rseq = tc->rseq_entry;

	if (tc->futex_rla_len && tc->futex_rla_len != ROBUST_HEAD_BYTES)
		return err_new(ERR_IMAGE, "core-%d.img: robust list of %u bytes", th->ns_tid,
			       tc->futex_rla_len);
	if (rseq && rseq->rseq_abi_pointer &&
	    (rseq->rseq_abi_size < RSEQ_MIN_BYTES || rseq->rseq_abi_size > RSEQ_MAX_BYTES))
		return err_new(ERR_IMAGE, "core-%d.img: rseq area of %u bytes", th->ns_tid,
			       rseq->rseq_abi_size);
	return NULL;
}

static struct err *rseq_fill_thread(struct worker *w UNUSED, struct rst_build *b UNUSED,
				    const struct thread *th, struct rst_thread *out)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	const RseqEntry *rseq = tc->rseq_entry;

	if (tc->futex_rla_len) {
		out->robust_list = tc->futex_rla;
		out->robust_len = tc->futex_rla_len;
	}
	out->clear_tid = th->core->thread_info->clear_tid_addr;
	if (rseq && rseq->rseq_abi_pointer) {
		out->rseq = rseq->rseq_abi_pointer;
		out->rseq_len = rseq->rseq_abi_size;
		out->rseq_sig = rseq->signature;
	}
	return NULL;
}

struct err *rseq_put_section(const struct thread *th)
{
	const RseqEntry *rseq = th->core->thread_core->rseq_entry;
	struct iovec from, to;

	if (!rseq || !rseq->rseq_abi_pointer || !rseq->has_rseq_cs_pointer ||
	    !rseq->rseq_cs_pointer)
		return NULL;
	from = (struct iovec){ (void *)&rseq->rseq_cs_pointer, sizeof(rseq->rseq_cs_pointer) };
	to = (struct iovec){ (void *)(uintptr_t)(rseq->rseq_abi_pointer +
						 offsetof(struct rseq_head, cs)),
			     sizeof(uint64_t) };
	if (process_vm_writev(th->host_tid, &from, 1, &to, 1, 0) != sizeof(uint64_t))
		return err_sys(errno, "cannot put the restartable section of thread %d back",
			       th->ns_tid);
	return NULL;
}

const struct restore_part restore_part_rseq = {
	.name = "rseq",
	.check_thread = rseq_check_thread,
	.fill_thread = rseq_fill_thread,
};
