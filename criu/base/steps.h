/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_STEPS_H
#define BASE_STEPS_H

/*
 * The flow as data: a list of named steps, each with an undo.  Rollback, timings and the tests that kill
 * the tool at every step come from the list.
 */

#include "base/err.h"

struct step {
	const char *name; /* in the log, the timings, --stop-before, --stop-after and --fail-at */
	/* Cleans up its own half-done work when it fails. */
	MUST_USE struct err *(*run)(void *op);
	/* After a later failure; harmless twice; may be NULL. */
	void (*undo)(void *op);
};

struct steps_control {
	const char *stop_before; /* SIGKILL to ourselves there; NULL: nowhere */
	const char *stop_after;
	const char *fail_at; /* this step fails, and nothing of it is done */
};

/* Runs @nr steps in order; on failure undoes the finished ones in reverse. */
MUST_USE struct err *steps_run(const struct step *steps, size_t nr,
			       const struct steps_control *control, void *op);
/* Whether a step of this name is in the list: a name that fits nowhere is a usage error of the caller. */
bool steps_have(const struct step *steps, size_t nr, const char *name);

#endif
