/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * One line per event: seconds since start, level, room, host pid, text, then key=value.
 * Debug lines always go to a ring in memory too, which log_dump_ring() writes out after a failure.
 * The only room with mutable state at file scope.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* Numbers are CRIU's -v levels. */
enum log_level { LOG_MSG = 0, LOG_ERROR = 1, LOG_WARN = 2, LOG_INFO = 3, LOG_DEBUG = 4 };

struct err;

/* @room is a short literal ("mem"); @pid is the host pid a line is about, or 0. */
PRINTF_LIKE(4, 5)
void log_line(enum log_level level, const char *room, pid_t pid, const char *fmt, ...);

#define log_error(room, pid, ...) log_line(LOG_ERROR, room, pid, __VA_ARGS__)
#define log_warn(room, pid, ...) log_line(LOG_WARN, room, pid, __VA_ARGS__)
#define log_info(room, pid, ...) log_line(LOG_INFO, room, pid, __VA_ARGS__)
#define log_debug(room, pid, ...) log_line(LOG_DEBUG, room, pid, __VA_ARGS__)

void log_set_level(enum log_level level);
/* `mem=debug` gives one room its own level.  ERR_USAGE if @spec does not parse. */
MUST_USE struct err *log_set_room(const char *spec);
/* The log goes to @path (0600, truncated) or, for "-", to standard output; lines before are kept. */
MUST_USE struct err *log_open(const char *path);
/* Gives @fd (now owned by the log) instead of a path. */
void log_use_fd(int own_fd);
/* The descriptor in use, so that workers can keep or move it. */
int log_fd(void);
/* Info lines do not go to a terminal, so that there is room on it for one that is rewritten. */
bool log_spares_terminal(void);
/* Such a line stands there: whatever is written to a terminal erases it first. */
void log_set_erase(bool on);
void log_dump_ring(void);
void log_close(void);

#endif
