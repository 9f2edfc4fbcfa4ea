/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * A failure is a value.  NULL is success; whoever holds a struct err owns it: return it, add to it,
 * or drop it.  A message starts with the action that could not be done and names the object with its
 * numbers; a hint starts with a verb and says what the user can do.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

enum err_code {
	ERR_USAGE = 1,	 /* the command line or the request is wrong */
	ERR_UNSUPPORTED, /* the tree holds something that cannot be dumped or restored */
	ERR_KERNEL,	 /* this kernel or these capabilities lack something */
	ERR_IMAGE,	 /* an image is missing, damaged or hostile */
	ERR_GONE,	 /* a task ended under our hands */
	ERR_SYS,	 /* a system call failed */
	ERR_REMOTE,	 /* a call inside a task failed */
	ERR_NOMEM,
	ERR_BUG,
};

struct err;

MUST_USE NEVER_NULL PRINTF_LIKE(2, 3) struct err *err_new(enum err_code code, const char *fmt, ...);
/* Like err_new(ERR_SYS) with ": strerror(errnum)" added; ESRCH gives ERR_GONE, ENOMEM ERR_NOMEM. */
MUST_USE NEVER_NULL PRINTF_LIKE(2, 3) struct err *err_sys(int errnum, const char *fmt, ...);
/* What the user can do; the first hint given (the most specific) is kept.  NULL stays NULL. */
MUST_USE PRINTF_LIKE(2, 3) struct err *err_hint(struct err *e, const char *fmt, ...);
/* Puts "context: " in front of the message.  NULL stays NULL. */
MUST_USE PRINTF_LIKE(2, 3) struct err *err_context(struct err *e, const char *fmt, ...);
/* Makes one failure of two; both messages are kept (blockers are reported together).  Each may be NULL. */
MUST_USE struct err *err_join(struct err *first, struct err *own_second);
/* The only way to ignore one; logged at debug with the reason. */
void err_drop(struct err *e, const char *why);

enum err_code err_code(const struct err *e);
const char *err_code_name(enum err_code code);
/* The message without its hint; lent, lives as long as @e. */
const char *err_message(const struct err *e);
/* NULL if there is none. */
const char *err_hint_text(const struct err *e);
/* The errno behind it, or 0. */
int err_errno(const struct err *e);
/* The next failure joined to this one, or NULL. */
const struct err *err_next(const struct err *e);
/* Prints the failure and what is joined to it to the log at error level, one line for each message or hint; drops it. */
void err_report(struct err *own_e);

/*
 * A failure as bytes, to pass it from a worker to the coordinator: err_pack writes a NUL-terminated
 * text into @buf (cut if need be), err_unpack makes an equal struct err of it.
 */
void err_pack(const struct err *e, char *buf, size_t len);
MUST_USE struct err *err_unpack(const char *buf);

#define TRY(expr)                              \
	do {                                   \
		struct err *try_err_ = (expr); \
		if (try_err_)                  \
			return try_err_;       \
	} while (0)

/* Stays on in releases; unwinds like any other failure. */
#define BUG_ON(cond)                                                                             \
	do {                                                                                     \
		if (cond)                                                                        \
			return err_new(ERR_BUG, "internal check \"%s\" in %s", #cond, __func__); \
	} while (0)

#endif
