/* SPDX-License-Identifier: GPL-2.0-only */
/* File locks: taken when no task of the tree opens or closes anything any more. */
#include <errno.h>
#include <linux/fcntl.h>

#include "pie/rst_priv.h"

/* CRIU's numbers of file_lock_entry.flag. */
enum { LOCK_OF_TABLE = 1, LOCK_BY_FLOCK = 2, LOCK_OF_DESCRIPTION = 4, LEASE = 8 };

static long take(const struct rst_lock *l)
{
	struct flock range = { .l_type = (short)l->type, .l_start = l->start, .l_len = l->len };

	switch (l->kind) {
	case LOCK_OF_TABLE:
		return sys_call3(SYS_fcntl, l->fd, F_SETLK, (long)&range);
	case LOCK_OF_DESCRIPTION:
		return sys_call3(SYS_fcntl, l->fd, F_OFD_SETLK, (long)&range);
	case LOCK_BY_FLOCK:
		return sys_call2(SYS_flock, l->fd,
				 LOCK_NB | (l->type == F_WRLCK ? LOCK_EX : LOCK_SH));
	case LEASE:
		return sys_call3(SYS_fcntl, l->fd, F_SETLEASE, l->type);
	default:
		return -EINVAL;
	}
}

void rst_locks_apply(const struct rst_args *a)
{
	const struct rst_lock *list = rst_at(a, a->locks_off);

	if (!a->any_locks)
		return;
	rst_meet(a);
	for (uint32_t i = 0; i < a->nr_locks; i++)
		rst_must(a, take(&list[i]), RST_AT_LOCK, list[i].index);
}
