/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracking rows [PATTERN]: what soft-dirty and userfaultfd's asynchronous write protection say after sequences of
 * calls, next to what really changed.  tracking kinds: which mappings can be registered, and what arming does.
 * tracking cost: how long the questions take.  README.md in this folder has the results and the words.
 */
#include "tracking.h"

int main(int argc, char **argv)
{
	struct utsname kernel;

	uname(&kernel);
	printf("# %s\n", kernel.release);
	if (argc > 1 && !strcmp(argv[1], "rows"))
		run_rows(argc > 2 ? argv[2] : "*", argc > 3);
	else if (argc > 1 && !strcmp(argv[1], "kinds"))
		run_kinds();
	else if (argc > 1 && !strcmp(argv[1], "probes"))
		run_probes();
	else if (argc > 1 && !strcmp(argv[1], "cost"))
		run_costs(argc > 2);
	else
		subject_die(
			"usage: tracking rows [PATTERN [flags]] | kinds | probes | cost [huge]");
	return 0;
}
