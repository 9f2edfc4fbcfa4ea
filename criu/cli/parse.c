// SPDX-License-Identifier: GPL-2.0-only
#include "cli/parse.h"

/*
 * getopt_long splits the words, with its own tables made from the rows: val says the row and whether --no-
 * was in front.  All words become settings first, because which files to read and what an option means both
 * depend on words that may come later.
 */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/config.h"
#include "cli/setting_priv.h"

enum {
	LONG_BASE = 256, /* above all letters */
	OPERAND = 1,	 /* what getopt_long returns for a word that is no option */
};

struct parser {
	struct arena *a;
	struct invocation *inv;

	struct option *long_options;
	char *letters;

	struct setting *settings;
	size_t nr_settings;

	const char **operands;
	size_t nr_operands;
};

static void add_long(struct parser *p, size_t *nr, const char *name, size_t row, bool is_negated)
{
	const struct option_row *r = &option_rows[row];

	p->long_options[*nr].name = name;
	p->long_options[*nr].has_arg = !option_takes_argument(r) ? no_argument :
				       r->is_optional		 ? optional_argument :
								   required_argument;
	p->long_options[*nr].val = LONG_BASE + 2 * (int)row + is_negated;
	(*nr)++;
}

/* The leading - asks for operands in place, the : for silence about a missing argument. */
static void make_tables(struct parser *p)
{
	size_t nr = 0, pos = 0;

	p->long_options = arena_array(p->a, 2 * nr_option_rows + 2, sizeof(*p->long_options));
	p->letters = arena_alloc(p->a, 3 * nr_option_rows + 3);
	p->letters[pos++] = '-';
	p->letters[pos++] = ':';
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *r = &option_rows[i];

		add_long(p, &nr, r->name, i, false);
		/* CRIU's scripts write --track, which would not be clear any more. */
		if (r->offset == offsetof(struct options, track_mem))
			add_long(p, &nr, "track", i, false);
		if (r->is_negatable)
			add_long(p, &nr, arena_printf(p->a, "no-%s", r->name), i, true);
		if (!r->letter)
			continue;
		p->letters[pos++] = r->letter;
		for (int colons = !!option_takes_argument(r) + r->is_optional; colons > 0; colons--)
			p->letters[pos++] = ':';
	}
}

static size_t row_of_letter(int letter)
{
	size_t i = 0;

	while (option_rows[i].letter != letter)
		i++;
	return i;
}

/* Names that begin as @text does, up to its =; for the hint of an ambiguous one. */
static char *names_beginning_with(const struct parser *p, const char *text)
{
	size_t len = strcspn(text, "=");
	char *names = NULL;

	for (const struct option *o = p->long_options; o->name; o++) {
		if (strncmp(o->name, text, len))
			continue;
		names = names ? arena_printf(p->a, "%s, --%s", names, o->name) :
				arena_printf(p->a, "--%s", o->name);
	}
	return names;
}

/* What getopt_long did not understand; @word is where it stopped. */
static struct err *not_understood(struct parser *p, const char *word)
{
	int row = (optopt - LONG_BASE) / 2;
	const char *names;

	p->inv->wants_usage = true;
	if (optopt >= LONG_BASE)
		return err_new(ERR_USAGE, "option --%s takes no value", option_rows[row].name);
	if (optopt)
		return err_new(ERR_USAGE, "unknown option -%c", optopt);
	names = names_beginning_with(p, word + strspn(word, "-"));
	if (names)
		return err_hint(err_new(ERR_USAGE, "ambiguous option %s", word), "write one of %s",
				names);
	return err_new(ERR_USAGE, "unknown option %s", word);
}

static struct err *lacks_argument(struct parser *p)
{
	const struct option_row *row =
		&option_rows[optopt >= LONG_BASE ? (size_t)(optopt - LONG_BASE) / 2 :
						   row_of_letter(optopt)];

	p->inv->wants_usage = true;
	return err_hint(err_new(ERR_USAGE, "option --%s needs a value", row->name), "write --%s %s",
			row->name, row->arg);
}

static void add_setting(struct parser *p, int val, const char *where)
{
	size_t row = val >= LONG_BASE ? (size_t)(val - LONG_BASE) / 2 : row_of_letter(val);

	p->settings = arena_grow(p->a, p->settings, p->nr_settings, sizeof(*p->settings));
	p->settings[p->nr_settings++] = (struct setting){
		.row = &option_rows[row],
		.value = optarg,
		.is_negated = val >= LONG_BASE && (val - LONG_BASE) % 2,
		.is_letter = val < LONG_BASE,
		.where = where,
	};
}

static void add_operand(struct parser *p, const char *word)
{
	p->operands = arena_grow(p->a, p->operands, p->nr_operands, sizeof(*p->operands));
	p->operands[p->nr_operands++] = word;
}

static struct err *split_words(struct parser *p, int argc, char *const argv[], const char *where)
{
	opterr = 0;
	optind = 0; /* makes getopt_long start anew */
	for (;;) {
		int val = getopt_long(argc, argv, p->letters, p->long_options, NULL);

		if (val == -1)
			break;
		else if (val == OPERAND)
			add_operand(p, optarg);
		else if (val == ':')
			return lacks_argument(p);
		else if (val == '?')
			return not_understood(p, argv[optind - 1]);
		else
			add_setting(p, val, where);
	}
	while (optind < argc)
		add_operand(p, argv[optind++]);
	return NULL;
}

/* Each line is one long option with its value glued on, so values need no quoting from here on. */
static struct err *add_config(struct parser *p, const char *path, bool is_named)
{
	struct config_line *lines = NULL;
	bool is_missing;
	size_t nr;

	TRY(config_read(p->a, path, &lines, &nr, &is_missing));
	if (is_missing && is_named)
		string_list_add(p->a, &p->inv->notes,
				arena_printf(p->a, "configuration file %s is not there", path));
	for (size_t i = 0; i < nr; i++) {
		const char *where = arena_printf(p->a, "%s:%u", path, lines[i].line);
		char *argv[] = {
			(char *)path,
			lines[i].value ?
				arena_printf(p->a, "--%s=%s", lines[i].name, lines[i].value) :
				arena_printf(p->a, "--%s", lines[i].name),
			NULL,
		};
		const struct setting *last;

		TRY(err_context(split_words(p, 2, argv, where), "%s", where));
		last = &p->settings[p->nr_settings - 1];
		if (last->row->is_command_line_only)
			return err_hint(err_new(ERR_USAGE, "%s: cannot use option %s in a file",
						where, last->row->name),
					"give it on the command line");
	}
	return NULL;
}

static struct err *add_all_configs(struct parser *p, bool no_defaults, const char *named)
{
	const char *home = getenv("HOME");
	const char *from_env = getenv("CRIU_CONFIG_FILE");

	if (!no_defaults)
		TRY(add_config(p, "/etc/criu/default.conf", false));
	if (!no_defaults && home && *home)
		TRY(add_config(p, arena_printf(p->a, "%s/.criu/default.conf", home), false));
	if (from_env && *from_env)
		TRY(add_config(p, from_env, true));
	if (named)
		TRY(add_config(p, named, true));
	return NULL;
}

/* Files come before the command line in the list, although only the command line says which files. */
static struct err *add_configs_in_front(struct parser *p)
{
	struct setting *words = p->settings;
	size_t nr_words = p->nr_settings;
	const char *named = NULL;
	bool no_defaults = false;

	for (size_t i = 0; i < nr_words; i++) {
		if (words[i].row->offset == offsetof(struct options, configs))
			named = words[i].value;
		if (words[i].row->offset == offsetof(struct options, no_default_config))
			no_defaults = true;
	}
	p->settings = NULL;
	p->nr_settings = 0;
	TRY(add_all_configs(p, no_defaults || named, named));
	for (size_t i = 0; i < nr_words; i++) {
		p->settings = arena_grow(p->a, p->settings, p->nr_settings, sizeof(*p->settings));
		p->settings[p->nr_settings++] = words[i];
	}
	return NULL;
}

static bool given(const struct parser *p, enum option_type type)
{
	for (size_t i = 0; i < p->nr_settings; i++)
		if (p->settings[i].row->type == type)
			return true;
	return false;
}

/* The first operand.  The rest is looked at by take_operands(). */
static struct err *find_command(struct parser *p, const struct command_row **out)
{
	p->inv->wants_usage = true;
	if (!p->nr_operands)
		return err_new(ERR_USAGE, "no command given");
	for (size_t i = 0; i < nr_command_rows; i++) {
		const struct command_row *c = &command_rows[i];

		if (strcmp(c->name, p->operands[0]))
			continue;
		p->inv->wants_usage = false;
		*out = c;
		if (!c->not_yet)
			return NULL;
		p->inv->refusal_status = c->refusal_status ? c->refusal_status : 1;
		return err_hint(err_new(ERR_UNSUPPORTED, "command %s is not supported yet",
					c->name),
				"%s", c->not_yet);
	}
	return err_new(ERR_USAGE, "unknown command %s", p->operands[0]);
}

static struct err *take_operands(struct parser *p, const struct command_row *command)
{
	struct options *opts = &p->inv->opts;
	size_t nr_taken = 1;

	if (given(p, OPT_EXEC) && command->command == CMD_RESTORE) {
		add_operand(p, NULL);
		if (!p->operands[1])
			return err_hint(err_new(ERR_USAGE, "--exec-cmd lacks its command"),
					"write it behind --, at the end of the line");
		opts->exec_cmd = p->operands + 1;
		return NULL;
	}
	if (command->operand && p->nr_operands > 1)
		opts->images_dir = p->operands[nr_taken++];
	if (p->nr_operands == nr_taken)
		return NULL;
	p->inv->wants_usage = true;
	return err_new(ERR_USAGE, "unexpected word \"%s\" after command %s", p->operands[nr_taken],
		       command->name);
}

/* What no single row can know. */
static struct err *check_together(const struct options *opts)
{
	bool waits = !opts->detach && !opts->exec_cmd;

	if ((opts->command == CMD_DUMP || opts->command == CMD_PRE_DUMP) && !opts->tree)
		return err_hint(err_new(ERR_USAGE, "pid not specified"),
				"say with -t PID which process is the root of the tree");
	if (opts->command == CMD_SQUASH && !opts->output_dir)
		return err_hint(err_new(ERR_USAGE, "squash lacks the directory for its result"),
				"say with -o DIR where the one set is to be written");
	if (opts->command == CMD_TRACK && opts->track_status == opts->track_stop)
		return err_hint(err_new(ERR_USAGE, "track is told nothing to do"),
				"give either --status or --stop");
	if (opts->until_frozen_ms && opts->prev_images_dir)
		return err_hint(err_new(ERR_USAGE, "cannot continue another chain with "
						   "--until-frozen"),
				"leave out --prev-images-dir: the first of the pre-dumps is a "
				"whole one");
	if (opts->command != CMD_RESTORE)
		return NULL;
	if (opts->restore_sibling && !opts->detach)
		return err_hint(err_new(ERR_USAGE, "cannot wait for a sibling (--restore-sibling)"),
				"add --restore-detached");
	if (opts->exec_cmd && opts->detach)
		return err_hint(err_new(ERR_USAGE, "cannot detach and execute a command as well"),
				"give --exec-cmd or --restore-detached");
	if (opts->exit_status && !waits)
		return err_hint(err_new(ERR_USAGE,
					"cannot know an exit status without waiting for it"),
				"leave out --restore-detached and --exec-cmd, or --exit-status");
	return NULL;
}

/* Help is looked for before anything else, whatever else is wrong. */
static bool asks_for_help(int argc, char *const argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return true;
	return false;
}

struct err *options_parse(struct arena *a, int argc, char *const argv[], struct invocation *out)
{
	struct parser p = { .a = a, .inv = out };
	const struct command_row *command;
	struct err *all = NULL;

	*out = (struct invocation){ .refusal_status = 1, .wants_help = asks_for_help(argc, argv) };
	if (out->wants_help)
		return NULL;
	make_tables(&p);
	TRY(settings_default(a, out));
	TRY(split_words(&p, argc, argv, NULL));
	out->wants_version = given(&p, OPT_VERSION);
	out->wants_help = given(&p, OPT_HELP);
	if (out->wants_version || out->wants_help)
		return NULL;

	TRY(find_command(&p, &command));
	out->opts.command = command->command;
	TRY(add_configs_in_front(&p));
	for (size_t i = 0; i < p.nr_settings; i++)
		all = err_join(all, setting_apply(a, &p.settings[i], out));
	if (all)
		return all;
	TRY(take_operands(&p, command));
	return check_together(&out->opts);
}
