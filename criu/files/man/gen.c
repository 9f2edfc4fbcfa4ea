// SPDX-License-Identifier: GPL-2.0-only

/*
 * gen-files-doc TEMPLATE: copies a template to standard output and puts the kinds of descriptors, and what is
 * refused, in place of the lines @name@.  It is linked with the tool's own tables.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "files/kind.h"
#include "files/unsupported.h"

enum { LINE_BYTES = 4096 };

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
	printf(".\n");
}

static void man_kinds(void)
{
	for (size_t i = 0; file_kinds[i]; i++) {
		const struct file_kind *kind = file_kinds[i];

		if (!kind->about)
			continue;
		printf(".TP\n.B ");
		roff(kind->name);
		putchar('\n');
		sentence(kind->about);
		if (kind->since) {
			printf("Since Linux ");
			roff(kind->since);
			printf(".\n");
		}
		if (kind->option) {
			printf("Options: ");
			roff(kind->option);
			printf(".\n");
		}
	}
}

/* --- tables of tbl(1) --- */

/* Reason and hint share a column: three do not fit on a terminal. */
static void table_begin(const char *first)
{
	printf(".TS\ntab(@) ;\nlb lb\nlw(29n) lw(38n) .\n");
	printf("%s@Reason; what to do\n_\n", first);
}

static void table_row(const struct unsupported *row)
{
	printf("T{\n");
	roff(row->text);
	printf("\nT}@T{\n");
	roff(row->why);
	printf(";\n.br\n");
	roff(row->hint);
	printf("\nT}\n");
}

static void table_end(void)
{
	printf(".TE\n");
}

static void man_links(void)
{
	table_begin("Link");
	for (size_t i = 0; i < nr_unsupported_links; i++)
		table_row(&unsupported_links[i]);
	table_end();
}

static void man_sockets(void)
{
	table_begin("Socket");
	for (size_t i = 0; i < nr_unsupported_sockets; i++)
		table_row(&unsupported_sockets[i].row);
	table_end();
}

static void man_types(void)
{
	table_begin("File");
	for (size_t i = 0; i < NR_UNSUPPORTED_TYPES; i++)
		table_row(&unsupported_types[i]);
	table_end();
}

/* --- templates --- */

static const struct {
	const char *line;
	void (*print)(void);
} places[] = {
	{ "@kinds@\n", man_kinds },
	{ "@links@\n", man_links },
	{ "@sockets@\n", man_sockets },
	{ "@types@\n", man_types },
};

/* False: the line asks for something unknown. */
static bool copy_line(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (strcmp(line, places[i].line))
			continue;
		places[i].print();
		return true;
	}
	fputs(line, stdout);
	return line[0] != '@';
}

int main(int argc, char *argv[])
{
	char line[LINE_BYTES];
	FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
	bool is_good = true;

	if (!template) {
		fprintf(stderr, "usage: gen-files-doc TEMPLATE\n");
		return 2;
	}
	while (is_good && fgets(line, sizeof(line), template))
		is_good = copy_line(line);
	if (!is_good)
		fprintf(stderr, "gen-files-doc: nothing to put in place of %s", line);
	fclose(template);
	return is_good && !fflush(stdout) ? 0 : 1;
}
