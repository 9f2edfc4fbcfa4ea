/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a subject is: a program that is dumped and restored by bench, storm, faults and big, and tells whether it is
 * well when it is asked.  Asking is a file DIR/ask; the answer is one line in DIR/answer that begins with "ok" or
 * "wrong" and says how many answers were given before, so that a restored subject proves where it went on.
 */
#ifndef TEST_SUBJECT_H
#define TEST_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the whole process with a reason on standard error. */
__attribute__((noreturn, format(printf, 1, 2))) void subject_die(const char *fmt, ...);

/* The value of a call that must not give -1. */
#define SUBJECT_SYS(expr)                                                        \
	__extension__({                                                          \
		__typeof__(expr) subject_r_ = (expr);                            \
		if ((long)subject_r_ == -1)                                      \
			subject_die("%s:%d: %s: %m", __FILE__, __LINE__, #expr); \
		subject_r_;                                                      \
	})

/* As many descriptors as the hard limit allows. */
void subject_raise_limits(void);
void subject_sleep_us(long us);
int64_t subject_now_ns(void);
/* Memory that is zero; @is_shared: with the processes forked later. */
void *subject_map(size_t len, bool is_shared);

/*
 * Answers questions in @dir until the process is killed.  @check writes what is to be told after the first word
 * (at most @len bytes with the NUL) and returns whether all is well.
 */
__attribute__((noreturn)) void subject_serve(const char *dir,
					     bool (*check)(char *text, size_t len));

#endif
