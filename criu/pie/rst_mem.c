/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Works off the list of mem/plan.c: afterwards the address space is the task's, plus the restorer's
 * area.
 */

#include "pie/rst_priv.h"

enum { MREMAP_BOTH = 3 }; /* MREMAP_MAYMOVE | MREMAP_FIXED of linux/mman.h */

/* The kernel gives the lowest number that is free. */
static long take_keys(uint32_t highest)
{
	for (uint32_t key = 1; key <= highest; key++) {
		long ret = sys_call2(SYS_pkey_alloc, 0, 0);

		if (ret != key)
			return ret < 0 ? ret : -16; /* EBUSY */
	}
	return 0;
}

static long free_keys(uint32_t mask)
{
	long ret = 0;

	for (; mask && ret >= 0; mask &= mask - 1)
		ret = sys_call1(SYS_pkey_free, __builtin_ctz(mask));
	return ret;
}

/*
 * mlock marks the mapping and then makes all of it present, which fails behind the end of a file: ENOMEM, as when the
 * limit is too low.  Locking on fault asks for the limit alone.
 */
static long lock(const struct rst_mem_op *op)
{
	const long no_memory = -12, on_fault = 1; /* ENOMEM, MLOCK_ONFAULT */
	long ret = sys_call3(SYS_mlock2, (long)op->addr, (long)op->len, op->arg);

	if (ret != no_memory || op->arg)
		return ret;
	ret = sys_call3(SYS_mlock2, (long)op->addr, (long)op->len, on_fault);
	if (ret == 0)
		sys_call3(SYS_mlock2, (long)op->addr, (long)op->len, op->arg);
	return ret;
}

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
		return lock(op);
	case RST_MEM_TAKE_KEYS:
		return take_keys(op->arg);
	case RST_MEM_FREE_KEYS:
		return free_keys(op->arg);
	case RST_MEM_KEY:
		return sys_call4(SYS_pkey_mprotect, (long)op->addr, (long)op->len, op->arg,
				 (long)op->to);
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
