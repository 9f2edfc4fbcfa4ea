/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_ABI_RST_MEM_H
#define PIE_ABI_RST_MEM_H

/*
 * What mem/ asks the restorer to do: a list of operations, done in order.  mem/plan.c writes it in
 * the worker, pie/rst_mem.c runs it.  Addresses are the task's; the list is an offset from the
 * start of the argument area.
 */

#include <stdint.h>

enum rst_mem_op_kind {
	RST_MEM_UNMAP = 1, /* addr, len */
	RST_MEM_MOVE,	   /* addr, len -> to; nothing is mapped at to */
	RST_MEM_PROTECT,   /* addr, len, arg = PROT_* */
	RST_MEM_ADVISE,	   /* addr, len, arg = MADV_* */
	RST_MEM_LOCK,	   /* addr, len, arg = flags of mlock2 */
	RST_MEM_TAKE_KEYS, /* protection keys 1 to arg, of which none is taken */
	RST_MEM_FREE_KEYS, /* arg = mask */
	RST_MEM_KEY,	   /* addr, len, arg = PROT_*, to = key */
};

struct rst_mem_op {
	uint32_t kind;
	uint32_t arg;
	uint64_t addr;
	uint64_t len;
	uint64_t to;
};

struct rst_mem_args {
	uint64_t ops_off; /* struct rst_mem_op[nr_ops] */
	uint64_t nr_ops;
};

_Static_assert(sizeof(struct rst_mem_op) == 32, "both sides read the same list");
_Static_assert(sizeof(struct rst_mem_args) == 16, "both sides read the same arguments");

#endif
