/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/*
 * One row for each option.  The parser, the configuration files, --help, the manual page and the shell
 * completion all read these rows; nothing else in the tree knows an option by name.
 *
 * To add an option: a member in base/options.h and a row in options.c.  To support one that is refused
 * today: give its row an offset and commands, and drop .not_yet.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"

enum option_type {
	OPT_BOOL,      /* bool */
	OPT_FINAL,     /* enum final_state: becomes .value */
	OPT_PID,       /* pid_t */
	OPT_UINT,      /* unsigned int */
	OPT_FD,	       /* int; -1 while not given */
	OPT_SIZE,      /* uint64_t, with K, M or G behind the number */
	OPT_TEXT,      /* const char * */
	OPT_FILE,      /* the same; completed as a file name */
	OPT_DIR,       /* the same; completed as a directory */
	OPT_LIST,      /* struct string_list: one more item each time */
	OPT_FILE_LIST, /* the same; completed as file names */
	OPT_WORD,      /* one of .words; a bool at .offset says whether it is .words[.value] */
	OPT_ENUM,      /* int: which of .words */
	OPT_VERBOSITY, /* int: one more without an argument */
	OPT_PROGRAM,   /* struct string_list: an existing program's path, made absolute */
	OPT_EXTERNAL,  /* struct string_list, checked by cli/external.h */
	OPT_PEERS,     /* bool; with inode numbers they are added to external as unix[INODE] */
	OPT_INHERIT,   /* the same, for --inherit-fd */
	OPT_EXEC,      /* --exec-cmd: the words behind -- */
	OPT_ALL_CHECKS,
	OPT_HELP,
	OPT_VERSION,
};

enum {
	IN_DUMP = 1 << CMD_DUMP,
	IN_RESTORE = 1 << CMD_RESTORE,
	IN_CHECK = 1 << CMD_CHECK,
	IN_VERIFY = 1 << CMD_VERIFY,
	IN_SHOW = 1 << CMD_SHOW,
	IN_PRE_DUMP = 1 << CMD_PRE_DUMP,
	IN_DEDUP = 1 << CMD_DEDUP,
	IN_CHAIN = 1 << CMD_CHAIN,
	IN_SQUASH = 1 << CMD_SQUASH,
	IN_TRACK = 1 << CMD_TRACK,
	IN_BOTH = IN_DUMP | IN_RESTORE,
	IN_DUMPS = IN_DUMP | IN_PRE_DUMP,
	IN_ALL = IN_BOTH | IN_CHECK | IN_VERIFY | IN_SHOW | IN_PRE_DUMP | IN_DEDUP | IN_CHAIN |
		 IN_SQUASH | IN_TRACK,
};

enum option_group {
	GROUP_GENERIC,
	GROUP_LOG,
	GROUP_WHAT,
	GROUP_MEMORY,
	GROUP_OUTSIDE,
	GROUP_CGROUP,
	GROUP_SCRIPTS,
	GROUP_CHECK,
	GROUP_SHOW,
	GROUP_TESTS,
	NR_OPTION_GROUPS,
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum option_type type;
	enum option_group group;
	unsigned int commands; /* IN_*: where it means something */
	size_t offset;	       /* in struct options; 0 (the command): stored nowhere */
	bool is_negatable;     /* --no-NAME too */
	bool is_optional; /* its argument may be left out, and follows only behind = or the letter */
	bool is_command_line_only;
	uint64_t min, max; /* of a number; both 0: no limits but the type's */
	int value;
	const char *const *words; /* NULL-terminated */
	const char *arg;	  /* placeholder of the argument; NULL: takes none */
	const char *fallback;	  /* the default, as the user would write it; NULL: none */
	const char *help;	  /* a sentence without a full stop */
	const char *no_effect;	  /* accepted and checked, changes nothing; why */
	const char *not_yet;	  /* refused; why */
};

extern const struct option_row option_rows[];
extern const size_t nr_option_rows;

struct command_row {
	const char *name;
	enum command command;
	const char *operand; /* placeholder of one more word; NULL: none */
	const char *usage;   /* what follows the name in the usage */
	const char *help;
	const char *not_yet; /* refused; what to do instead, and why */
	int refusal_status;  /* exit status then; 0: 1 */
};

extern const struct command_row command_rows[];
extern const size_t nr_command_rows;
extern const char *const option_group_titles[NR_OPTION_GROUPS];

static inline bool option_takes_argument(const struct option_row *row)
{
	return row->arg != NULL;
}

#endif
