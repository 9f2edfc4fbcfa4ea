/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of processes from outside, for a comparison that knows nothing of the records.
 *   look FILE PID...                  one line per page that is not zero: pid, address, hash, first words, mapping
 *   differ BEFORE AFTER [FREED...]    says what differs; FREED lists pages that may have become zero
 *
 * Pages that are not there are not touched: reading them would put zero pages into the page table.  Of a mapped file
 * they are read from the file.
 */
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PM_PRESENT (1ULL << 63)
#define PM_SWAPPED (1ULL << 62)

enum { CHUNK = 512, LINE = 512 };

struct looker {
	FILE *out;
	int pid;
	int mem, map;
	uint64_t start, end, offset;
	int file; /* -1: nothing is mapped there */
	char perms[8], name[64];
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static uint64_t hash(const uint64_t *words)
{
	uint64_t sum = 0, all = 0;

	for (uint32_t i = 0; i < PAGE_WORDS; i++) {
		all |= words[i];
		sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 29;
	}
	return all ? sum | 1 : 0;
}

static void page_tell(const struct looker *l, uint64_t address, const uint64_t *words)
{
	uint64_t sum = hash(words);

	if (sum)
		fprintf(l->out, "%d %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %s %s\n",
			l->pid, address, sum, words[1], words[2], l->perms, l->name);
}

static bool page_read(const struct looker *l, uint64_t address, uint64_t entry, void *page)
{
	if (entry & (PM_PRESENT | PM_SWAPPED))
		return pread(l->mem, page, PAGE, (off_t)address) == PAGE;
	if (l->file < 0)
		return false;
	memset(page, 0, PAGE);
	return pread(l->file, page, PAGE, (off_t)(l->offset + address - l->start)) > 0;
}

static void area_tell(const struct looker *l)
{
	uint64_t entries[CHUNK], page[PAGE_WORDS];

	for (uint64_t at = l->start; at < l->end; at += CHUNK * PAGE) {
		uint64_t nr = (l->end - at) / PAGE < CHUNK ? (l->end - at) / PAGE : CHUNK;

		if (pread(l->map, entries, nr * 8, (off_t)(at / PAGE * 8)) != (ssize_t)(nr * 8))
			die("cannot read the page map of %d at %" PRIx64 ": %m", l->pid, at);
		for (uint64_t i = 0; i < nr; i++)
			if (page_read(l, at + i * PAGE, entries[i], page))
				page_tell(l, at + i * PAGE, page);
	}
}

static bool is_kernels(const char *name)
{
	return !strncmp(name, "[v", 2);
}

static void line_tell(struct looker *l, const char *line)
{
	char path[128];
	uint64_t inode;
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %" SCNu64 " %n", &l->start,
		   &l->end, l->perms, &l->offset, &inode, &at) < 5)
		die("cannot understand: %s", line);
	snprintf(l->name, sizeof(l->name), "%.60s", line[at] ? line + at : "anonymous");
	l->name[strcspn(l->name, "\n ")] = '\0';
	if (is_kernels(l->name))
		return;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, l->pid, l->start,
		 l->end);
	l->file = inode ? open(path, O_RDONLY) : -1;
	if (inode && l->file < 0)
		die("cannot open %s: %m", path);
	area_tell(l);
	if (l->file >= 0)
		close(l->file);
}

static int open_of(int pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die("cannot open %s: %m", path);
	return fd;
}

static void process_tell(FILE *out, int pid)
{
	struct looker l = { .out = out, .pid = pid };
	char line[LINE];
	FILE *maps = fdopen(open_of(pid, "maps"), "r");

	l.mem = open_of(pid, "mem");
	l.map = open_of(pid, "pagemap");
	while (fgets(line, sizeof(line), maps))
		line_tell(&l, line);
	close(l.mem);
	close(l.map);
	fclose(maps);
}

int look_main(int argc, char **argv)
{
	FILE *out = argc > 3 ? fopen(argv[2], "w") : NULL;

	if (!out)
		die("usage: torture look FILE PID...");
	for (int i = 3; i < argc; i++)
		process_tell(out, atoi(argv[i]));
	if (fclose(out))
		die("cannot write %s: %m", argv[2]);
	return 0;
}

/* --- differences --- */

struct seen {
	int pid;
	uint64_t address, sum, words[2];
	char perms[8], name[64];
	bool is_there;
};

static void seen_next(FILE *f, struct seen *s)
{
	s->is_there = fscanf(f, "%d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %7s %63s",
			     &s->pid, &s->address, &s->sum, &s->words[0], &s->words[1], s->perms,
			     s->name) == 7;
}

static void seen_describe(const struct seen *s, char *text, size_t len)
{
	uint64_t tag = word_tag(s->words[0], 1), second = word_tag(s->words[1], 2);

	/* One of the two words may be a stamp. */
	if (!tag_is_likely(tag))
		tag = second;
	if (tag_is_likely(tag))
		tag_describe(tag, text, len);
	else
		snprintf(text, len, "%#" PRIx64 " %#" PRIx64, s->words[0], s->words[1]);
}

static bool is_freed(char **files, const struct seen *s)
{
	uint64_t address;
	int pid;

	for (; *files; files++) {
		FILE *f = fopen(*files, "r");
		bool found = false;

		while (f && !found && fscanf(f, "%d %" SCNx64, &pid, &address) == 2)
			found = pid == s->pid && address == s->address;
		if (f)
			fclose(f);
		if (found)
			return true;
	}
	return false;
}

static void differ(const struct seen *s, const struct seen *before, const struct seen *after)
{
	char was[120] = "zeros", is[120] = "zeros";

	if (before)
		seen_describe(before, was, sizeof(was));
	if (after)
		seen_describe(after, is, sizeof(is));
	printf("pid %d address %#" PRIx64 " (%s %s): was %s, is %s\n", s->pid, s->address, s->perms,
	       s->name, was, is);
}

static int order(const struct seen *a, const struct seen *b)
{
	if (!a->is_there || !b->is_there)
		return b->is_there - a->is_there;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

int differ_main(int argc, char **argv)
{
	FILE *before = argc > 3 ? fopen(argv[2], "r") : NULL,
	     *after = argc > 3 ? fopen(argv[3], "r") : NULL;
	struct seen a, b;
	int nr = 0;

	if (!before || !after)
		die("usage: torture differ BEFORE AFTER [FREED...]");
	seen_next(before, &a);
	seen_next(after, &b);
	while (a.is_there || b.is_there) {
		int where = order(&a, &b);

		if (where < 0 && !is_freed(argv + 4, &a))
			nr++, differ(&a, &a, NULL);
		else if (where > 0)
			nr++, differ(&b, NULL, &b);
		else if (!where && a.sum != b.sum)
			nr++, differ(&a, &a, &b);
		if (where <= 0)
			seen_next(before, &a);
		if (where >= 0)
			seen_next(after, &b);
	}
	printf("%d pages differ\n", nr);
	return nr ? 1 : 0;
}
