/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_SCRIPTS_H
#define FLOW_SCRIPTS_H

/*
 * Action scripts: the user's programs run at stages of a dump or restore.  Executed directly, without
 * arguments, the one registered last first.  They see CRTOOLS_SCRIPT_ACTION, CRTOOLS_IMAGE_DIR and, once
 * the root task is known, CRTOOLS_INIT_PID.
 */

#include <sys/types.h>

#include "base/err.h"
#include "base/options.h"

enum script_stage {
	SCRIPT_PRE_DUMP,     /* before freezing; a status other than 0 ends the dump */
	SCRIPT_NETWORK_LOCK, /* tasks frozen, with a network namespace only; likewise */
	SCRIPT_POST_DUMP, /* images complete, tasks frozen; the status becomes the tool's, tasks run on */
	SCRIPT_NETWORK_UNLOCK, /* status ignored */
	SCRIPT_PRE_RESTORE,    /* a status other than 0 ends the restore, as in the next three */
	SCRIPT_SETUP_NAMESPACES,
	SCRIPT_POST_SETUP_NAMESPACES,
	SCRIPT_POST_RESTORE, /* tasks complete, not running */
	SCRIPT_PRE_RESUME,   /* status only logged, as in the next */
	SCRIPT_POST_RESUME,
};

/*
 * Runs all scripts of @opts for one stage and waits for each; without scripts it costs nothing.
 * @images_fd: the image directory.  @root_pid: host pid of the root task, 0 while unknown (a dump
 * knows it from the start).
 * @status_out (may be NULL) becomes the stage's status: 0, or that of the first script that did not end
 * with 0 (128 + signal if one was killed, 127 if one could not be started).  The returned failure is for the
 * stages that end the operation; for the others it is NULL whatever the scripts say.
 */
MUST_USE struct err *scripts_run(const struct options *opts, enum script_stage stage, int images_fd,
				 pid_t root_pid, int *status_out);

/* Before anything is changed: every script exists and may be executed, else all that cannot are named. */
MUST_USE struct err *scripts_check(const struct options *opts);

#endif
