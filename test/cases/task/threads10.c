/* SPDX-License-Identifier: GPL-2.0-only */
/* 10 threads keep their numbers, names and thread-local memory. */
#include "case.h"

#define NR_THREADS 10
#include "threaded.h"
