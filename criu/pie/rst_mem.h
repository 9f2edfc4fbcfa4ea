/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_RST_MEM_H
#define PIE_RST_MEM_H

struct rst_args;
struct rst_result;

/*
 * Makes the address space the task's.  The caller runs in the restorer's area on a stack in it,
 * alone.  0, or -1 with err, where and detail of *out set.
 */
int rst_mem_apply(const struct rst_args *args, struct rst_result *out);

#endif
