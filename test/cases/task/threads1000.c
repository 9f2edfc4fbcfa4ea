/* SPDX-License-Identifier: GPL-2.0-only */
/* 1000 threads keep their numbers, names and thread-local memory. */
#include "case.h"

#define NR_THREADS 1000
#include "threaded.h"
