/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_SECCOMP_H
#define TASK_SECCOMP_H

#include "base/err.h"

struct dump;

/* Writes seccomp.img: the filters of all threads dumped so far, or an empty entry. */
MUST_USE struct err *seccomp_write(struct dump *d);

#endif
