// SPDX-License-Identifier: GPL-2.0-only
#include "cli/help.h"

#include <string.h>

#include "cli/options.h"

enum { HELP_COLUMN = 32, HELP_WIDTH = 80, NAMES_MAX = 128 };

/* Breaks @text at blanks so that no line passes HELP_WIDTH; the cursor is at @column. */
static void print_wrapped(FILE *to, size_t column, size_t indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > indent && column + 1 + len > HELP_WIDTH) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', to);
			column++;
		}
		fprintf(to, "%.*s", (int)len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

/* "-t, --tree PID", as wide as it is. */
static void option_names(const struct option_row *row, char names[NAMES_MAX])
{
	char letter[8] = "    ";

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(names, NAMES_MAX, "  %s--%s%s%s%s", letter, row->name,
		 !row->arg	  ? "" :
		 row->is_optional ? "[=" :
				    " ",
		 row->arg ? row->arg : "", row->arg && row->is_optional ? "]" : "");
}

static void print_option(FILE *to, const struct option_row *row)
{
	char names[NAMES_MAX], text[512];
	int width;

	option_names(row, names);
	if (row->fallback)
		snprintf(text, sizeof(text), "%s (default: %s)", row->help, row->fallback);
	else
		snprintf(text, sizeof(text), "%s", row->help);
	width = fprintf(to, "%s", names);
	if (width >= HELP_COLUMN - 1) {
		fputc('\n', to);
		width = 0;
	}
	fprintf(to, "%*s", HELP_COLUMN - width, "");
	print_wrapped(to, HELP_COLUMN, HELP_COLUMN, text);
}

static bool is_shown(const struct option_row *row, enum option_group group)
{
	return row->group == group && !row->not_yet;
}

static void print_group(FILE *to, enum option_group group)
{
	bool is_first = true;

	for (size_t i = 0; i < nr_option_rows; i++) {
		if (!is_shown(&option_rows[i], group))
			continue;
		if (is_first)
			fprintf(to, "\n%s:\n", option_group_titles[group]);
		is_first = false;
		print_option(to, &option_rows[i]);
	}
}

static void print_refused(FILE *to)
{
	size_t column = 0;

	fprintf(to, "\nKnown from CRIU, refused because not supported yet:\n");
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (!row->not_yet)
			continue;
		if (column + strlen(row->name) + 3 > HELP_WIDTH) {
			fputc('\n', to);
			column = 0;
		}
		column += fprintf(to, "%s--%s", column ? " " : "  ", row->name);
	}
	fputc('\n', to);
}

void help_usage(FILE *to)
{
	fprintf(to, "\nUsage:\n");
	for (size_t i = 0; i < nr_command_rows; i++)
		if (!command_rows[i].not_yet)
			fprintf(to, "  criu-lite %s %s\n", command_rows[i].name,
				command_rows[i].usage);
	fprintf(to, "\nCommands:\n");
	for (size_t i = 0; i < nr_command_rows; i++) {
		if (command_rows[i].not_yet)
			continue;
		fprintf(to, "  %-10s", command_rows[i].name);
		print_wrapped(to, 12, 12, command_rows[i].help);
	}
	fprintf(to, "\nTry criu-lite --help for the options.\n");
}

void help_all(FILE *to)
{
	help_usage(to);
	fprintf(to, "\nOptions stand anywhere; those without a value mostly have a form --no-NAME, "
		    "and\n"
		    "the last one given counts.\n");
	for (int group = 0; group < NR_OPTION_GROUPS; group++)
		print_group(to, group);
	print_refused(to);
}
