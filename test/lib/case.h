/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test program (a "case") needs.  A case sets something up, calls case_ready(), is dumped
 * and restored while it waits in there, checks itself and returns case_pass().  Exit statuses:
 * 0 right, 1 wrong, 77 cannot run here; the reason goes to stderr.
 *
 * Waiting is a loop of short nanosleep() calls around access("go"): no descriptor, no signal, no
 * memory beside the stack, so that the state under test is the only state there is.
 */
#ifndef TEST_CASE_H
#define TEST_CASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Ends the whole process with a reason. */
__attribute__((noreturn, format(printf, 3, 4))) void case_fail(const char *file, int line,
							       const char *fmt, ...);
__attribute__((noreturn, format(printf, 1, 2))) void case_skip(const char *fmt, ...);
int case_pass(void);

#define CASE_CHECK(cond, ...)                                       \
	do {                                                        \
		if (!(cond))                                        \
			case_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

/* The value of a call that must not give -1. */
#define CASE_SYS(expr)                                                                   \
	__extension__({                                                                  \
		__typeof__(expr) case_r_ = (expr);                                       \
		if ((long)case_r_ == -1)                                                 \
			case_fail(__FILE__, __LINE__, "%s: %s", #expr, strerror(errno)); \
		case_r_;                                                                 \
	})

/* Two integers that must be the same; both are printed. */
#define CASE_EQ(a, b)                                                                             \
	do {                                                                                      \
		long long case_a_ = (long long)(a), case_b_ = (long long)(b);                     \
		if (case_a_ != case_b_)                                                           \
			case_fail(__FILE__, __LINE__, "%s is %lld (%#llx), not %lld (%#llx)", #a, \
				  case_a_, (unsigned long long)case_a_, case_b_,                  \
				  (unsigned long long)case_b_);                                   \
	} while (0)

/* Says ready (once, by one process of the case), and waits for the word to go on. */
void case_ready(void);
void case_say_ready(void);
void case_wait_go(void);
/* True when the word to go on came; never blocks. */
bool case_go(void);
/* Where a chrooted case sees its folder; before that call it is the current directory of start. */
void case_set_dir(const char *dir);
/* "DIR/name", in a static buffer. */
const char *case_path(const char *name);

/* Children and threads report that they are set up; somebody waits until @nr did so. */
void case_here(void);
void case_wait_here(int nr);

/* A child that runs @fn and exits 0 when it returns. */
pid_t case_fork(void (*fn)(void *arg), void *arg);
/* Waits for the child and fails unless it exited with 0. */
void case_join(pid_t pid);

/* @nr threads that run @fn with their number; report with case_here() and end after case_go(). */
void case_threads(int nr, void *(*fn)(void *number));
/* A thread that is to wait without using the processor until case_threads_wake(). */
void case_thread_wait(void);
void case_threads_wake(void);
void case_threads_join(void);
/* Seconds of a wait that a dump and a restore are to fit in: $CASE_WAIT_S, or 1. */
int case_wait_s(void);
/* This thread's number in the kernel, never cached. */
pid_t case_tid(void);

void case_sleep_ms(long ms);
/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t case_now_ns(void);

/* Pseudo-random bytes that only @seed decides; check names the first wrong byte. */
void case_fill(void *buf, size_t len, uint32_t seed);
void case_check_fill(const void *buf, size_t len, uint32_t seed, const char *what);

/* The whole small file as text, in a static buffer (65535 bytes at most). */
const char *case_read_file(const char *path);
void case_write_file(const char *path, const char *text);
/* The text after "NAME:" in /proc/self/task/TID/status (0: this thread), blanks cut off. */
const char *case_status(pid_t tid, const char *name);
/* The line of /proc/self/smaps of the area at @addr that starts with "NAME:", blanks cut off. */
const char *case_smaps(const void *addr, const char *name);
/* True when "VmFlags" of the area at @addr holds the two letters. */
bool case_vmflag(const void *addr, const char *flag);
/* The 64-bit /proc/self/pagemap entry of the page. */
uint64_t case_pagemap(const void *addr);

/* The letter after the name in /proc/PID/stat. */
char case_state(pid_t pid);

#define PM_PRESENT (1ULL << 63)
#define PM_SWAP (1ULL << 62)
#define PM_FILE (1ULL << 61)
#define PM_GUARD (1ULL << 58)
#define PM_PFN(e) ((e) & ((1ULL << 55) - 1))

/* Private anonymous memory, readable and writable, all bytes zero; fails the case when there is none. */
void *case_map(size_t len);
/* The same, shared. */
void *case_map_shared(size_t len);
/* A file of @len bytes made by case_fill() in the current directory; an open descriptor of it. */
int case_make_file(const char *name, size_t len, uint32_t seed);
/* True when reading the byte gives SIGSEGV or SIGBUS; @sig_out (may be NULL) says which. */
bool case_faults(const volatile void *addr, int *sig_out);

#define CASE_NR(a) (sizeof(a) / sizeof(*(a)))

#endif
