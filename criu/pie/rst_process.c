/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process has once: fields of the address space, personality, signal actions, limits and the
 * like.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "pie/rst_priv.h"

#ifndef PR_SET_MM
#define PR_SET_MM 35
#endif

/* linux/prctl.h since 6.3. */
#define PR_SET_MDWE_NR 65
/* Since 6.4. */
#define PR_SET_MEMORY_MERGE_NR 67

enum {
	MM_MAP = 14,
	SIGCHLD_NR = 17,
	SIGKILL_NR = 9,
	SIGSTOP_NR = 19,
	SIG_IGN_VALUE = 1,
	SIGSET_BYTES = 8
};

/* Layout of struct prctl_mm_map (linux/prctl.h). */
struct mm_map {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t auxv;
	uint32_t auxv_size;
	int32_t exe_fd;
};

void rst_mm_apply(struct rst_args *a)
{
	const struct rst_mm *mm = &a->mm;
	struct mm_map map = {
		.start_code = mm->start_code,
		.end_code = mm->end_code,
		.start_data = mm->start_data,
		.end_data = mm->end_data,
		.start_brk = mm->start_brk,
		.brk = mm->brk,
		.start_stack = mm->start_stack,
		.arg_start = mm->arg_start,
		.arg_end = mm->arg_end,
		.env_start = mm->env_start,
		.env_end = mm->env_end,
		.auxv = mm->auxv_size ? a->area_start + mm->auxv_off : 0,
		.auxv_size = mm->auxv_size,
		.exe_fd = mm->exe_fd,
	};

	rst_must(a, sys_call5(SYS_prctl, PR_SET_MM, MM_MAP, (long)&map, sizeof(map), 0),
		 RST_AT_MM_MAP, 0);
	if (mm->exe_fd >= 0)
		rst_must(a, sys_call1(SYS_close, mm->exe_fd), RST_AT_FILES, mm->exe_fd);
	if (mm->thp_disabled >= 0)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_THP_DISABLE, mm->thp_disabled, 0, 0, 0),
			 RST_AT_THP, 0);
}

static long set_action(int signo, const struct rst_sigaction *action)
{
	return sys_call4(SYS_rt_sigaction, signo, (long)action, 0, SIGSET_BYTES);
}

static void set_actions(const struct rst_args *a)
{
	const struct rst_sigaction ignore = { .handler = SIG_IGN_VALUE };
	const struct rst_sigaction *action = a->process.actions;

	/*
	 * Helpers and zombies that ended while the tree was made have left a SIGCHLD behind:
	 * ignoring drops it.
	 */
	rst_must(a, set_action(SIGCHLD_NR, &ignore), RST_AT_SIGACTION, SIGCHLD_NR);
	for (int signo = 1; signo <= 64; signo++) {
		if (signo == SIGKILL_NR || signo == SIGSTOP_NR)
			continue;
		rst_must(a, set_action(signo, action++), RST_AT_SIGACTION, signo);
	}
}

static void register_membarrier(const struct rst_args *a)
{
	/* The bits of the mask are the commands. */
	for (uint32_t left = a->process.membarrier; left; left &= left - 1) {
		uint32_t cmd = left & -left;

		rst_must(a, sys_call3(SYS_membarrier, cmd, 0, 0), RST_AT_MEMBARRIER, cmd);
	}
}

void rst_process_early(const struct rst_args *a)
{
	const struct rst_process *p = &a->process;

	rst_must(a, sys_call1(SYS_personality, p->personality), RST_AT_PERSONALITY, p->personality);
	set_actions(a);
	register_membarrier(a);
	/* Also when off: it is not inherited, but a worker may have been one for a while. */
	rst_must(a, sys_call5(SYS_prctl, PR_SET_CHILD_SUBREAPER, p->child_subreaper, 0, 0, 0),
		 RST_AT_SUBREAPER, 0);
}

static void set_limit(const struct rst_args *a, uint32_t which, const struct rst_rlimit *want)
{
	struct rst_rlimit have;
	long ret;

	ret = sys_call4(SYS_prlimit64, 0, which, 0, (long)&have);
	if (!ret && have.soft == want->soft && have.hard == want->hard)
		return;
	rst_must(a, sys_call4(SYS_prlimit64, 0, which, (long)want, 0), RST_AT_RLIMIT, which);
}

/* What holds for future mappings, now that all mappings of the program are made. */
static void set_future_mappings(const struct rst_args *a)
{
	if (a->mm.mlockall)
		rst_must(a, sys_call1(SYS_mlockall, a->mm.mlockall), RST_AT_MLOCKALL, 0);
	if (a->mm.mdwe)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_MDWE_NR, a->mm.mdwe, 0, 0, 0), RST_AT_MDWE,
			 0);
	if (a->mm.memory_merge)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_MEMORY_MERGE_NR, 1, 0, 0, 0),
			 RST_AT_MEMORY_MERGE, 0);
}

void rst_process_late(const struct rst_args *a)
{
	set_future_mappings(a);
	for (uint32_t i = 0; i < a->process.nr_rlimits; i++)
		set_limit(a, i, &a->process.rlimits[i]);
}

void rst_dumpable_apply(const struct rst_args *a)
{
	int32_t want = a->mm.dumpable;

	if (want < 0 || sys_call5(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) == want)
		return;
	/*
	 * 2 ("for root only") comes only from fs.suid_dumpable; without that 0 is what forbids the
	 * same people.
	 */
	rst_must(a, sys_call5(SYS_prctl, PR_SET_DUMPABLE, want == 1, 0, 0, 0), RST_AT_DUMPABLE, 0);
}
