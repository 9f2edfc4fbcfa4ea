/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEST_UNIT_H
#define TEST_UNIT_H

/*
 * A unit test is a program: exit status 0 passed, 1 not, 77 cannot run here (the reason on stderr).  It calls
 * functions of the tool directly; UNIT_RUN names each group in the output.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			exit(1);                                                             \
		}                                                                            \
	} while (0)

#define CHECK_STR(have, want)                                                                    \
	do {                                                                                     \
		const char *have_ = (have), *want_ = (want);                                     \
		if (!have_ || strcmp(have_, want_)) {                                            \
			fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, \
				#have, have_ ? have_ : "(null)", want_);                         \
			exit(1);                                                                 \
		}                                                                                \
	} while (0)

#define CHECK_OK(expr)                                                                \
	do {                                                                          \
		struct err *e_ = (expr);                                              \
		if (e_) {                                                             \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #expr, \
				err_message(e_));                                     \
			exit(1);                                                      \
		}                                                                     \
	} while (0)

/* The expression must give a failure of this code. */
#define CHECK_ERR(expr, code_)                                                                \
	do {                                                                                  \
		struct err *e_ = (expr);                                                      \
		if (!e_ || err_code(e_) != (code_)) {                                         \
			fprintf(stderr, "%s:%d: %s: %s, not %s\n", __FILE__, __LINE__, #expr, \
				e_ ? err_message(e_) : "success", err_code_name(code_));      \
			exit(1);                                                              \
		}                                                                             \
		err_drop(e_, "expected by the test");                                         \
	} while (0)

#define UNIT_RUN(function)                            \
	do {                                          \
		fprintf(stderr, "  %s\n", #function); \
		function();                           \
	} while (0)

static inline void unit_skip(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	exit(77);
}

#endif
