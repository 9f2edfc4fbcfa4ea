/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Works off the list of mem/plan.c: afterwards the address space is the task's, plus the restorer's
 * area.
 */

#include "pie/rst_priv.h"

enum { MREMAP_BOTH = 3 }; /* MREMAP_MAYMOVE | MREMAP_FIXED of linux/mman.h */

static long run(const struct rst_mem_op *op)
{
	long moved;

	switch (op->kind) {
	case RST_MEM_UNMAP:
		return sys_call2(SYS_munmap, (long)op->addr, (long)op->len);
	case RST_MEM_MOVE:
		moved = sys_call5(SYS_mremap, (long)op->addr, (long)op->len, (long)op->len,
				  MREMAP_BOTH, (long)op->to);
		return moved == (long)op->to ? 0 : moved;
	case RST_MEM_PROTECT:
		return sys_call3(SYS_mprotect, (long)op->addr, (long)op->len, op->arg);
	case RST_MEM_ADVISE:
		return sys_call3(SYS_madvise, (long)op->addr, (long)op->len, op->arg);
	case RST_MEM_LOCK:
		return sys_call3(SYS_mlock2, (long)op->addr, (long)op->len, op->arg);
	}
	return -22; /* EINVAL */
}

int rst_mem_apply(const struct rst_args *args, struct rst_result *out)
{
	const struct rst_mem_op *op = rst_at(args, args->mem.ops_off);

	for (uint64_t i = 0; i < args->mem.nr_ops; i++, op++) {
		long ret = run(op);

		if (ret < 0) {
			out->err = (int32_t)-ret;
			out->where = (uint16_t)(RST_AT_MEM_UNMAP + op->kind - RST_MEM_UNMAP);
			out->detail = op->addr;
			return -1;
		}
	}
	return 0;
}
