// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page of `chain --html`: one file without anything from elsewhere.  Pictures are paths of one colour each, one per
 * range and set; what a cell counts is next to them in few letters, for the script that shows it under the pointer.
 * Texts come from images, so each is escaped.
 */
#include "flow/chain_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "flow/chain_style.h"

enum {
	SETS_MAX = 24,	     /* in maps; the table has all */
	CELLS_PER_ROW = 200, /* of all sets together */
	CELLS_ALL = 24000,
	RANGES_MAX = 40, /* of one space */
	CELL_WIDTH = 4,
};

struct page {
	struct chain *c;
	FILE *to;
	struct map_limits limits;
	size_t rows_left;
};

/* --- texts --- */

static void put_text(FILE *to, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p == '<' || *p == '>' || *p == '&' || *p == '"' || *p == '\'')
			fprintf(to, "&#%d;", *p);
		else
			fputc(*p < ' ' || *p == 0x7f ? '?' : *p, to);
}

/* With a thin space between thousands. */
static void put_count(FILE *to, uint64_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			fputs("&#8239;", to);
		fputc(digits[i], to);
	}
}

static void put_pages_as_bytes(FILE *to, uint64_t pages)
{
	if (pages < 256)
		fprintf(to, "%" PRIu64 " KiB", pages * 4);
	else if (pages < 256 * 1024)
		fprintf(to, "%.1f MiB", (double)pages / 256);
	else if (pages < 256ULL << 20)
		fprintf(to, "%.1f GiB", (double)pages / (256 << 10));
	else
		fprintf(to, "%.1f TiB", (double)pages / (256 << 20));
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

/* --- the table of sets --- */

struct sums {
	uint64_t written, disk, disk_max;
	struct maybe frozen;
	uint64_t frozen_max;
	bool has_prediction;
};

static struct sums sums_of(const struct chain *c)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < c->nr; i++) {
		const struct chain_set *s = &c->sets[i];

		sums.written += s->written;
		sums.disk += s->disk_bytes;
		sums.disk_max = MAX(sums.disk_max, s->disk_bytes);
		sums.frozen.is_known |= s->frozen_us.is_known;
		sums.frozen.value += s->frozen_us.value;
		sums.frozen_max = MAX(sums.frozen_max, s->frozen_us.value);
		sums.has_prediction |= s->predicted_us.is_known;
	}
	return sums;
}

static void put_number_cell(FILE *to, struct maybe n)
{
	fputs("<td class=n>", to);
	if (n.is_known)
		put_count(to, n.value);
	else
		fputs("&ndash;", to);
}

static void put_bar_cell(FILE *to, const char *class, bool is_known, double value, double part)
{
	if (is_known)
		fprintf(to, "<td class=n>%.1f<td class=b><i class=%s style=width:%.2f%%></i>",
			value, class, part * 100);
	else
		fputs("<td class=n>&ndash;<td class=b>", to);
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void put_set_row(const struct page *p, const struct chain_set *s, const struct sums *sums)
{
	FILE *to = p->to;
	char text[32];

	fputs("<tr><th scope=row>", to);
	put_text(to, s->name);
	fprintf(to, "<td>%s<td>", s->is_pre_dump ? "pre-dump" : "dump");
	chain_time_text(s->taken_us, text);
	put_text(to, text);
	fputs("<td>", to);
	put_text(to, s->tracker ? s->tracker : "\xe2\x80\x93");
	put_number_cell(to, (struct maybe){ true, s->nr_tasks });
	put_number_cell(to, (struct maybe){ true, s->written });
	put_number_cell(to, s->zero);
	put_number_cell(to, (struct maybe){ true, s->parent });
	put_bar_cell(to, "size", true, mib(s->disk_bytes), share(s->disk_bytes, sums->disk_max));
	put_bar_cell(to, "time", s->frozen_us.is_known, (double)s->frozen_us.value / 1000,
		     share(s->frozen_us.value, sums->frozen_max));
	if (sums->has_prediction && s->predicted_us.is_known)
		fprintf(to, "<td class=n>%.1f", (double)s->predicted_us.value / 1000);
	else if (sums->has_prediction)
		fputs("<td>", to);
	fputc('\n', to);
}

static void put_remarks(const struct page *p, const struct chain_set *s)
{
	if (s->full_because) {
		fputs("<tr class=remark><td colspan=13>full: ", p->to);
		put_text(p->to, s->full_because);
		fputc('\n', p->to);
	}
	if (s->removed) {
		fputs("<tr class=remark><td colspan=13>", p->to);
		put_count(p->to, s->removed);
		fputs(" of its pages were removed by dedup: good as a parent only\n", p->to);
	}
}

static void put_table(const struct page *p, const struct sums *sums)
{
	FILE *to = p->to;

	fputs("<div class=wide><table class=sets><thead><tr><th>set<th>kind<th>taken<th>tracker"
	      "<th class=n>tasks<th class=n>written<th class=n>zero<th class=n>from parent"
	      "<th class=n>MiB<th>on disk<th class=n>ms<th>frozen",
	      to);
	if (sums->has_prediction)
		fputs("<th class=n>predicted<br>for the dump", to);
	fputs("<tbody>\n", to);
	for (size_t i = 0; i < p->c->nr; i++) {
		put_set_row(p, &p->c->sets[i], sums);
		put_remarks(p, &p->c->sets[i]);
	}
	fputs("<tfoot><tr><th scope=row>sum<td><td><td><td>", to);
	put_number_cell(to, (struct maybe){ true, sums->written });
	fprintf(to, "<td><td><td class=n>%.1f<td>", mib(sums->disk));
	if (sums->frozen.is_known)
		fprintf(to, "<td class=n>%.1f<td>", (double)sums->frozen.value / 1000);
	else
		fputs("<td class=n>&ndash;<td>", to);
	fputs(sums->has_prediction ? "<td>" : "", to);
	fputs("</table></div>\n", to);
}

/* --- one strip of cells --- */

/* How a cell is painted: nothing, removed, zero, from the parent, or four shades of written. */
enum paint { PAINT_NONE, PAINT_REMOVED, PAINT_ZERO, PAINT_PARENT, PAINT_WRITTEN, PAINT_NR = 8 };

static enum paint paint_of(const struct map_cell *cell)
{
	const uint64_t *n = cell->pages;
	uint64_t all = n[FATE_WRITTEN] + n[FATE_ZERO] + n[FATE_PARENT] + n[FATE_REMOVED];

	if (n[FATE_WRITTEN])
		return PAINT_WRITTEN + (enum paint)(3 * n[FATE_WRITTEN] / all);
	if (n[FATE_REMOVED] > n[FATE_PARENT])
		return PAINT_REMOVED;
	if (n[FATE_ZERO] > n[FATE_PARENT])
		return PAINT_ZERO;
	return all ? PAINT_PARENT : PAINT_NONE;
}

static void put_path(FILE *to, const struct map_cell *cells, uint32_t nr, enum paint paint)
{
	bool is_begun = false;

	for (uint32_t i = 0, n; i < nr; i += n) {
		for (n = 1; i + n < nr; n++)
			if ((paint_of(&cells[i + n]) == paint) != (paint_of(&cells[i]) == paint))
				break;
		if (paint_of(&cells[i]) != paint)
			continue;
		if (!is_begun)
			fprintf(to, "<path class=c%d d=\"", paint);
		is_begun = true;
		fprintf(to, "M%u 0h%uv9h-%uz", i, n, n);
	}
	if (is_begun)
		fputs("\"/>", to);
}

/* "w3p1" are 3 written pages and 1 of the parent; equal cells are told once, with their number: "w3p1*7". */
static void put_counts(FILE *to, const struct map_cell *cells, uint32_t nr)
{
	static const char letters[FATE_NR] = { 'w', 'z', 'p', 'r' };

	for (uint32_t i = 0, n; i < nr; i += n) {
		for (n = 1; i + n < nr; n++)
			if (memcmp(&cells[i + n], &cells[i], sizeof(*cells)))
				break;
		fputs(i ? "," : "", to);
		for (int k = 0; k < FATE_NR; k++)
			if (cells[i].pages[k])
				fprintf(to, "%c%" PRIu64, letters[k], cells[i].pages[k]);
		if (n > 1)
			fprintf(to, "*%u", n);
	}
}

/* For those who do not see the picture, or have no pointer. */
static void put_title(FILE *to, const struct map_cell *cells, uint32_t nr)
{
	static const char *const words[FATE_NR] = { "written", "zero", "from parent", "removed" };
	uint64_t sums[FATE_NR] = { 0 };
	bool is_first = true;

	for (uint32_t i = 0; i < nr; i++)
		for (int k = 0; k < FATE_NR; k++)
			sums[k] += cells[i].pages[k];
	fputs("<title>", to);
	for (int k = 0; k < FATE_NR; k++) {
		if (!sums[k])
			continue;
		fprintf(to, "%s%" PRIu64 " %s", is_first ? "" : ", ", sums[k], words[k]);
		is_first = false;
	}
	fputs(is_first ? "no pages</title>" : "</title>", to);
}

static void put_strip(FILE *to, const struct map_range *r, size_t set)
{
	const struct map_cell *cells = r->cells + set * r->nr_cells;

	fprintf(to, "<td><svg width=%u height=9 viewBox=\"0 0 %u 9\" preserveAspectRatio=none data-n=\"",
		r->nr_cells * CELL_WIDTH, r->nr_cells);
	put_counts(to, cells, r->nr_cells);
	fputs("\">", to);
	put_title(to, cells, r->nr_cells);
	for (int paint = PAINT_REMOVED; paint < PAINT_NR; paint++)
		put_path(to, cells, r->nr_cells, (enum paint)paint);
	fputs("</svg>", to);
}

/* --- one space --- */

static void put_range_row(const struct page *p, const struct map_range *r)
{
	FILE *to = p->to;

	fprintf(to, "<tr data-a=%" PRIx64 " data-p=%" PRIu64 "><th scope=row title=\"", r->start,
		range_pages(r));
	put_text(to, r->label);
	fprintf(to, "\"><code>%" PRIx64 "</code> ", r->start);
	put_text(to, r->label);
	fputs("<td class=n>", to);
	put_pages_as_bytes(to, range_pages(r));
	for (size_t i = 0; i < p->c->nr - p->limits.first_set; i++)
		put_strip(to, r, i);
	fputc('\n', to);
}

static void put_space_head(const struct page *p, const struct map_space *space)
{
	FILE *to = p->to;

	if (space->kind == IMAGE_PAGEMAP)
		fprintf(to, "<h3>process %" PRIu64, space->id);
	else
		fprintf(to, "<h3>shared object %" PRIu64, space->id);
	if (space->comm) {
		fputs(" <small>", to);
		put_text(to, space->comm);
		fputs("</small>", to);
	}
	fputs("</h3>\n<div class=wide><table class=map><thead><tr><th>from address<th class=n>size",
	      to);
	for (size_t i = p->limits.first_set; i < p->c->nr; i++) {
		fputs("<th>", to);
		put_text(to, p->c->sets[i].name);
	}
	fputs("<tbody>\n", to);
}

static struct err *put_space(struct page *p, struct map_space *space)
{
	struct map_limits limits = p->limits;

	limits.ranges_max = MIN((size_t)RANGES_MAX, p->rows_left);
	TRY(map_fill(p->c, space, &limits));
	if (!space->nr)
		return NULL;
	put_space_head(p, space);
	for (size_t i = 0; i < space->nr; i++)
		if (space->ranges[i].has_pages)
			put_range_row(p, &space->ranges[i]);
	fputs("</table></div>\n", p->to);
	p->rows_left -= MIN(space->nr, p->rows_left);
	return NULL;
}

static void put_left_out(const struct page *p, const struct map_space *spaces, size_t nr)
{
	uint64_t written = 0;

	for (size_t i = 0; i < nr; i++)
		written += spaces[i].written;
	fprintf(p->to, "<p>Not drawn: %zu more process%s or shared object%s, which wrote ", nr,
		nr == 1 ? "" : "es", nr == 1 ? "" : "s");
	put_count(p->to, written);
	fputs(" pages in all sets together.</p>\n", p->to);
}

static struct err *put_maps(struct page *p)
{
	size_t nr_sets = MIN(p->c->nr, (size_t)SETS_MAX), nr = 0, done = 0;
	struct map_space *spaces = NULL;

	p->limits.first_set = p->c->nr - nr_sets;
	p->limits.cells_max = (uint32_t)MAX(CELLS_PER_ROW / nr_sets, 8);
	p->rows_left = CELLS_ALL / (p->limits.cells_max * nr_sets);
	TRY(map_spaces(p->c, &spaces, &nr));
	fputs("<h2>Where the pages are</h2>\n", p->to);
	fputs(chain_legend, p->to);
	if (p->limits.first_set)
		fprintf(p->to, "<p>Only the newest %zu sets are drawn.</p>\n", nr_sets);
	for (; done < nr && p->rows_left; done++)
		TRY(put_space(p, &spaces[done]));
	if (done < nr)
		put_left_out(p, spaces + done, nr - done);
	return NULL;
}

/* --- the page --- */

static void put_head(const struct page *p, const struct sums *sums)
{
	const struct chain_set *newest = &p->c->sets[p->c->nr - 1];
	FILE *to = p->to;

	fputs("<!doctype html>\n<html lang=en><meta charset=utf-8>"
	      "<meta name=viewport content=\"width=device-width\"><title>",
	      to);
	put_text(to, p->c->base);
	fprintf(to, "</title>\n<style>%s</style>\n<h1>Chain of %zu set%s <small>", chain_style,
		p->c->nr, p->c->nr == 1 ? "" : "s");
	put_text(to, p->c->base);
	fputs("</small></h1>\n<p>", to);
	fprintf(to, "%.1f MiB on disk. ", mib(sums->disk));
	if (newest->frozen_us.is_known)
		fprintf(to,
			"The newest, <b>%s</b>, stopped the tree for <b>%.1f ms</b> and wrote <b>",
			newest->is_pre_dump ? "a pre-dump" : "a dump",
			(double)newest->frozen_us.value / 1000);
	else
		fputs("The newest wrote <b>", to);
	put_count(to, newest->written);
	fputs("</b> of <b>", to);
	put_count(to, newest->written + newest->parent);
	fputs("</b> pages. A page has 4 KiB; sets are listed oldest first.</p>\n", to);
}

static struct err *put_page(struct page *p)
{
	struct sums sums = sums_of(p->c);

	put_head(p, &sums);
	put_table(p, &sums);
	TRY(put_maps(p));
	fprintf(p->to, "<script>%s</script>\n", chain_script);
	return NULL;
}

struct err *chain_page_write(struct chain *c, const char *path)
{
	AUTO_FILE FILE *to = fopen(path, "we");
	struct page p = { .c = c, .to = to };

	if (!to)
		return err_sys(errno, "cannot write \"%s\"", path);
	TRY(put_page(&p));
	if (fflush(to) || ferror(to))
		return err_sys(errno, "cannot write \"%s\"", path);
	return NULL;
}
