/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread waits inside one system call while the dump comes; afterwards it is woken, and the call must
 * give what it would have given without any dump, above all not EINTR.
 */
#ifndef TEST_BLOCKED_H
#define TEST_BLOCKED_H

#include <stdio.h>
#include <sys/syscall.h>

#include "case.h"

static long (*blocked_call)(void);
static long blocked_result;
static pid_t blocked_tid;
static int64_t blocked_ns;

/*
 * A system call as a C library makes it: its number stands in the code, right in front of the instruction.  (A dump
 * after another stop looks there for what restart_syscall() stands for; behind syscall(2) it finds nothing.)
 */
static inline __attribute__((always_inline)) long blocked_raw(const int nr, long a, long b, long c,
							      long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("movl %[nr], %%eax\n\tsyscall"
			 : "=&a"(ret)
			 : [nr] "i"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* Gives -errno. */
#define BLOCKED_CALL(...) BLOCKED_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define BLOCKED_ARGS(nr, a, b, c, d, e, f, ...) \
	blocked_raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static void *blocked_body(void *arg)
{
	int64_t start = case_now_ns();

	(void)arg;
	__atomic_store_n(&blocked_tid, case_tid(), __ATOMIC_RELEASE);
	blocked_result = blocked_call();
	blocked_ns = case_now_ns() - start;
	return NULL;
}

/* The number of the call the thread waits in, or -1 when it runs. */
static inline long blocked_in(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	return strtol(case_read_file(path), NULL, 10) ?: -1;
}

/* Until the thread waits in call @nr, or in restart_syscall() instead of it; 2 s at most. */
static inline void blocked_wait(long nr)
{
	/* read() has number 0, which strtol also gives for "running". */
	for (int i = 0; i < 2000 && nr; i++) {
		long now = blocked_in(blocked_tid);

		if (now == nr || now == SYS_restart_syscall)
			break;
		case_sleep_ms(1);
	}
	case_sleep_ms(5);
}

/* @call must wait in system call @nr and give @want once @wake (may be NULL) was called. */
static inline int blocked_main(long (*call)(void), long nr, void (*wake)(void), long want)
{
	blocked_call = call;
	case_threads(1, blocked_body);
	while (!__atomic_load_n(&blocked_tid, __ATOMIC_ACQUIRE))
		case_sleep_ms(1);
	blocked_wait(nr);
	case_ready();
	if (wake) {
		/* A signal that comes before pause() is entered again would be lost on it. */
		blocked_wait(nr);
		wake();
	}
	case_threads_join();
	CASE_CHECK(blocked_result == want, "the call gave %ld, not %ld", blocked_result, want);
	return case_pass();
}

#endif
