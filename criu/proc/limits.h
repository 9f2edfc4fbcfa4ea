/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

/* /proc/PID/limits. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { PROC_NR_LIMITS = 16 }; /* RLIM_NLIMITS of the kernel */

struct proc_limits {
	/* Index is RLIMIT_*; ~0 is unlimited, as in RLIM_INFINITY. */
	struct {
		uint64_t soft, hard;
	} limits[PROC_NR_LIMITS];
};

/* All sixteen must be there. */
MUST_USE struct err *proc_limits_parse(const char *text, size_t len, struct proc_limits *out);
MUST_USE struct err *proc_limits_read(int dirfd, struct proc_limits *out);

#endif
