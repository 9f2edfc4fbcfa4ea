// SPDX-License-Identifier: GPL-2.0-only
/* criu-lite track: what is tracked between two dumps, and its end. */
#include "flow/commands.h"

#include <string.h>

#include "mem/keeper.h"
#include "mem/tracker.h"

struct err *track_run(const struct options *opts)
{
	struct arena *a = arena_new();
	struct err *e = opts->track_stop ? mem_track_stop(a, opts->tree) : mem_track_status(a);

	arena_free(a);
	return e;
}

bool track_is_keeper(int argc, char *argv[], int *status_out)
{
	if (argc < 1 || strcmp(argv[0], KEEPER_NAME))
		return false;
	*status_out = keeper_main(argc, argv);
	return true;
}
