// SPDX-License-Identifier: GPL-2.0-only

/*
 * gen-docs TEMPLATE: copies a template to standard output and puts what the option rows say in place of
 * the lines @name@.  A program of its own, so that the manual can be built where the tool cannot run.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/version.h"

enum { LINE_BYTES = 4096 };

static const struct {
	enum command command;
	const char *name;
} commands[] = {
	{ CMD_DUMP, "dump" },	  { CMD_RESTORE, "restore" }, { CMD_CHECK, "check" },
	{ CMD_VERIFY, "verify" }, { CMD_SHOW, "show" },
};

enum { NR_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* --- the manual --- */

/* Dashes are minus signs, and nothing is taken for a request. */
static void roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text == '\\' ? 'e' : *text);
	}
}

static void sentence(const char *text)
{
	char first[2] = { (char)toupper((unsigned char)*text), '\0' };

	roff(first);
	roff(text + 1);
	putchar('.');
}

static void option_heading(const struct option_row *row)
{
	printf(".TP\n");
	if (row->letter)
		printf("\\fB\\-%c\\fR, ", row->letter);
	printf("\\fB\\-\\-");
	roff(row->is_negatable ? "[no-]" : "");
	roff(row->name);
	printf("\\fR");
	if (row->arg) {
		printf(row->is_optional ? "[=\\fI" : " \\fI");
		roff(row->arg);
		printf(row->is_optional ? "\\fR]" : "\\fR");
	}
}

static void option_commands(const struct option_row *row)
{
	const char *between = " (";

	if (row->commands == IN_ALL)
		return;
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (!(row->commands & (1U << commands[i].command)))
			continue;
		printf("%s%s", between, commands[i].name);
		between = ", ";
	}
	printf(")");
}

static void man_option(const struct option_row *row)
{
	option_heading(row);
	option_commands(row);
	printf("\n");
	sentence(row->help);
	if (row->fallback) {
		printf(" Default: ");
		roff(row->fallback);
		putchar('.');
	}
	if (row->no_effect) {
		printf("\nAccepted without effect: ");
		roff(row->no_effect);
		putchar('.');
	}
	printf("\n");
}

static void man_options(void)
{
	for (int group = 0; group < NR_OPTION_GROUPS; group++) {
		bool is_first = true;

		for (size_t i = 0; i < nr_option_rows; i++) {
			if ((int)option_rows[i].group != group || option_rows[i].not_yet)
				continue;
			if (is_first)
				printf(".SS %s\n", option_group_titles[group]);
			is_first = false;
			man_option(&option_rows[i]);
		}
	}
}

static void man_refused(void)
{
	for (size_t i = 0; i < nr_option_rows; i++) {
		if (!option_rows[i].not_yet)
			continue;
		option_heading(&option_rows[i]);
		printf("\n");
		sentence(option_rows[i].help);
		printf("\nNot yet: ");
		roff(option_rows[i].not_yet);
		printf(".\n");
	}
}

static void man_commands(void)
{
	for (size_t i = 0; i < nr_command_rows; i++) {
		printf(".TP\n\\fB");
		roff(command_rows[i].name);
		printf("\\fR\n");
		sentence(command_rows[i].help);
		if (command_rows[i].not_yet) {
			printf("\nNot supported yet: ");
			roff(command_rows[i].not_yet);
			putchar('.');
		}
		printf("\n");
	}
}

/* --- the completion --- */

static const char *completion_of(const struct option_row *row)
{
	switch (row->type) {
	case OPT_DIR:
		return "-d";
	case OPT_FILE:
	case OPT_FILE_LIST:
	case OPT_PROGRAM:
		return "-f";
	case OPT_PID:
		return "-W \"$(_criu_lite_pids)\"";
	default:
		return NULL;
	}
}

static void bash_value_case(const struct option_row *row)
{
	const char *how = completion_of(row);

	printf("\t");
	if (row->letter)
		printf("-%c | ", row->letter);
	printf("--%s) ", row->name);
	if (row->words) {
		printf("mapfile -t COMPREPLY < <(compgen -W '");
		for (size_t i = 0; row->words[i]; i++)
			printf("%s%s", i ? " " : "", row->words[i]);
		printf("' -- \"$cur\") ;;\n");
	} else if (how) {
		printf("mapfile -t COMPREPLY < <(compgen %s -- \"$cur\") ;;\n", how);
	} else {
		printf("return 0 ;;\n");
	}
}

static void bash_value_cases(void)
{
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->arg && !row->not_yet && !row->is_optional)
			bash_value_case(row);
	}
}

static void bash_options(unsigned int mask)
{
	const char *between = "";

	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->not_yet || !(row->commands & mask))
			continue;
		printf("%s--%s", between, row->name);
		between = " ";
	}
}

static void bash_option_cases(void)
{
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		printf("\t%s) echo '", commands[i].name);
		bash_options(1U << commands[i].command);
		printf("' ;;\n");
	}
	printf("\t*) echo '");
	bash_options(IN_ALL);
	printf("' ;;\n");
}

static void bash_command_case(void)
{
	printf("\t\t");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("%s%s", i ? " | " : "", commands[i].name);
	printf(")\n");
}

static void bash_command_words(void)
{
	printf("\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("%s%s", i ? " " : "", commands[i].name);
	printf("' -- \"$cur\")\n");
}

/* --- templates --- */

static const struct {
	const char *line;
	void (*print)(void);
} places[] = {
	{ "@commands@\n", man_commands },
	{ "@options@\n", man_options },
	{ "@refused@\n", man_refused },
	{ "@value-cases@\n", bash_value_cases },
	{ "@option-cases@\n", bash_option_cases },
	{ "@command-case@\n", bash_command_case },
	{ "@command-words@\n", bash_command_words },
};

/* False: the line asks for something unknown. */
static bool copy_line(const char *line)
{
	const char *version = strstr(line, "@version@");

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(line, places[i].line))
			continue;
		places[i].print();
		return true;
	}
	if (version)
		printf("%.*s%s%s", (int)(version - line), line, CRIU_LITE_VERSION,
		       version + strlen("@version@"));
	else
		fputs(line, stdout);
	return line[0] != '@';
}

int main(int argc, char *argv[])
{
	char line[LINE_BYTES];
	FILE *template;
	bool is_good = true;

	template = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!template) {
		fprintf(stderr, "usage: gen-docs TEMPLATE\n");
		return 2;
	}
	while (is_good && fgets(line, sizeof(line), template))
		is_good = copy_line(line);
	if (!is_good)
		fprintf(stderr, "gen-docs: nothing to put in place of %s", line);
	fclose(template);
	return is_good && !fflush(stdout) ? 0 : 1;
}
