/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that keeps a pattern in registers of the extended state and makes no system call meanwhile. */
#ifndef TEST_SPIN_H
#define TEST_SPIN_H

#include <cpuid.h>

#include "case.h"

/* Set when the spinning thread may compare. */
static volatile uint32_t spin_flag __attribute__((used));
static unsigned char spin_before[4096] __attribute__((aligned(64), used));
static unsigned char spin_after[4096] __attribute__((aligned(64), used));

/* To be put between the loads and the stores of an asm statement. */
#define SPIN "9: pause; cmpl $0, spin_flag(%%rip); je 9b\n"

/* @body spins; what it stored in spin_after must be the first @len bytes of spin_before. */
static inline int spin_main(void *(*body)(void *), size_t len)
{
	case_threads(1, body);
	case_wait_here(1);
	case_sleep_ms(1);
	case_ready();
	spin_flag = 1;
	case_threads_join();
	for (size_t i = 0; i < len; i++)
		CASE_CHECK(spin_before[i] == spin_after[i], "byte %zu was %#x, is %#x", i,
			   spin_before[i], spin_after[i]);
	return case_pass();
}

#endif
