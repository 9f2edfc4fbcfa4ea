/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The restorer: turns a worker, in which a task's memory and descriptors are ready, into that task.
 * It runs on its own area, unmaps the tool, makes the threads, sets what only a thread can set of
 * itself, and ends with all threads waiting: the coordinator takes them from there by ptrace, gives
 * them their registers and removes the area.
 *
 * Invariant: all signals are blocked and nobody leaves the barrier by itself, so no instruction of
 * the program runs before the whole tree is complete.
 */
#include <linux/futex.h>
#include <linux/sched.h>

#include "pie/rst_priv.h"

__attribute__((noreturn, used)) void rst_main(struct rst_args *a);
__attribute__((noreturn, used)) void rst_thread_main(struct rst_args *a,
						     const struct rst_thread *t);

/* Offset 0 of the blob: rdi is the arguments, rsp the leader's stack. */
__asm__(".section .head, \"ax\", @progbits\n"
	"	xorl %ebp, %ebp\n"
	"	andq $-16, %rsp\n"
	"	call rst_main\n"
	"	ud2\n"
	".text\n");

void rst_futex_wait(uint32_t *word, uint32_t value)
{
	sys_call4(SYS_futex, (long)word, FUTEX_WAIT, value, 0);
}

void rst_futex_wake(uint32_t *word, int nr)
{
	sys_call3(SYS_futex, (long)word, FUTEX_WAKE, nr);
}

static __attribute__((noreturn)) void wait_for_host(void)
{
	for (;;)
		sys_call0(SYS_pause);
}

static void tell_coordinator(struct stage_common *c)
{
	__atomic_add_fetch(&c->events, 1, __ATOMIC_RELEASE);
	rst_futex_wake(&c->events, 1);
}

void rst_fail(const struct rst_args *a, enum rst_where where, long err, uint64_t detail)
{
	struct rst_result *r = &rst_slot(a)->result;
	struct stage_common *c = rst_common(a);
	uint32_t nobody = 0;
	uint16_t unset = 0;

	/* The first thread of the process that fails is the one to report: 2 is "being written". */
	if (__atomic_compare_exchange_n(&r->set, &unset, 2, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		r->err = (int32_t)(err < 0 ? -err : err);
		r->where = where;
		r->detail = detail;
		__atomic_store_n(&r->set, 1, __ATOMIC_RELEASE);
		__atomic_compare_exchange_n(&c->failed, &nobody, a->slot + 1, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		rst_futex_wake(&c->open, INT32_MAX);
		rst_futex_wake(&c->workers.generation, INT32_MAX);
		rst_futex_wake(&c->all.generation, INT32_MAX);
		tell_coordinator(c);
	}
	wait_for_host();
}

/* As task/stage.c does it. */
void rst_meet(const struct rst_args *a)
{
	struct stage_common *c = rst_common(a);
	struct stage_meeting *m = &c->workers;
	uint32_t generation = rst_load(&m->generation);

	if (__atomic_add_fetch(&m->arrived, 1, __ATOMIC_ACQ_REL) == m->expected) {
		__atomic_store_n(&m->arrived, 0, __ATOMIC_RELEASE);
		__atomic_add_fetch(&m->generation, 1, __ATOMIC_RELEASE);
		rst_futex_wake(&m->generation, INT32_MAX);
	}
	while (rst_load(&m->generation) == generation) {
		if (rst_load(&c->failed))
			wait_for_host();
		rst_futex_wait(&m->generation, generation);
	}
}

/* @counter of this task reaches the number of threads: one more task for @tasks, and an event. */
static void count_thread(const struct rst_args *a, uint32_t *counter, uint32_t *tasks)
{
	if (__atomic_add_fetch(counter, 1, __ATOMIC_ACQ_REL) != a->nr_threads)
		return;
	__atomic_add_fetch(tasks, 1, __ATOMIC_ACQ_REL);
	tell_coordinator(rst_common(a));
}

/*
 * Filters would forbid what is still to come.  The host suspends seccomp for all threads
 * (PTRACE_O_SUSPEND_SECCOMP) while they wait here, then opens the gate.
 */
static void pass_gate(const struct rst_args *a)
{
	struct stage_slot *slot = rst_slot(a);

	count_thread(a, &slot->nr_gate, &rst_common(a)->nr_gate);
	while (!rst_load(&slot->gate_open))
		rst_futex_wait(&slot->gate_open, 0);
}

static void arrive(const struct rst_args *a)
{
	count_thread(a, &rst_slot(a)->nr_arrived, &rst_common(a)->nr_ready);
}

static void wait_for_threads(struct rst_args *a)
{
	uint32_t done;

	while ((done = rst_load(&a->nr_creds_done)) < a->nr_threads - 1)
		rst_futex_wait(&a->nr_creds_done, done);
}

void rst_thread_main(struct rst_args *a, const struct rst_thread *t)
{
	rst_thread_apply(a, t);
	if (a->any_seccomp) {
		pass_gate(a);
		rst_seccomp_apply(a, t, false);
	}
	rst_creds_apply(a, t);
	if (__atomic_add_fetch(&a->nr_creds_done, 1, __ATOMIC_ACQ_REL) == a->nr_threads - 1)
		rst_futex_wake(&a->nr_creds_done, 1);
	arrive(a);
	wait_for_host();
}

/* The new thread comes back on an empty stack and must not touch this frame. */
static long clone_thread(struct clone_args *ca, struct rst_args *a, const struct rst_thread *t)
{
	register struct rst_args *r12 __asm__("r12") = a;
	register const struct rst_thread *r13 __asm__("r13") = t;
	long ret;

	__asm__ volatile("syscall\n"
			 "	testq %%rax, %%rax\n"
			 "	jnz 1f\n"
			 "	xorl %%ebp, %%ebp\n"
			 "	movq %%r12, %%rdi\n"
			 "	movq %%r13, %%rsi\n"
			 "	call rst_thread_main\n"
			 "	ud2\n"
			 "1:\n"
			 : "=a"(ret)
			 : "a"(SYS_clone3), "D"(ca), "S"(sizeof(*ca)), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory");
	return ret;
}

static void make_threads(struct rst_args *a)
{
	const struct rst_thread *list = rst_at(a, a->threads_off);

	for (uint32_t i = 1; i < a->nr_threads; i++) {
		const struct rst_thread *t = &list[i];
		int32_t tid = t->tid;
		struct clone_args ca = {
			.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				 CLONE_SYSVSEM | CLONE_CHILD_CLEARTID,
			.child_tid = t->clear_tid,
			.stack = a->area_start + t->stack_off - RST_THREAD_STACK,
			.stack_size = RST_THREAD_STACK,
			.set_tid = (uint64_t)&tid,
			.set_tid_size = 1,
		};

		rst_must(a, clone_thread(&ca, a, t), RST_AT_THREAD, tid);
	}
}

void rst_main(struct rst_args *a)
{
	const struct rst_thread *leader = rst_at(a, a->threads_off);
	struct rst_result why;

	if (a->abi != RST_ABI)
		rst_fail(a, RST_AT_ABI_MISMATCH, 22, a->abi);
	if (rst_mem_apply(a, &why))
		rst_fail(a, why.where, why.err, why.detail);
	rst_mm_apply(a);
	rst_process_early(a);
	rst_locks_apply(a);
	make_threads(a);
	rst_timers_create(a);
	rst_thread_apply(a, leader);
	rst_queue_shared(a);
	if (a->any_seccomp) {
		pass_gate(a);
		rst_seccomp_apply(a, leader, true);
	}
	wait_for_threads(a);
	rst_process_late(a);
	rst_timers_arm(a);
	rst_creds_apply(a, leader);
	/* A change of credentials resets it. */
	rst_dumpable_apply(a);
	arrive(a);
	wait_for_host();
}
