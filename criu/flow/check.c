// SPDX-License-Identifier: GPL-2.0-only
/*
 * criu-lite check: what this kernel, these capabilities and this machine can do, each with what it
 * is for.
 */
#include <stdio.h>
#include <string.h>

#include "flow/commands.h"

#include "kernel/features.h"

struct check_group {
	enum feature_need need;
	const char *title;
};

static const struct check_group groups[] = {
	{ NEED_BASIC, "Needed for every dump and restore" },
	{ NEED_SOME, "Needed for programs that use it" },
	{ NEED_OPTIONAL, "Makes things faster or is needed for one option" },
	{ NEED_LATER, "Not used by this version" },
};

static const char *state_word(uint8_t state)
{
	switch ((enum feature_state)state) {
	case FEATURE_YES:
		return "yes";
	case FEATURE_NO:
		return "no";
	case FEATURE_NOT_PROBED:
	case FEATURE_NOT_ASKED:
		break;
	}
	return "-";
}

static void print_feature(const struct kernel_features *k, enum kernel_feature f)
{
	const struct feature_info *info = &feature_table[f];

	printf("  %-3s  %-28s %s\n", state_word(k->state[f]), info->name, info->purpose);
	if (k->state[f] == FEATURE_NOT_PROBED)
		printf("       %-28s not probed by this version\n", "");
	if (k->state[f] != FEATURE_NO)
		return;
	if (k->reason[f][0])
		printf("       %-28s the answer here: %s\n", "", k->reason[f]);
	if (info->advice)
		printf("       %-28s %s\n", "", info->advice);
}

/* How many of the group are missing. */
static size_t print_group(const struct kernel_features *k, const struct check_group *g)
{
	size_t nr_missing = 0;

	printf("%s:\n", g->title);
	for (int f = 0; f < KF_NR; f++) {
		if (feature_table[f].need != g->need)
			continue;
		print_feature(k, (enum kernel_feature)f);
		nr_missing += k->state[f] == FEATURE_NO;
	}
	return nr_missing;
}

static void check_all(const struct options *opts, int *exit_status)
{
	struct kernel_features k = { 0 };
	size_t nr_basic = 0, nr_asked = 0;

	kernel_probe_all(&k);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		size_t nr_missing = print_group(&k, &groups[i]);

		if (groups[i].need == NEED_BASIC)
			nr_basic += nr_missing;
		if ((groups[i].need == NEED_SOME && opts->check_extra) ||
		    (groups[i].need == NEED_OPTIONAL && opts->check_experimental))
			nr_asked += nr_missing;
	}
	printf("Registers: the extended state of a thread takes %u bytes here.\n", k.xsave_bytes);
	if (nr_basic) {
		printf("Does not look good.\n");
	} else {
		printf("Looks good");
		printf(nr_asked ? " but some features that were asked for are missing: %zu.\n" :
				  ".\n",
		       nr_asked);
	}
	if (nr_basic || nr_asked)
		*exit_status = 1;
}

static bool check_one(struct kernel_features *k, const char *name)
{
	enum kernel_feature f = kernel_feature_find(name);

	if (f == KF_NR) {
		printf("%s is not known; criu-lite check lists all names\n", name);
		return false;
	}
	kernel_probe(k, &f, 1);
	switch ((enum feature_state)k->state[f]) {
	case FEATURE_YES:
		printf("%s is supported\n", name);
		return true;
	case FEATURE_NOT_PROBED:
		printf("%s is not probed by this version: %s\n", name, feature_table[f].purpose);
		return false;
	case FEATURE_NO:
	case FEATURE_NOT_ASKED:
		break;
	}
	printf("%s is not supported%s%s\n", name, k->reason[f][0] ? ": " : "", k->reason[f]);
	return false;
}

struct err *check_run(const struct options *opts, int *exit_status_out)
{
	struct kernel_features k = { 0 };

	if (!opts->features.nr) {
		check_all(opts, exit_status_out);
		return NULL;
	}
	for (size_t i = 0; i < opts->features.nr; i++) {
		if (!check_one(&k, opts->features.items[i]))
			*exit_status_out = 1;
	}
	return NULL;
}
