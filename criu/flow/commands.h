/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_COMMANDS_H
#define FLOW_COMMANDS_H

/*
 * The commands as cli/ calls them, one function each.  All run in the coordinator with the work directory
 * as current directory and an absolute opts->images_dir.  A returned failure is reported once, by the
 * caller; the functions do not print it.
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/options.h"

/*
 * Success means that the images are complete.  *@exit_status_out becomes the status of a post-dump script
 * that did not end with 0 (the tree then runs on although the dump is complete); else it is left alone.
 */
MUST_USE struct err *dump_run(const struct options *opts, int *exit_status_out);

/*
 * Makes the tree and lets it run; then says FLOW_RESTORE_DONE at info level and calls status_ready()
 * (flow/pidfile.h).  Without opts->detach and opts->exec_cmd it waits until all its children ended, and
 * with opts->exit_status *@exit_status_out becomes the root task's status as a shell says it
 * (128 + signal); else it is left alone.  With opts->plan it prints what it would make on standard output,
 * and makes nothing.
 */
MUST_USE struct err *restore_run(const struct options *opts, int *exit_status_out);

/* Writes the memory of the tree as a parent for the next dump; the tree runs on. */
MUST_USE struct err *pre_dump_run(const struct options *opts);

/* Prints the iterations of the chain that ends in opts->images_dir, or writes opts->html. */
MUST_USE struct err *chain_run(const struct options *opts);
/* Makes one full set of opts->images_dir and its parents in opts->output_dir. */
MUST_USE struct err *squash_run(const struct options *opts);
/* Punches the pages that opts->images_dir has anew out of its parents. */
MUST_USE struct err *dedup_run(const struct options *opts);
/* Shows or ends the tracking of changed pages. */
MUST_USE struct err *track_run(const struct options *opts);
/*
 * For main(), before anything else: was this process started to hold what tracking needs between two dumps?  Then it
 * has done so by the time this returns, and ends with *@status_out.
 */
bool track_is_keeper(int argc, char *argv[], int *status_out);

/* Prints what was found on standard output; *@exit_status_out becomes 1 when something asked for is missing. */
MUST_USE struct err *check_run(const struct options *opts, int *exit_status_out);

/* Checks the set in opts->images_dir against its manifest; prints one line when it is whole. */
MUST_USE struct err *verify_run(const struct options *opts);

/* Prints the records of opts->images_dir on standard output, as JSON with opts->json. */
MUST_USE struct err *show_run(const struct options *opts);

/* Lines that tools search for in the log (CRIU's words). */
#define FLOW_DUMP_DONE "Dumping finished successfully"
#define FLOW_PRE_DUMP_DONE "Pre-dumping finished successfully"
#define FLOW_PRE_DUMP_LOST "Pre-dumping FAILED."
#define FLOW_DUMP_LOST "Dumping FAILED."
#define FLOW_RESTORE_DONE "Restore finished successfully. Tasks resumed."
#define FLOW_RESTORE_LOST "Restoring FAILED."

#endif
