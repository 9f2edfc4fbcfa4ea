/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in microseconds; never fails and makes no system call where there is a vDSO. */
uint64_t clock_us(void);
/* The same in nanoseconds. */
uint64_t clock_ns(void);

#endif
