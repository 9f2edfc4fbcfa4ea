/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_AUXV_H
#define PROC_AUXV_H

/* /proc/PID/auxv: pairs of native words, AT_NULL last. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { PROC_AUXV_MAX = 128 }; /* words; the kernel keeps at most 2 * (AT_VECTOR_SIZE) of about 50 */

struct proc_auxv {
	uint64_t words[PROC_AUXV_MAX]; /* as in the images: pairs with AT_NULL at the end */
	size_t nr_words;
};

/*
 * A file that does not hold whole 64-bit pairs with an AT_NULL (as of a 32-bit task) is
 * ERR_UNSUPPORTED.
 */
MUST_USE struct err *proc_auxv_parse(const void *bytes, size_t len, struct proc_auxv *out);
MUST_USE struct err *proc_auxv_read(int dirfd, struct proc_auxv *out);
/* The value of @type (AT_*), or @missing. */
uint64_t proc_auxv_get(const struct proc_auxv *v, uint64_t type, uint64_t missing);

#endif
