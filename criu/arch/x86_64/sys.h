/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_X86_64_SYS_H
#define ARCH_X86_64_SYS_H

/*
 * System calls without libc: each stub returns the kernel's value, -errno on failure.  Used by the blobs and by
 * the unit tests.  Source: syscall(2), calling conventions of x86-64.
 */

#include <stdint.h>

static inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys_call5(nr, a, b, c, d, e) sys_call6((nr), (a), (b), (c), (d), (e), 0)
#define sys_call4(nr, a, b, c, d) sys_call6((nr), (a), (b), (c), (d), 0, 0)
#define sys_call3(nr, a, b, c) sys_call6((nr), (a), (b), (c), 0, 0, 0)
#define sys_call2(nr, a, b) sys_call6((nr), (a), (b), 0, 0, 0, 0)
#define sys_call1(nr, a) sys_call6((nr), (a), 0, 0, 0, 0, 0)
#define sys_call0(nr) sys_call6((nr), 0, 0, 0, 0, 0, 0)

#endif
