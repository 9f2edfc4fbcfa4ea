/* SPDX-License-Identifier: GPL-2.0-only */
#include "task/part.h"

const struct task_part *const task_parts[] = {
	&task_part_regs,
	&task_part_signals,
	&task_part_timers,
	&task_part_creds,
	&task_part_rlimits,
	&task_part_sched,
	&task_part_seccomp,
	&task_part_rseq,
	&task_part_wishes,
	&task_part_misc,
	NULL,
};
