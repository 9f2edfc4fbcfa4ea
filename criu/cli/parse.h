/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

/*
 * Words become const struct options.  The rules are getopt_long's (options anywhere, unambiguous beginnings
 * of long names, --name=value or --name value); what an option means is in its row.
 * Later wins: the defaults, /etc/criu/default.conf, $HOME/.criu/default.conf, the file CRIU_CONFIG_FILE
 * names, --config, the command line.  Options that may be repeated add up.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/options.h"

struct invocation {
	struct options opts;
	bool wants_help;
	bool wants_version;
	bool wants_usage;	  /* after a failure: the usage would help */
	int refusal_status;	  /* after a failure: the exit status */
	struct string_list notes; /* what had no effect; for the log */
};

/* All memory of @out is @a's or argv's.  On failure wants_usage and refusal_status are set, nothing else. */
MUST_USE struct err *options_parse(struct arena *a, int argc, char *const argv[],
				   struct invocation *out);

#endif
