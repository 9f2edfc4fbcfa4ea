/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_PIDFILE_H
#define FLOW_PIDFILE_H

/*
 * What other programs wait for: --pidfile and --status-fd.  A pid file holds a host pid in decimal without
 * a newline and must not exist before.  Paths are relative to the current (work) directory.  Each call does
 * nothing when the option was not given.
 */

#include <sys/types.h>

#include "base/err.h"
#include "base/options.h"

/* Before anything is changed: the pid file does not exist yet. */
MUST_USE struct err *pidfile_check(const struct options *opts);
MUST_USE struct err *pidfile_write(const struct options *opts, pid_t host_pid);
/* Undo of pidfile_write(): removes the file if it still says @host_pid.  Harmless twice. */
void pidfile_remove(const struct options *opts, pid_t host_pid);

/* Writes one NUL byte to --status-fd and closes it. */
MUST_USE struct err *status_ready(const struct options *opts);

#endif
