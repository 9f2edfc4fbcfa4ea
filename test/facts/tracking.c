/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracking rows [PATTERN]: what soft-dirty and userfaultfd's asynchronous write protection say after sequences of
 * calls, next to what really changed.  tracking kinds: which mappings can be registered, and what arming does.
 * tracking cost: how long the questions take.  README.md in this folder has the results and the words.
 */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define TABLE (2ul << 20)
#define PLACES 0x100000000000ul
#define PLACE_STEP (4ul << 30)
#define DIRECTORY_PAGES (1ul << 18) /* of a page directory: 1 GiB */

/* --- the kernel's interfaces that Debian 12's headers do not have --- */

#define WORD_PRESENT (1ull << 63)
#define WORD_SWAPPED (1ull << 62)
#define WORD_FILE (1ull << 61)
#define WORD_UFFD_WP (1ull << 57)
#define WORD_EXCLUSIVE (1ull << 56)
#define WORD_SOFT_DIRTY (1ull << 55)
#define WORD_PFN(word) ((word) & ((1ull << 55) - 1))
#define WORD_SWAP_TYPE(word) ((word)&31)

enum {
	CAT_WPALLOWED = 1,
	CAT_WRITTEN = 2,
	CAT_FILE = 4,
	CAT_PRESENT = 8,
	CAT_SWAPPED = 16,
	CAT_PFNZERO = 32,
	CAT_HUGE = 64,
	CAT_SOFT_DIRTY = 128,
	CAT_ALL = 255,
};

enum { SCAN_PROTECT = 1, SCAN_REQUIRE_WPASYNC = 2 };

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, returned;
};

struct scan_run {
	uint64_t start, end, cats;
};

#define PAGEMAP_SCAN_NR _IOWR('f', 16, struct scan_arg)

#define FEATURE_WP_HUGETLBFS_SHMEM (1ull << 12)
#define FEATURE_WP_UNPOPULATED (1ull << 13)
#define FEATURE_WP_ASYNC (1ull << 15)
#define FEATURE_MOVE (1ull << 16)
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

struct move_arg {
	uint64_t dst, src, len, mode;
	int64_t moved;
};

#define UFFDIO_MOVE_NR _IOWR(0xAA, 5, struct move_arg)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif

/* --- a bed: the memory of one row, its tracker, and what was there at the mark --- */

/* The second: soft-dirty, with every mapping registered with a userfaultfd that protects nothing. */
enum tracker { SOFT_DIRTY, SOFT_DIRTY_HELD, UFFD_WP, NR_TRACKERS };

static const char *const tracker_names[] = { "sd", "sd+uffd", "wp" };

struct shape {
	const char *name;
	size_t len, offset; /* from a place that is aligned to a gigabyte */
	bool is_huge;
};

enum { SMALL = 1, OFF = 2, BIG = 4, BIG_OFF = 8, THP = 16 };
#define FLAT (SMALL | BIG)
#define EVERY (SMALL | OFF | BIG | BIG_OFF | THP)

static const struct shape shapes[] = {
	{ "32K", 8 * PAGE, 0, false },	  { "32K+20K", 8 * PAGE, 5 * PAGE, false },
	{ "4M", 2 * TABLE, 0, false },	  { "4M+4K", 2 * TABLE, PAGE, false },
	{ "4M-thp", 2 * TABLE, 0, true },
};

struct page {
	uint64_t word, cats, tag;
};

struct window {
	char *start;
	size_t nr;
	struct page *then;
};

enum { MAX_WINDOWS = 6 };

struct bed {
	enum tracker tracker;
	const struct shape *shape;
	size_t len, nr; /* of the shape: bytes and pages */
	int uffd, pagemap, mem;
	bool has_scan;
	uint64_t zero_pfn, huge_zero_pfn;
	unsigned places;
	struct window windows[MAX_WINDOWS];
	size_t nr_windows;
	bool by_scan;
	char note[256];
};

/* The row cannot be tried here; the reason is printed in place of a result. */
__attribute__((noreturn, format(printf, 1, 2))) static void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("skip: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_exit(0);
}

__attribute__((format(printf, 2, 3))) static void note(struct bed *b, const char *fmt, ...)
{
	size_t used = strlen(b->note);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->note + used, sizeof(b->note) - used, fmt, ap);
	va_end(ap);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Settings of the machine that rows change; what they were is written back at the end. */
static const char *const settings[] = {
	"/sys/kernel/mm/ksm/run",	    "/sys/kernel/mm/ksm/sleep_millisecs",
	"/sys/kernel/mm/ksm/pages_to_scan", "/proc/sys/vm/page-cluster",
	"/proc/sys/vm/nr_hugepages",
};

enum { NR_SETTINGS = sizeof(settings) / sizeof(*settings), SETTING_BYTES = 32 };

static void save_settings(char saved[NR_SETTINGS][SETTING_BYTES])
{
	for (size_t i = 0; i < NR_SETTINGS; i++) {
		int fd = open(settings[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, saved[i], SETTING_BYTES - 1);

		saved[i][n > 0 ? n : 0] = 0;
		if (fd >= 0)
			close(fd);
	}
}

static void restore_settings(char saved[NR_SETTINGS][SETTING_BYTES])
{
	for (size_t i = 0; i < NR_SETTINGS; i++)
		if (saved[i][0] && !write_text(settings[i], saved[i]))
			printf("cannot set %s back to %s", settings[i], saved[i]);
}

static uint64_t word_of(int pagemap, const void *addr)
{
	uint64_t word;

	if (pread(pagemap, &word, 8, (off_t)((uintptr_t)addr / PAGE * 8)) != 8)
		subject_die("cannot read the page map: %m");
	return word;
}

/* Neighbours are far away, so that only the rows that want it see merges. */
static char *place(struct bed *b)
{
	return (char *)(PLACES + ++b->places * PLACE_STEP + b->shape->offset);
}

static void *map_as(struct bed *b, char *at, size_t len, int prot, int flags, int fd)
{
	char *p = mmap(at, len, prot, MAP_FIXED | flags, fd, 0);

	if (p == MAP_FAILED)
		subject_die("cannot map %zu bytes: %m", len);
	if (b->shape->is_huge && fd < 0 && !(flags & MAP_HUGETLB))
		SUBJECT_SYS(madvise(p, len, MADV_HUGEPAGE));
	return p;
}

static char *map_at(struct bed *b, char *at, size_t len)
{
	return map_as(b, at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* No two pages of a row ever have the same tag. */
static void fill_step(char *at, size_t len, uint64_t kind, size_t step)
{
	for (size_t i = 0; i < len; i += step * PAGE)
		*(volatile uint64_t *)(at + i) = kind << 56 | (uintptr_t)(at + i);
}

static void fill(char *at, size_t len, uint64_t kind)
{
	fill_step(at, len, kind, 1);
}

static void touch(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE)
		(void)*(const volatile char *)(at + i);
}

static char *filled(struct bed *b, uint64_t kind)
{
	char *p = map_at(b, place(b), b->len);

	fill(p, b->len, kind);
	return p;
}

static void watch(struct bed *b, char *at, size_t len)
{
	struct window *w = &b->windows[b->nr_windows++];

	if (b->nr_windows > MAX_WINDOWS)
		subject_die("too many windows");
	w->start = at;
	w->nr = len / PAGE;
	w->then = calloc(w->nr, sizeof(*w->then));
}

static long scan(const struct bed *b, struct scan_arg *arg, const char *at, size_t len,
		 struct scan_run *runs, size_t nr)
{
	arg->size = sizeof(*arg);
	arg->start = (uintptr_t)at;
	arg->end = (uintptr_t)at + len;
	arg->vec = (uintptr_t)runs;
	arg->vec_len = nr;
	return ioctl(b->pagemap, PAGEMAP_SCAN_NR, arg);
}

static void look_by_scan(const struct bed *b, const struct window *w, struct page *pages)
{
	struct scan_arg arg = { .returned = CAT_ALL };
	struct scan_run *runs = calloc(w->nr, sizeof(*runs));
	long nr = SUBJECT_SYS(scan(b, &arg, w->start, w->nr * PAGE, runs, w->nr));

	for (long i = 0; i < nr; i++)
		for (uint64_t a = runs[i].start; a < runs[i].end; a += PAGE)
			pages[(a - (uintptr_t)w->start) / PAGE].cats = runs[i].cats;
	free(runs);
}

/* Reading a page must not change what is told of it: words first, and only what is there is read. */
static void look(const struct bed *b, const struct window *w, struct page *pages, bool even_swapped)
{
	for (size_t i = 0; i < w->nr; i++)
		pages[i].word = word_of(b->pagemap, w->start + i * PAGE);
	if (b->has_scan)
		look_by_scan(b, w, pages);
	for (size_t i = 0; i < w->nr; i++) {
		off_t at = (off_t)(uintptr_t)w->start + (off_t)(i * PAGE);

		if (!(pages[i].word & (even_swapped ? WORD_PRESENT | WORD_SWAPPED : WORD_PRESENT)))
			continue;
		if (pread(b->mem, &pages[i].tag, 8, at) != 8)
			pages[i].tag = ~0ull;
	}
}

/* For rows that swap out before the mark, since reading brings pages back. */
static void remember(struct bed *b)
{
	for (size_t i = 0; i < b->nr_windows; i++)
		look(b, &b->windows[i], b->windows[i].then, true);
}

/* --- marks --- */

static void mark_soft_dirty(void)
{
	int fd = SUBJECT_SYS(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));

	if (write(fd, "4", 1) != 1)
		subject_die("cannot clear soft-dirty bits: %m");
	close(fd);
}

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		skip("userfaultfd: %m");
	if (ioctl(fd, UFFDIO_API, &api) < 0)
		skip("this kernel has no such userfaultfd (features %#lx)", features);
	return fd;
}

static int uffd_register(int uffd, const void *at, size_t len, uint64_t mode)
{
	struct uffdio_register arg = { .range = { (uintptr_t)at, len }, .mode = mode };

	return ioctl(uffd, UFFDIO_REGISTER, &arg) < 0 ? errno : 0;
}

static const char *why(int error)
{
	return error ? strerrorname_np(error) : "ok";
}

/* Every mapping in the window on its own: a failure of one is no failure of the others. */
static void register_window(struct bed *b, const struct window *w)
{
	uint64_t from, to, start = (uintptr_t)w->start, end = start + w->nr * PAGE;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int error;

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &from, &to) != 2 || to <= start || from >= end)
			continue;
		from = from < start ? start : from;
		to = to > end ? end : to;
		error = uffd_register(b->uffd, (void *)from, to - from, UFFDIO_REGISTER_MODE_WP);
		if (error)
			note(b, " [register: %s]", why(error));
	}
	fclose(maps);
}

static void protect_window(struct bed *b, const struct window *w)
{
	struct scan_arg arg = { .flags = SCAN_PROTECT,
				.anyof = CAT_PRESENT | CAT_SWAPPED,
				.returned = CAT_WRITTEN };
	struct scan_run *runs = calloc(w->nr, sizeof(*runs));

	SUBJECT_SYS(scan(b, &arg, w->start, w->nr * PAGE, runs, w->nr));
	free(runs);
}

static void mark(struct bed *b)
{
	if (b->tracker != SOFT_DIRTY)
		b->uffd = uffd_open(b->tracker == UFFD_WP || b->has_scan ? FEATURE_WP_ASYNC : 0);
	for (size_t i = 0; i < b->nr_windows; i++) {
		if (b->tracker != SOFT_DIRTY)
			register_window(b, &b->windows[i]);
		if (b->tracker == UFFD_WP)
			protect_window(b, &b->windows[i]);
	}
	if (b->tracker != UFFD_WP)
		mark_soft_dirty();
	for (size_t i = 0; i < b->nr_windows; i++)
		look(b, &b->windows[i], b->windows[i].then, false);
}

/* --- the verdict --- */

struct verdict {
	size_t miss, false_positive, gone, kept;
	size_t miss_trusted; /* missed although the scan says WPALLOWED */
	size_t miss_same_pfn,
		kept_new_pfn; /* the rule of page frame numbers would fail, is too strict */
	size_t hidden;	      /* private, but taken for something else */
	size_t scan_differs;  /* the word and the scan do not agree */
	size_t miss_no_page;  /* a miss only because no page is taken for one */
};

struct group {
	char text[160];
	size_t nr;
};

enum { MAX_GROUPS = 24 };

static bool is_huge_zero(const struct bed *b, uint64_t word)
{
	return word & WORD_PRESENT && b->huge_zero_pfn && WORD_PFN(word) >= b->huge_zero_pfn &&
	       WORD_PFN(word) < b->huge_zero_pfn + 512;
}

/* The numbers of swap devices come first; those of markers are the last of 32. */
static bool is_marker(uint64_t word)
{
	return word & WORD_SWAPPED && WORD_SWAP_TYPE(word) >= 24;
}

/* As a tool sees it that does not know of huge zero pages and markers. */
static bool seems_private(const struct bed *b, const struct page *p)
{
	uint64_t word = p->word;

	if (b->by_scan)
		return p->cats & (CAT_PRESENT | CAT_SWAPPED) &&
		       !(p->cats & (CAT_PFNZERO | CAT_FILE));
	if (word & WORD_FILE)
		return false;
	return word & WORD_SWAPPED || (word & WORD_PRESENT && WORD_PFN(word) != b->zero_pfn);
}

static bool is_private(const struct bed *b, const struct page *p)
{
	return p->word & (WORD_PRESENT | WORD_SWAPPED) && !(p->word & WORD_FILE) &&
	       !is_marker(p->word) && !is_huge_zero(b, p->word) &&
	       (p->word & WORD_SWAPPED || WORD_PFN(p->word) != b->zero_pfn);
}

static bool seems_clean(const struct bed *b, const struct page *p)
{
	if (b->tracker == UFFD_WP)
		return !(p->cats & CAT_WRITTEN);
	return b->by_scan ? !(p->cats & CAT_SOFT_DIRTY) : !(p->word & WORD_SOFT_DIRTY);
}

static bool scan_agrees(const struct bed *b, const struct page *p)
{
	struct bed other = *b;

	if (!b->has_scan || b->tracker == UFFD_WP)
		return true;
	other.by_scan = !b->by_scan;
	return seems_private(b, p) == seems_private(&other, p) &&
	       (!seems_private(b, p) || seems_clean(b, p) == seems_clean(&other, p));
}

static void describe(const struct bed *b, const struct page *p, const char *change, char *text,
		     size_t len)
{
	static const char *const cats[] = { "WPALLOWED", "WRITTEN", "FILE", "PRESENT",
					    "SWAPPED",	 "PFNZERO", "HUGE", "SOFT_DIRTY" };
	int n = snprintf(text, len, "%s %s%s%s%s%s%s%s%s", change,
			 p->word & WORD_PRESENT ? "P" : "", p->word & WORD_SWAPPED ? "S" : "",
			 p->word & WORD_FILE ? "F" : "", p->word & WORD_EXCLUSIVE ? "X" : "",
			 p->word & WORD_SOFT_DIRTY ? "D" : "", p->word & WORD_UFFD_WP ? "W" : "",
			 is_huge_zero(b, p->word) ? "H" : "",
			 p->word & WORD_PRESENT && WORD_PFN(p->word) == b->zero_pfn ? "Z" : "");

	if (is_marker(p->word))
		n += snprintf(text + n, len - (size_t)n, "(type %lu)", WORD_SWAP_TYPE(p->word));
	for (size_t i = 0; b->has_scan && i < 8; i++)
		if (p->cats >> i & 1)
			n += snprintf(text + n, len - (size_t)n, " %s", cats[i]);
}

static void count_group(struct group *groups, const char *text)
{
	for (size_t i = 0; i < MAX_GROUPS; i++) {
		if (groups[i].nr && strcmp(groups[i].text, text))
			continue;
		snprintf(groups[i].text, sizeof(groups[i].text), "%s", text);
		groups[i].nr++;
		return;
	}
}

/* What a parent has of a page is what was private there at the mark. */
static void judge_page(const struct bed *b, const struct page *then, const struct page *now,
		       struct verdict *v, struct group *groups)
{
	bool was = is_private(b, then), changed = !was || then->tag != now->tag;
	const char *change = changed ? (was ? "changed" : "new") : "same";
	bool same_pfn = WORD_PFN(then->word) == WORD_PFN(now->word);
	char text[sizeof(groups->text)];

	v->scan_differs += !scan_agrees(b, now);
	if (!seems_private(b, now)) {
		v->gone += was;
		v->hidden += is_private(b, now);
		change = was ? "gone" : "absent";
	} else if (changed && seems_clean(b, now)) {
		v->miss++;
		v->miss_trusted += (now->cats & CAT_WPALLOWED) != 0;
		v->miss_same_pfn += was && same_pfn;
		v->miss_no_page += !is_private(b, now);
	} else if (!changed && !seems_clean(b, now)) {
		v->false_positive++;
	} else if (!changed) {
		v->kept++;
		v->kept_new_pfn += !same_pfn;
	}
	describe(b, now, change, text, sizeof(text));
	count_group(groups, text);
}

static void print_verdict(const struct bed *b, const struct verdict *v, const struct group *groups)
{
	if (v->miss)
		printf("MISS %zu", v->miss);
	else
		printf("ok");
	if (v->miss && b->tracker == UFFD_WP)
		printf(" (WPALLOWED %zu)", v->miss_trusted);
	if (v->miss && v->miss_no_page)
		printf(" (no private page %zu)", v->miss_no_page);
	if (v->miss)
		printf(" (pfn as at the mark %zu)", v->miss_same_pfn);
	printf(", false positive %zu, clean %zu", v->false_positive, v->kept);
	if (v->kept_new_pfn)
		printf(" (other pfn %zu)", v->kept_new_pfn);
	if (v->gone)
		printf(", gone %zu", v->gone);
	if (v->hidden)
		printf(", HIDDEN %zu", v->hidden);
	if (v->scan_differs)
		printf(", word and scan differ %zu", v->scan_differs);
	for (size_t i = 0; i < MAX_GROUPS && groups[i].nr; i++)
		printf(" | %zu: %s", groups[i].nr, groups[i].text);
	printf("%s%s\n", *b->note ? " |" : "", b->note);
}

static void print_flags(const struct bed *b)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	uint64_t from = 0, to = 0;
	char line[512];

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2 || strncmp(line, "VmFlags:", 8))
			continue;
		for (size_t i = 0; i < b->nr_windows; i++) {
			uint64_t start = (uintptr_t)b->windows[i].start;

			if (from < start + b->windows[i].nr * PAGE && to > start)
				printf("        %lx-%lx%s%s%s", from, to,
				       strstr(line, " sd") ? " sd" : "",
				       strstr(line, " uw") ? " uw" : "", "\n");
		}
	}
	fclose(smaps);
}

static void judge(struct bed *b, bool with_flags)
{
	struct group groups[MAX_GROUPS] = { 0 };
	struct verdict v = { 0 };
	struct page *now[MAX_WINDOWS];

	for (size_t i = 0; i < b->nr_windows; i++) {
		now[i] = calloc(b->windows[i].nr, sizeof(**now));
		look(b, &b->windows[i], now[i], true);
	}
	for (size_t i = 0; i < b->nr_windows; i++)
		for (size_t j = 0; j < b->windows[i].nr; j++)
			judge_page(b, &b->windows[i].then[j], &now[i][j], &v, groups);
	print_verdict(b, &v, groups);
	if (with_flags)
		print_flags(b);
}

/* --- a: moves --- */

static void move(char *from, char *to, size_t len, int more)
{
	void *p = mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | more, to);

	if (p == MAP_FAILED)
		skip("mremap: %m");
}

/* Two filled places that are watched, marked. */
static void two(struct bed *b, char **dst, char **src)
{
	*dst = filled(b, 1);
	*src = filled(b, 2);
	watch(b, *dst, b->len);
	watch(b, *src, b->len);
	mark(b);
}

static void move_hole(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	SUBJECT_SYS(munmap(dst, b->len));
	move(src, dst, b->len, 0);
}

static void move_over(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
}

static void move_dontunmap(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, MREMAP_DONTUNMAP);
}

static void move_dontunmap_read(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, MREMAP_DONTUNMAP);
	touch(src, b->len);
}

static void move_write_half(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	fill_step(dst, b->len, 3, 2);
}

static void move_read(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	touch(dst, b->len);
}

static void move_back(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	move(dst, src, b->len, 0);
}

static void move_exchange(struct bed *b)
{
	char *x, *y, *spare = place(b);

	two(b, &x, &y);
	move(x, spare, b->len, 0);
	move(y, x, b->len, 0);
	move(spare, y, b->len, 0);
}

/* The kernel chooses the place: the hole that a mapping of the same size left. */
static void move_anywhere(struct bed *b)
{
	char *dst = mmap(NULL, b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *src = map_at(b, place(b), 2 * b->len), *p;

	SUBJECT_SYS(munmap(src + b->len / 2, b->len / 2));
	map_as(b, src + b->len / 2, b->len / 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fill(dst, b->len, 1);
	fill(src, b->len / 2, 2);
	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	SUBJECT_SYS(munmap(dst, b->len));
	p = mremap(src, b->len / 2, b->len, MREMAP_MAYMOVE);
	note(b, p == dst ? " moved into the hole" : " moved elsewhere");
}

/* The middle third, so that source and destination are split. */
static void move_middle(struct bed *b)
{
	char *dst = map_at(b, place(b), 3 * b->len), *src = map_at(b, place(b), 3 * b->len);

	fill(dst, 3 * b->len, 1);
	fill(src, 3 * b->len, 2);
	watch(b, dst, 3 * b->len);
	watch(b, src, 3 * b->len);
	mark(b);
	move(src + b->len, dst + b->len, b->len, 0);
}

static void move_grow(struct bed *b)
{
	char *dst = map_at(b, place(b), 2 * b->len), *src = filled(b, 2);

	fill(dst, 2 * b->len, 1);
	watch(b, dst, 2 * b->len);
	watch(b, src, b->len);
	mark(b);
	if (mremap(src, b->len, 2 * b->len, MREMAP_MAYMOVE | MREMAP_FIXED, dst) == MAP_FAILED)
		skip("mremap: %m");
	touch(dst + b->len, b->len);
}

static void shrink_grow(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS((long)mremap(p, b->len, b->len / 2, 0));
	if (mremap(p, b->len / 2, b->len, 0) == MAP_FAILED)
		skip("mremap: %m");
}

static void shrink_grow_read(struct bed *b)
{
	shrink_grow(b);
	touch(b->windows[0].start, b->len);
}

static void shrink_grow_write(struct bed *b)
{
	shrink_grow(b);
	fill_step(b->windows[0].start + b->len / 2, b->len / 2, 3, 2);
}

/* Grows into a place where something else was. */
static void grow_over(struct bed *b)
{
	char *p = map_at(b, place(b), 2 * b->len);

	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ | PROT_WRITE | PROT_EXEC));
	fill(p, 2 * b->len, 1);
	watch(b, p, 2 * b->len);
	mark(b);
	SUBJECT_SYS(munmap(p + b->len, b->len));
	if (mremap(p, b->len, 2 * b->len, 0) == MAP_FAILED)
		skip("mremap: %m");
	fill_step(p + b->len, b->len, 3, 2);
}

/* A whole page directory at once: one page in each of its 512 tables. */
static void move_directory(struct bed *b)
{
	size_t len = DIRECTORY_PAGES * PAGE;
	char *dst = map_as(b, place(b), len, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	char *src = map_as(b, place(b), len, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	fill_step(dst, len, 1, 512);
	fill_step(src, len, 2, 512);
	watch(b, dst, len);
	watch(b, src, len);
	mark(b);
	move(src, dst, len, 0);
}

/* The tool that registers before it asks. */
static void move_register(struct bed *b)
{
	char *dst, *src;

	if (b->tracker != UFFD_WP)
		skip("only for userfaultfd");
	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	register_window(b, &b->windows[0]);
}

static void move_readonly(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	SUBJECT_SYS(mprotect(src, b->len, PROT_READ));
	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
	SUBJECT_SYS(mprotect(dst, b->len, PROT_READ | PROT_WRITE));
}

/* Source untracked as it were: written since the mark, then moved over a clean place. */
static void move_written(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	fill(src, b->len, 3);
	move(src, dst, b->len, 0);
}

static void move_new(struct bed *b)
{
	char *dst = filled(b, 1), *src;

	watch(b, dst, b->len);
	mark(b);
	src = filled(b, 2);
	move(src, dst, b->len, 0);
}

static int temporary_file(const char *name, size_t len)
{
	const char *dir = getenv("TMPDIR");
	char path[256], block[PAGE];
	int fd;

	snprintf(path, sizeof(path), "%s/tracking-%s-%d", dir ? dir : "/var/tmp", name, getpid());
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	SUBJECT_SYS(unlink(path));
	memset(block, 'f', sizeof(block));
	for (size_t i = 0; i < len; i += PAGE)
		if (write(fd, block, PAGE) != (ssize_t)PAGE)
			subject_die("cannot write a file: %m");
	return fd;
}

static char *file_private(struct bed *b, uint64_t kind, int *fd_out)
{
	int fd = temporary_file("file", b->len);
	char *p = map_as(b, place(b), b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	fill(p, b->len, kind);
	if (fd_out)
		*fd_out = fd;
	return p;
}

static void move_file(struct bed *b)
{
	char *dst = filled(b, 1), *src = file_private(b, 2, NULL);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
}

static void page_out(struct bed *b, char *at, size_t len)
{
	size_t nr = 0;

	SUBJECT_SYS(madvise(at, len, MADV_PAGEOUT));
	for (size_t i = 0; i < len; i += PAGE)
		nr += (word_of(b->pagemap, at + i) & WORD_SWAPPED) != 0;
	note(b, " swapped out %zu", nr);
}

/* Swapped out when they are moved. */
static void move_swapped(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	page_out(b, src, b->len);
	move(src, dst, b->len, 0);
}

static void move_swapped_before(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	remember(b);
	page_out(b, dst, b->len);
	page_out(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
}

/* A clean page that comes from swap may be given the frame that the page before it had at this address. */
static void move_frame(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	remember(b);
	page_out(b, src, b->len);
	mark(b);
	write_text("/proc/sys/vm/page-cluster", "0"); /* no read ahead */
	for (size_t i = 0; i < b->len; i += PAGE) {
		SUBJECT_SYS(madvise(dst + i, PAGE, MADV_DONTNEED));
		touch(src + i, PAGE);
	}
	write_text("/proc/sys/vm/page-cluster", "3");
	move(src, dst, b->len, 0);
}

static void move_after_fork(struct bed *b)
{
	char *dst, *src;
	pid_t child;

	two(b, &dst, &src);
	child = SUBJECT_SYS(fork());
	if (!child) {
		pause();
		_exit(0);
	}
	move(src, dst, b->len, 0);
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
}

/* The program's own userfaultfd fills a place by moving pages there. */
static void move_by_uffd(struct bed *b, bool swapped)
{
	char *dst = filled(b, 1), *src = filled(b, 2);
	struct move_arg arg = { (uintptr_t)dst, (uintptr_t)src, b->len, 0, 0 };
	int own = uffd_open(FEATURE_MOVE);

	SUBJECT_SYS(uffd_register(own, dst, b->len, UFFDIO_REGISTER_MODE_MISSING) ? -1 : 0);
	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	if (swapped)
		page_out(b, src, b->len);
	SUBJECT_SYS(madvise(dst, b->len, MADV_DONTNEED));
	if (ioctl(own, UFFDIO_MOVE_NR, &arg) < 0)
		note(b, " [move: %s, %ld]", strerrorname_np(errno), (long)arg.moved);
}

static void uffd_move(struct bed *b)
{
	move_by_uffd(b, false);
}

static void uffd_move_swapped(struct bed *b)
{
	move_by_uffd(b, true);
}

/* --- b: new mappings at old places, and merges --- */

static void remap(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(munmap(p, b->len));
	map_at(b, p, b->len);
	fill_step(p, b->len, 3, 2);
}

static void remap_read(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(munmap(p, b->len));
	map_at(b, p, b->len);
	touch(p, b->len);
}

/* Three thirds of one mapping, marked.  The middle is then unmapped. */
static char *thirds(struct bed *b, int prot)
{
	char *p = map_at(b, place(b), 3 * b->len);

	fill(p, 3 * b->len, 1);
	SUBJECT_SYS(mprotect(p, 3 * b->len, prot));
	watch(b, p, 3 * b->len);
	mark(b);
	SUBJECT_SYS(munmap(p + b->len, b->len));
	return p;
}

static void merge_by_mmap(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE);

	map_at(b, p + b->len, b->len);
	fill_step(p + b->len, b->len, 3, 2);
}

static void merge_by_mprotect(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE), *new = p + b->len;

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch(new, b->len);
	SUBJECT_SYS(mprotect(new, b->len, PROT_READ | PROT_WRITE));
	fill_step(new, b->len, 3, 2);
}

static void merge_written(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;

	map_at(b, new, b->len);
	fill(new, b->len, 3);
	SUBJECT_SYS(mprotect(new, b->len, PROT_READ));
}

/* As a debugger writes: also where the mapping is read-only. */
static void write_by_mem(char *at, size_t len, uint64_t kind, size_t step)
{
	int fd = SUBJECT_SYS(open("/proc/self/mem", O_RDWR | O_CLOEXEC));

	for (size_t i = 0; i < len; i += step * PAGE) {
		uint64_t tag = kind << 56 | (uintptr_t)(at + i);

		if (pwrite(fd, &tag, 8, (off_t)(uintptr_t)(at + i)) != 8)
			subject_die("cannot write through mem: %m");
	}
	close(fd);
}

static void merge_forced(struct bed *b, int advice, int undo)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (advice)
		SUBJECT_SYS(madvise(new, b->len, advice));
	write_by_mem(new, b->len, 3, 1);
	if (undo)
		SUBJECT_SYS(madvise(new, b->len, undo));
}

static void forced_mmap(struct bed *b)
{
	merge_forced(b, 0, 0);
}

static void forced_madvise(struct bed *b)
{
	merge_forced(b, MADV_DONTFORK, MADV_DOFORK);
}

static void forced_mlock(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;

	new = mmap(new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1,
		   0);
	if (new == MAP_FAILED)
		skip("mmap of locked memory: %m");
	write_by_mem(new, b->len, 3, 1);
	SUBJECT_SYS(munlock(new, b->len));
}

static void forced_mprotect(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE), *new = p + b->len;

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	write_by_mem(new, b->len, 3, 1);
	SUBJECT_SYS(mprotect(new, b->len, PROT_READ | PROT_WRITE));
}

/* New memory becomes a neighbour's by being moved next to it. */
static void forced_move(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = map_at(b, place(b), b->len);

	SUBJECT_SYS(mprotect(new, b->len, PROT_READ));
	write_by_mem(new, b->len, 3, 1);
	move(new, p + b->len, b->len, 0);
}

static void forced_old(struct bed *b)
{
	char *p = filled(b, 1);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ));
	watch(b, p, b->len);
	mark(b);
	write_by_mem(p, b->len, 3, 2);
}

static void forced_absent(struct bed *b)
{
	char *p = filled(b, 1);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ));
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	write_by_mem(p, b->len, 3, 2);
}

static void forced_zero(struct bed *b)
{
	char *p = filled(b, 1);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ));
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	touch(p, b->len);
	write_by_mem(p, b->len, 3, 2);
}

static void split_merge(struct bed *b)
{
	char *p = map_at(b, place(b), 3 * b->len);

	fill(p, 3 * b->len, 1);
	watch(b, p, 3 * b->len);
	mark(b);
	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ));
	fill_step(p, b->len, 3, 2);
	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ | PROT_WRITE));
	fill_step(p + 2 * b->len, b->len, 3, 2);
}

/* Old memory without access, taken into use after the mark. */
static void open_reservation(struct bed *b)
{
	char *p = map_as(b, place(b), 2 * b->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ | PROT_WRITE));
	fill(p, b->len, 1);
	watch(b, p, 2 * b->len);
	mark(b);
	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ | PROT_WRITE));
	fill_step(p + b->len, b->len, 3, 2);
}

static void heap(struct bed *b)
{
	char *start = (char *)(((uintptr_t)sbrk(0) + TABLE - 1) / TABLE * TABLE + TABLE);

	SUBJECT_SYS(brk(start + b->len));
	if (b->shape->is_huge)
		SUBJECT_SYS(madvise(start, b->len, MADV_HUGEPAGE));
	fill(start, b->len, 1);
	watch(b, start, b->len);
	mark(b);
	SUBJECT_SYS(brk(start + b->len / 2));
	SUBJECT_SYS(brk(start + b->len));
	fill_step(start + b->len / 2, b->len / 2, 3, 2);
}

static void heap_read(struct bed *b)
{
	heap(b);
	SUBJECT_SYS(brk(b->windows[0].start));
	SUBJECT_SYS(brk(b->windows[0].start + b->len));
	touch(b->windows[0].start, b->len);
}

static void stack(struct bed *b)
{
	char *top = place(b) + 2 * b->len;

	map_as(b, top - PAGE, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);
	map_at(b, top - b->len, b->len - PAGE);
	fill(top - b->len, b->len, 1);
	watch(b, top - b->len, b->len);
	mark(b);
	SUBJECT_SYS(munmap(top - b->len, b->len - PAGE));
	for (char *p = top - PAGE; p >= top - b->len; p -= PAGE)
		if ((uintptr_t)p / PAGE % 2)
			*(volatile uint64_t *)p = (uintptr_t)p;
		else
			(void)*(volatile char *)p;
}

/* Two clean mappings and a new one between them become one. */
static void merge_by_advice(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE), *new = p + b->len;

	map_at(b, new, b->len);
	SUBJECT_SYS(madvise(new, b->len, MADV_DONTFORK));
	fill_step(new, b->len, 3, 2);
	SUBJECT_SYS(madvise(new, b->len, MADV_DOFORK));
}

/* Pages that the program's userfaultfd puts into a new mapping, which then merges with an old one. */
static void merge_uffd_copy(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;
	int own = uffd_open(0);
	struct uffdio_copy arg = { .dst = (uintptr_t) new, .src = (uintptr_t)p, .len = b->len };

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (uffd_register(own, new, b->len, UFFDIO_REGISTER_MODE_MISSING))
		skip("register: %m");
	if (ioctl(own, UFFDIO_COPY, &arg) < 0)
		note(b, " [copy: %s]", strerrorname_np(errno));
	close(own);
	SUBJECT_SYS(madvise(new, b->len, MADV_DONTFORK));
	SUBJECT_SYS(madvise(new, b->len, MADV_DOFORK));
}

/* --- c: pages that go and come back --- */

static char *one(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	return p;
}

static void dropped(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
}

static void dropped_read(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	touch(p, b->len);
}

static void dropped_read_write(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	touch(p, b->len);
	*(volatile uint64_t *)p = 3;
}

static void dropped_write(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	fill_step(p, b->len, 3, 2);
}

static void dropped_part(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p + PAGE, b->len - 2 * PAGE, MADV_DONTNEED));
	touch(p, b->len);
}

/* Only read before the mark, so that the zero page is there; written after it. */
static void zero_write(struct bed *b)
{
	char *p = map_at(b, place(b), b->len);

	touch(p, b->len);
	watch(b, p, b->len);
	mark(b);
	*(volatile uint64_t *)(p + PAGE) = 3;
}

static void absent_read(struct bed *b)
{
	char *p = map_at(b, place(b), b->len);

	watch(b, p, b->len);
	mark(b);
	touch(p, b->len);
}

static void absent_write(struct bed *b)
{
	char *p = map_at(b, place(b), b->len);

	watch(b, p, b->len);
	mark(b);
	fill_step(p, b->len, 3, 2);
}

static void freed(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_FREE));
}

static void freed_reclaimed(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_FREE));
	page_out(b, p, b->len);
}

static void freed_reclaimed_read(struct bed *b)
{
	freed_reclaimed(b);
	touch(b->windows[0].start, b->len);
}

static void freed_reclaimed_write(struct bed *b)
{
	freed_reclaimed(b);
	fill_step(b->windows[0].start, b->len, 3, 2);
}

static void freed_write(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_FREE));
	fill_step(p, b->len, 3, 2);
}

static void swapped_out(struct bed *b)
{
	char *p = one(b);

	page_out(b, p, b->len);
}

static void swapped_out_read(struct bed *b)
{
	swapped_out(b);
	touch(b->windows[0].start, b->len);
}

static void swapped_out_write(struct bed *b)
{
	swapped_out(b);
	fill_step(b->windows[0].start, b->len, 3, 2);
}

/* Written after the mark, then swapped out: the mark must go to swap with the page. */
static void write_swapped_out(struct bed *b)
{
	char *p = one(b);

	fill_step(p, b->len, 3, 2);
	page_out(b, p, b->len);
}

static void write_swapped_out_read(struct bed *b)
{
	write_swapped_out(b);
	touch(b->windows[0].start, b->len);
}

static char *swapped_mark(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	remember(b);
	page_out(b, p, b->len);
	mark(b);
	return p;
}

static void swapped_stays(struct bed *b)
{
	swapped_mark(b);
}

static void swapped_read(struct bed *b)
{
	touch(swapped_mark(b), b->len);
}

static void swapped_write(struct bed *b)
{
	fill_step(swapped_mark(b), b->len, 3, 2);
}

static void swapped_dropped_read(struct bed *b)
{
	char *p = swapped_mark(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	touch(p, b->len);
}

static void collapse(struct bed *b, char *at, size_t len)
{
	if (madvise(at, len, MADV_COLLAPSE))
		note(b, " [collapse: %s]", strerrorname_np(errno));
}

static void collapsed(struct bed *b)
{
	char *p = one(b);

	collapse(b, p, b->len);
}

static void write_collapsed(struct bed *b)
{
	char *p = one(b);

	fill_step(p, b->len, 3, 2);
	collapse(b, p, b->len);
}

/* Holes are filled with zeros by a collapse: pages the parent does not have. */
static void holes_collapsed(struct bed *b)
{
	char *p = map_at(b, place(b), b->len);

	fill_step(p, b->len, 1, 2);
	watch(b, p, b->len);
	mark(b);
	collapse(b, p, b->len);
}

static void dropped_collapsed(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(madvise(p, b->len / 4, MADV_DONTNEED));
	touch(p, b->len / 8);
	collapse(b, p, b->len);
}

static void huge_unmap_part(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(munmap(p + PAGE, PAGE));
	*(volatile uint64_t *)p = 3;
}

static void huge_protect_part(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(mprotect(p + PAGE, PAGE, PROT_READ));
	*(volatile uint64_t *)p = 3;
}

static void huge_write_one(struct bed *b)
{
	char *p = one(b);

	*(volatile uint64_t *)(p + PAGE) = 3;
}

static void huge_write_part_out(struct bed *b)
{
	char *p = one(b);

	*(volatile uint64_t *)(p + PAGE) = 3;
	page_out(b, p, b->len);
	touch(p, b->len / 2);
}

static void huge_move_part(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src + PAGE, dst + PAGE, 4 * PAGE, 0);
}

/* The kernel moves pages to other frames. */
static void compacted(struct bed *b)
{
	char *p, *spare = map_at(b, place(b), 64 << 20);

	fill(spare, 64 << 20, 4);
	p = one(b);
	for (size_t i = 0; i < 64 << 20; i += 2 * PAGE)
		SUBJECT_SYS(madvise(spare + i, PAGE, MADV_DONTNEED));
	if (!write_text("/proc/sys/vm/compact_memory", "1"))
		skip("cannot compact memory: %m");
	note(b, " compacted");
	touch(p, b->len);
}

static void merge_same(struct bed *b, char *at, size_t len)
{
	if (madvise(at, len, MADV_MERGEABLE))
		skip("madvise(MADV_MERGEABLE): %m");
	write_text("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	write_text("/sys/kernel/mm/ksm/pages_to_scan", "10000");
	if (!write_text("/sys/kernel/mm/ksm/run", "1"))
		skip("ksm cannot run");
	subject_sleep_us(3000000);
	note(b, " KSM");
}

static void ksm_all(struct bed *b)
{
	char *p = one(b), *twin = map_at(b, place(b), b->len);

	memcpy(twin, p, b->len);
	merge_same(b, p, b->len);
	merge_same(b, twin, b->len);
}

static void ksm_write(struct bed *b)
{
	ksm_all(b);
	fill_step(b->windows[0].start, b->len, 3, 2);
}

static void ksm_undone(struct bed *b)
{
	ksm_all(b);
	write_text("/sys/kernel/mm/ksm/run", "2");
}

/* Two mappings of the same bytes share pages from before the mark; then one's table is moved over another. */
static void ksm_move(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	for (size_t i = 0; i < b->len; i += 2 * PAGE)
		memcpy(src + i, dst + i, PAGE);
	merge_same(b, dst, b->len);
	merge_same(b, src, b->len);
	watch(b, dst, b->len);
	mark(b);
	move(src, dst, b->len, 0);
}

/* --- d: private mappings of files --- */

static void file_dropped(struct bed *b)
{
	char *p = file_private(b, 1, NULL);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
}

static void file_dropped_read(struct bed *b)
{
	file_dropped(b);
	touch(b->windows[0].start, b->len);
}

static void file_dropped_write(struct bed *b)
{
	file_dropped(b);
	fill_step(b->windows[0].start, b->len, 3, 2);
}

static void file_read_write(struct bed *b)
{
	int fd = temporary_file("file", b->len);
	char *p = map_as(b, place(b), b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	touch(p, b->len);
	watch(b, p, b->len);
	mark(b);
	fill_step(p, b->len, 3, 2);
}

static void file_write(struct bed *b)
{
	char *p = file_private(b, 1, NULL);

	watch(b, p, b->len);
	mark(b);
	fill_step(p, b->len, 3, 2);
}

static void file_truncated(struct bed *b)
{
	char *p;
	int fd;

	p = file_private(b, 1, &fd);
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(ftruncate(fd, (off_t)b->len / 2));
}

static void file_truncated_grown(struct bed *b)
{
	char *p;
	int fd;

	p = file_private(b, 1, &fd);
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(ftruncate(fd, (off_t)b->len / 2));
	SUBJECT_SYS(ftruncate(fd, (off_t)b->len));
	touch(p, b->len);
}

static void file_punched(struct bed *b)
{
	char *p;
	int fd;

	p = file_private(b, 1, &fd);
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)b->len / 2));
}

static void file_removed(struct bed *b)
{
	char *p = file_private(b, 1, NULL);

	watch(b, p, b->len);
	mark(b);
	if (madvise(p, b->len / 2, MADV_REMOVE))
		note(b, " [remove: %s]", strerrorname_np(errno));
}

static void file_swapped(struct bed *b)
{
	char *p = file_private(b, 1, NULL);

	watch(b, p, b->len);
	mark(b);
	page_out(b, p, b->len);
	touch(p, b->len / 2);
}

/* The same with the pages of a memfd that the program maps privately. */
static void memfd_dropped(struct bed *b)
{
	int fd = SUBJECT_SYS(memfd_create("private", MFD_CLOEXEC));
	char *p;

	SUBJECT_SYS(ftruncate(fd, (off_t)b->len));
	p = map_as(b, place(b), b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	fill(p, b->len, 1);
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
}

static void file_guard(struct bed *b)
{
	char *p = file_private(b, 1, NULL);

	watch(b, p, b->len);
	mark(b);
	if (madvise(p, b->len, 102))
		skip("madvise(MADV_GUARD_INSTALL): %m");
}

static void guard(struct bed *b)
{
	char *p = one(b);

	if (madvise(p, b->len, 102))
		skip("madvise(MADV_GUARD_INSTALL): %m");
}

/* --- e: huge pages --- */

static char *hugetlb(struct bed *b, int flags, bool is_filled)
{
	char *p = mmap(place(b), b->len, PROT_READ | PROT_WRITE,
		       MAP_FIXED | MAP_ANONYMOUS | MAP_HUGETLB | flags, -1, 0);

	if (p == MAP_FAILED)
		skip("hugetlb: %m");
	if (is_filled)
		fill(p, b->len, 1);
	return p;
}

static void hugetlb_write(struct bed *b)
{
	char *p = hugetlb(b, MAP_PRIVATE, true);

	watch(b, p, b->len);
	mark(b);
	*(volatile uint64_t *)(p + 5 * PAGE) = 3;
	*(volatile uint64_t *)p = 3;
}

static void hugetlb_dropped(struct bed *b)
{
	char *p = hugetlb(b, MAP_PRIVATE, true);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(madvise(p, TABLE, MADV_DONTNEED));
}

static void hugetlb_dropped_read(struct bed *b)
{
	hugetlb_dropped(b);
	touch(b->windows[0].start, b->len);
}

static void hugetlb_absent_read(struct bed *b)
{
	char *p = hugetlb(b, MAP_PRIVATE, false);

	watch(b, p, b->len);
	mark(b);
	touch(p, b->len);
}

static void hugetlb_read_write(struct bed *b)
{
	char *p = hugetlb(b, MAP_PRIVATE, false);

	touch(p, b->len);
	watch(b, p, b->len);
	mark(b);
	fill_step(p, TABLE, 3, 1);
}

static void hugetlb_move(struct bed *b)
{
	char *dst = filled(b, 1), *src = hugetlb(b, MAP_PRIVATE, true);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
}

static void hugetlb_shared(struct bed *b)
{
	char *p = hugetlb(b, MAP_SHARED, true);

	watch(b, p, b->len);
	mark(b);
	*(volatile uint64_t *)p = 3;
}

static void hugetlb_fork(struct bed *b)
{
	char *p = hugetlb(b, MAP_PRIVATE, true);
	pid_t child;

	watch(b, p, b->len);
	mark(b);
	child = SUBJECT_SYS(fork());
	if (!child) {
		pause();
		_exit(0);
	}
	*(volatile uint64_t *)p = 3;
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
}

/* --- f: ways to write --- */

static void write_read(struct bed *b)
{
	char *p = one(b);
	int fd = SUBJECT_SYS(open("/dev/urandom", O_RDONLY | O_CLOEXEC));

	for (size_t i = 0; i < b->len; i += 2 * PAGE)
		if (read(fd, p + i, 16) != 16)
			subject_die("read: %m");
}

static void write_direct(struct bed *b)
{
	int fd = temporary_file("direct", b->len);
	char path[64], *p;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fsync(fd);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		skip("O_DIRECT: %m");
	p = one(b);
	for (size_t i = 0; i < b->len; i += 2 * PAGE)
		if (pread(fd, p + i, PAGE, 0) != (ssize_t)PAGE)
			subject_die("O_DIRECT read: %m");
}

static void as_child(void (*act)(pid_t parent, char *at, size_t len), char *at, size_t len)
{
	pid_t parent = getpid(), child = SUBJECT_SYS(fork());
	int status;

	if (!child) {
		act(parent, at, len);
		_exit(0);
	}
	SUBJECT_SYS(waitpid(child, &status, 0));
	if (status)
		subject_die("the other process failed");
}

static void act_writev(pid_t parent, char *at, size_t len)
{
	for (size_t i = 0; i < len; i += 2 * PAGE) {
		uint64_t tag = 3ull << 56 | i;
		struct iovec from = { &tag, 8 }, to = { at + i, 8 };

		SUBJECT_SYS(process_vm_writev(parent, &from, 1, &to, 1, 0));
	}
}

static void write_other(struct bed *b)
{
	as_child(act_writev, one(b), b->len);
}

static void act_nothing(pid_t parent, char *at, size_t len)
{
	(void)parent;
	fill_step(at, len, 3, 2);
}

static void fork_child_writes(struct bed *b)
{
	as_child(act_nothing, one(b), b->len);
}

static void act_poke(pid_t parent, char *at, size_t len)
{
	int status;

	SUBJECT_SYS(ptrace(PTRACE_SEIZE, parent, 0, 0));
	SUBJECT_SYS(ptrace(PTRACE_INTERRUPT, parent, 0, 0));
	SUBJECT_SYS(waitpid(parent, &status, __WALL));
	for (size_t i = 0; i < len; i += 2 * PAGE)
		SUBJECT_SYS(ptrace(PTRACE_POKEDATA, parent, at + i, (void *)(3ul << 56 | i)));
	SUBJECT_SYS(ptrace(PTRACE_DETACH, parent, 0, 0));
}

static void write_poke(struct bed *b)
{
	as_child(act_poke, one(b), b->len);
}

static void write_poke_readonly(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ));
	as_child(act_poke, p, b->len);
}

static void write_mem(struct bed *b)
{
	write_by_mem(one(b), b->len, 3, 2);
}

static void fork_then_write(struct bed *b)
{
	char *p = one(b);
	pid_t child = SUBJECT_SYS(fork());

	if (!child) {
		pause();
		_exit(0);
	}
	fill_step(p, b->len, 3, 2);
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
	*(volatile uint64_t *)(p + PAGE) = 3;
}

/* Forked before the mark, written after it. */
static void forked_write(struct bed *b)
{
	char *p = filled(b, 1);
	pid_t child = SUBJECT_SYS(fork());

	if (!child) {
		pause();
		_exit(0);
	}
	watch(b, p, b->len);
	mark(b);
	fill_step(p, b->len, 3, 2);
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
	*(volatile uint64_t *)(p + PAGE) = 3;
}

/* What the child of a marked task has: its own view is judged. */
static void fork_in_child(struct bed *b)
{
	char *p = one(b);
	pid_t child = SUBJECT_SYS(fork());

	if (child) {
		SUBJECT_SYS(waitpid(child, NULL, 0));
		_exit(0);
	}
	b->pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b->mem = SUBJECT_SYS(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
	fill_step(p, b->len, 3, 2);
}

/* Pages given to a pipe are read from it into memory. */
static void write_splice(struct bed *b)
{
	char *p = one(b), *from = filled(b, 4);
	int fds[2];

	SUBJECT_SYS(pipe2(fds, O_CLOEXEC));
	for (size_t i = 0; i < b->len; i += 2 * PAGE) {
		struct iovec in = { from + i, PAGE }, out = { p + i, PAGE };

		SUBJECT_SYS(vmsplice(fds[1], &in, 1, SPLICE_F_GIFT));
		SUBJECT_SYS(vmsplice(fds[0], &out, 1, 0));
	}
}

/* The program's own userfaultfd fills pages that it dropped. */
static void own_uffd(struct bed *b, uint64_t mode, bool before)
{
	char *p = filled(b, 1), *from = filled(b, 5);
	struct uffdio_copy arg = { (uintptr_t)p, (uintptr_t)from, b->len, 0, 0 };
	int own = uffd_open(0);

	watch(b, p, b->len);
	if (before && uffd_register(own, p, b->len, mode))
		skip("register: %m");
	mark(b);
	if (!before)
		note(b, " own: %s", why(uffd_register(own, p, b->len, mode)));
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	if (ioctl(own, UFFDIO_COPY, &arg) < 0)
		note(b, " [copy: %s]", strerrorname_np(errno));
}

static void own_uffd_before(struct bed *b)
{
	own_uffd(b, UFFDIO_REGISTER_MODE_MISSING, true);
}

static void own_uffd_after(struct bed *b)
{
	own_uffd(b, UFFDIO_REGISTER_MODE_MISSING, false);
}

/* --- rows --- */

enum { SWAP = 1, HUGETLB = 2, ROW_SECONDS = 10 };

static const struct row {
	const char *name;
	void (*run)(struct bed *b);
	unsigned shapes, needs;
} rows[] = {
	{ "a/hole", move_hole, EVERY, 0 },
	{ "a/over", move_over, EVERY, 0 },
	{ "a/over-readonly", move_readonly, FLAT, 0 },
	{ "a/anywhere", move_anywhere, FLAT, 0 },
	{ "a/dontunmap", move_dontunmap, FLAT | THP, 0 },
	{ "a/dontunmap-read-source", move_dontunmap_read, FLAT | THP, 0 },
	{ "a/over-write-half", move_write_half, EVERY, 0 },
	{ "a/over-read", move_read, BIG | THP, 0 },
	{ "a/there-and-back", move_back, FLAT | THP, 0 },
	{ "a/exchange", move_exchange, FLAT | THP, 0 },
	{ "a/middle", move_middle, FLAT | BIG_OFF | THP, 0 },
	{ "a/move-and-grow", move_grow, FLAT | THP, 0 },
	{ "a/directory", move_directory, BIG, 0 },
	{ "a/written-before", move_written, FLAT | THP, 0 },
	{ "a/new-source", move_new, FLAT | THP, 0 },
	{ "a/register-then-ask", move_register, FLAT | THP, 0 },
	{ "a/private-file", move_file, FLAT, 0 },
	{ "a/swapped", move_swapped, FLAT, SWAP },
	{ "a/swapped-at-mark", move_swapped_before, FLAT, SWAP },
	{ "a/swapped-in-frame", move_frame, FLAT, SWAP },
	{ "a/after-fork", move_after_fork, FLAT, 0 },
	{ "a/uffd-move", uffd_move, FLAT | THP, 0 },
	{ "a/uffd-move-swapped", uffd_move_swapped, FLAT, SWAP },
	{ "a/shrink-grow", shrink_grow, FLAT | THP, 0 },
	{ "a/shrink-grow-read", shrink_grow_read, FLAT | THP, 0 },
	{ "a/shrink-grow-write", shrink_grow_write, FLAT | THP, 0 },
	{ "a/grow-over", grow_over, FLAT | THP, 0 },
	{ "b/remap-write", remap, FLAT | THP, 0 },
	{ "b/remap-read", remap_read, FLAT | THP, 0 },
	{ "b/merge-mmap", merge_by_mmap, FLAT | THP, 0 },
	{ "b/merge-mprotect", merge_by_mprotect, FLAT | THP, 0 },
	{ "b/merge-madvise", merge_by_advice, FLAT | THP, 0 },
	{ "b/merge-written", merge_written, FLAT | THP, 0 },
	{ "b/forced-mmap", forced_mmap, FLAT | THP, 0 },
	{ "b/forced-madvise", forced_madvise, FLAT | THP, 0 },
	{ "b/forced-mlock", forced_mlock, FLAT, 0 },
	{ "b/forced-mprotect", forced_mprotect, FLAT | THP, 0 },
	{ "b/forced-move", forced_move, FLAT | THP, 0 },
	{ "b/forced-old", forced_old, FLAT | THP, 0 },
	{ "b/forced-absent", forced_absent, FLAT | THP, 0 },
	{ "b/forced-zero", forced_zero, FLAT | THP, 0 },
	{ "b/uffd-copy-merge", merge_uffd_copy, FLAT, 0 },
	{ "b/split-merge", split_merge, FLAT | THP, 0 },
	{ "b/reservation", open_reservation, FLAT | THP, 0 },
	{ "b/brk", heap, FLAT | THP, 0 },
	{ "b/brk-read", heap_read, FLAT | THP, 0 },
	{ "b/stack", stack, FLAT, 0 },
	{ "c/dontneed", dropped, FLAT | THP, 0 },
	{ "c/dontneed-read", dropped_read, FLAT | THP, 0 },
	{ "c/dontneed-read-write-one", dropped_read_write, FLAT | THP, 0 },
	{ "c/dontneed-write", dropped_write, FLAT | THP, 0 },
	{ "c/dontneed-part-read", dropped_part, FLAT | THP, 0 },
	{ "c/zero-write", zero_write, FLAT | THP, 0 },
	{ "c/absent-read", absent_read, FLAT | THP, 0 },
	{ "c/absent-write", absent_write, FLAT | THP, 0 },
	{ "c/free", freed, FLAT | THP, 0 },
	{ "c/free-reclaim", freed_reclaimed, FLAT | THP, SWAP },
	{ "c/free-reclaim-read", freed_reclaimed_read, FLAT | THP, SWAP },
	{ "c/free-reclaim-write", freed_reclaimed_write, FLAT | THP, SWAP },
	{ "c/free-write", freed_write, FLAT | THP, 0 },
	{ "c/pageout", swapped_out, FLAT | THP, SWAP },
	{ "c/pageout-read", swapped_out_read, FLAT | THP, SWAP },
	{ "c/pageout-write", swapped_out_write, FLAT | THP, SWAP },
	{ "c/write-pageout", write_swapped_out, FLAT | THP, SWAP },
	{ "c/write-pageout-read", write_swapped_out_read, FLAT | THP, SWAP },
	{ "c/swapped", swapped_stays, FLAT | THP, SWAP },
	{ "c/swapped-read", swapped_read, FLAT | THP, SWAP },
	{ "c/swapped-write", swapped_write, FLAT | THP, SWAP },
	{ "c/swapped-dontneed-read", swapped_dropped_read, FLAT | THP, SWAP },
	{ "c/collapse", collapsed, BIG | BIG_OFF | THP, 0 },
	{ "c/write-collapse", write_collapsed, BIG | BIG_OFF | THP, 0 },
	{ "c/holes-collapse", holes_collapsed, BIG | BIG_OFF, 0 },
	{ "c/dontneed-collapse", dropped_collapsed, BIG | BIG_OFF | THP, 0 },
	{ "c/huge-unmap-part", huge_unmap_part, THP, 0 },
	{ "c/huge-mprotect-part", huge_protect_part, THP, 0 },
	{ "c/huge-write-one", huge_write_one, THP, 0 },
	{ "c/huge-write-one-pageout", huge_write_part_out, THP, SWAP },
	{ "c/huge-move-part", huge_move_part, THP, 0 },
	{ "c/compact", compacted, FLAT | THP, 0 },
	{ "c/guard", guard, FLAT | THP, 0 },
	{ "c/ksm", ksm_all, SMALL, 0 },
	{ "c/ksm-write", ksm_write, SMALL, 0 },
	{ "c/ksm-undone", ksm_undone, SMALL, 0 },
	{ "c/ksm-move", ksm_move, BIG, 0 },
	{ "d/write", file_write, FLAT, 0 },
	{ "d/read-write", file_read_write, FLAT, 0 },
	{ "d/dontneed", file_dropped, FLAT, 0 },
	{ "d/dontneed-read", file_dropped_read, FLAT, 0 },
	{ "d/dontneed-write", file_dropped_write, FLAT, 0 },
	{ "d/dontneed-memfd", memfd_dropped, FLAT, 0 },
	{ "d/truncate", file_truncated, FLAT, 0 },
	{ "d/truncate-grow-read", file_truncated_grown, FLAT, 0 },
	{ "d/punch", file_punched, FLAT, 0 },
	{ "d/remove", file_removed, FLAT, 0 },
	{ "d/pageout-read-half", file_swapped, FLAT, SWAP },
	{ "d/guard", file_guard, FLAT, 0 },
	{ "e/write", hugetlb_write, BIG, HUGETLB },
	{ "e/dontneed", hugetlb_dropped, BIG, HUGETLB },
	{ "e/dontneed-read", hugetlb_dropped_read, BIG, HUGETLB },
	{ "e/absent-read", hugetlb_absent_read, BIG, HUGETLB },
	{ "e/read-write", hugetlb_read_write, BIG, HUGETLB },
	{ "e/move", hugetlb_move, BIG, HUGETLB },
	{ "e/shared-write", hugetlb_shared, BIG, HUGETLB },
	{ "e/fork-write", hugetlb_fork, BIG, HUGETLB },
	{ "f/read", write_read, FLAT | THP, 0 },
	{ "f/read-direct", write_direct, FLAT | THP, 0 },
	{ "f/process_vm_writev", write_other, FLAT | THP, 0 },
	{ "f/mem", write_mem, FLAT | THP, 0 },
	{ "f/poke", write_poke, FLAT | THP, 0 },
	{ "f/poke-readonly", write_poke_readonly, FLAT | THP, 0 },
	{ "f/vmsplice", write_splice, FLAT | THP, 0 },
	{ "f/fork-write", fork_then_write, FLAT | THP, 0 },
	{ "f/fork-child-writes", fork_child_writes, FLAT | THP, 0 },
	{ "f/fork-in-child", fork_in_child, FLAT | THP, 0 },
	{ "f/forked-write", forked_write, FLAT | THP, 0 },
	{ "f/own-uffd-before", own_uffd_before, FLAT | THP, 0 },
	{ "f/own-uffd-after", own_uffd_after, FLAT | THP, 0 },
};

#define NR_ROWS (sizeof(rows) / sizeof(*rows))
#define NR_SHAPES (sizeof(shapes) / sizeof(*shapes))

/* The page that is shown at both places when they are only read; 0 if there is no such page. */
static uint64_t common_pfn(struct bed *b, size_t len, size_t step, int advice)
{
	char *p = map_as(b, place(b), len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t one, two;

	if (advice != MADV_NORMAL && madvise(p, len, advice))
		return 0;
	(void)*(volatile char *)p;
	(void)*(volatile char *)(p + step);
	one = word_of(b->pagemap, p);
	two = word_of(b->pagemap, p + step);
	if (!WORD_PFN(one))
		skip("page frame numbers are hidden");
	return WORD_PFN(one) == WORD_PFN(two) ? WORD_PFN(one) : 0;
}

/* Both zero pages are known by mapping them. */
static void find_zero_pages(struct bed *b)
{
	b->zero_pfn = common_pfn(b, 2 * PAGE, PAGE, MADV_NORMAL);
	b->huge_zero_pfn = common_pfn(b, 2 * TABLE, TABLE, MADV_HUGEPAGE);
	if (b->huge_zero_pfn == b->zero_pfn)
		b->huge_zero_pfn = 0;
}

static void set_up(struct bed *b, enum tracker tracker, const struct shape *shape)
{
	struct scan_arg none = { 0 };
	struct scan_run run;

	*b = (struct bed){ .tracker = tracker, .shape = &shapes[0], .uffd = -1 };
	b->pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b->mem = SUBJECT_SYS(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
	b->has_scan = scan(b, &none, (char *)PLACES, PAGE, &run, 1) >= 0;
	b->by_scan = tracker == UFFD_WP;
	find_zero_pages(b);
	b->shape = shape;
	b->len = shape->len;
	b->nr = shape->len / PAGE;
	if (!shape->is_huge)
		SUBJECT_SYS(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
}

static void run_row(const struct row *row, const struct shape *shape, enum tracker tracker,
		    bool with_flags)
{
	unsigned slow = getenv("TEST_SLOW") ? (unsigned)atoi(getenv("TEST_SLOW")) : 1;
	struct bed b;
	pid_t child;
	int status;

	printf("%-26s %-8s %-7s  ", row->name, shape->name, tracker_names[tracker]);
	fflush(stdout);
	child = SUBJECT_SYS(fork());
	if (!child) {
		alarm(ROW_SECONDS * slow);
		set_up(&b, tracker, shape);
		row->run(&b);
		judge(&b, with_flags);
		fflush(stdout);
		_exit(0);
	}
	SUBJECT_SYS(waitpid(child, &status, 0));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		printf("never ends\n");
	else if (WIFSIGNALED(status))
		printf("died of signal %d\n", WTERMSIG(status));
	else if (status)
		printf("failed\n");
}

/* A swap file of our own, as mkswap makes it; without one the rows that need it are skipped. */
static bool swap_on(char *path, size_t len)
{
	const char *dir = getenv("TMPDIR");
	uint32_t head[1024] = { 0 };
	enum { MIB = 64 };
	char *zeros = calloc(1, 1 << 20);
	int fd;

	snprintf(path, len, "%s/tracking-swap-%d", dir ? dir : "/var/tmp", getpid());
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	for (int i = 0; i < MIB; i++)
		if (write(fd, zeros, 1 << 20) != 1 << 20)
			subject_die("cannot write a swap file: %m");
	free(zeros);
	head[256] = 1;
	head[257] = (MIB << 8) - 1;
	memcpy((char *)head + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, head, PAGE, 0) != (ssize_t)PAGE || fsync(fd))
		subject_die("cannot write a swap file: %m");
	close(fd);
	if (!swapon(path, 0))
		return true;
	printf("no swap: %m\n");
	unlink(path);
	return false;
}

static bool has_soft_dirty(void)
{
	int fd = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	volatile char *p = subject_map(PAGE, false);
	uint64_t word;

	*p = 1;
	word = word_of(fd, (char *)p);
	close(fd);
	return word & WORD_SOFT_DIRTY;
}

static void run_rows(const char *pattern, bool with_flags)
{
	char swap[256], saved[NR_SETTINGS][SETTING_BYTES];
	bool sd = has_soft_dirty(), trackers[NR_TRACKERS] = { sd, sd, true },
	     swaps = swap_on(swap, sizeof(swap));

	save_settings(saved);
	write_text("/proc/sys/vm/nr_hugepages", "4");
	for (size_t i = 0; i < NR_ROWS; i++)
		for (size_t s = 0; s < NR_SHAPES; s++)
			for (enum tracker t = 0; t < NR_TRACKERS; t++)
				if (trackers[t] && rows[i].shapes >> s & 1 &&
				    (t != SOFT_DIRTY_HELD || rows[i].name[0] == 'a') &&
				    (swaps || !(rows[i].needs & SWAP)) &&
				    !fnmatch(pattern, rows[i].name, 0))
					run_row(&rows[i], &shapes[s], t, with_flags);
	restore_settings(saved);
	if (swaps) {
		SUBJECT_SYS(swapoff(swap));
		unlink(swap);
	}
}

/* --- g, h: which mappings take it, asked from outside --- */

enum { MAX_KINDS = 32 };

/* Written by the task, read by the parent. */
struct kind {
	char name[40], *at;
	size_t len;
	int error;
	bool can_write;
};

struct kinds {
	struct kind list[MAX_KINDS];
	size_t nr;
	int uffd; /* its number in the task */
	uint64_t features;
	volatile int step;
};

static void add_kind(struct kinds *k, const char *name, void *at, size_t len, bool can_write)
{
	struct kind *new = &k->list[k->nr++];

	snprintf(new->name, sizeof(new->name), "%s", name);
	new->error = at == MAP_FAILED ? errno : 0;
	new->at = at;
	new->len = len;
	new->can_write = can_write;
	if (at != MAP_FAILED && can_write)
		*(volatile char *)at = 1;
}

static void map_kind(struct kinds *k, const char *name, int prot, int flags, int fd)
{
	size_t len = flags & MAP_HUGETLB ? TABLE : 8 * PAGE;
	char *at = (char *)(PLACES + (k->nr + 1) * PLACE_STEP);

	at = mmap(at, len, prot, flags, fd, 0);
	add_kind(k, name, at, len, at != MAP_FAILED && prot & PROT_WRITE);
}

static void add_special(struct kinds *k)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	static const char *const names[] = { "[stack]", "[vdso]", "[vvar]", "[heap]" };
	char line[512];
	uint64_t from, to;

	while (fgets(line, sizeof(line), maps))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strstr(line, names[i]) && sscanf(line, "%lx-%lx", &from, &to) == 2)
				add_kind(k, names[i], (void *)from, to - from, false);
	fclose(maps);
}

static void map_files(struct kinds *k)
{
	enum { RW = PROT_READ | PROT_WRITE };
	int file = temporary_file("kinds", 8 * PAGE), memfd = memfd_create("kinds", MFD_CLOEXEC);
	char path[64];
	int readonly;

	SUBJECT_SYS(ftruncate(memfd, 8 * PAGE));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	readonly = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	map_kind(k, "file private", RW, MAP_PRIVATE, file);
	map_kind(k, "file shared", RW, MAP_SHARED, file);
	map_kind(k, "file shared, opened read-only", PROT_READ, MAP_SHARED, readonly);
	map_kind(k, "memfd private", RW, MAP_PRIVATE, memfd);
	map_kind(k, "memfd shared", RW, MAP_SHARED, memfd);
	map_kind(k, "/dev/zero private", RW, MAP_PRIVATE, open("/dev/zero", O_RDWR | O_CLOEXEC));
	map_kind(k, "memory of the device null", RW, MAP_SHARED, open("/dev/null", O_RDWR));
}

static void map_kinds(struct kinds *k)
{
	enum { RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

	map_kind(k, "private", RW, ANON, -1);
	map_kind(k, "private, no access", PROT_NONE, ANON, -1);
	map_kind(k, "private, read-only", PROT_READ, ANON, -1);
	map_kind(k, "private, grows down", RW, ANON | MAP_GROWSDOWN, -1);
	map_kind(k, "private, locked", RW, ANON | MAP_LOCKED, -1);
	map_kind(k, "private, droppable", RW, MAP_DROPPABLE | MAP_ANONYMOUS, -1);
	map_kind(k, "shared", RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	map_kind(k, "hugetlb private", RW, ANON | MAP_HUGETLB, -1);
	map_kind(k, "hugetlb shared", RW, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	map_files(k);
	add_special(k);
}

static void wait_for(struct kinds *k, int step)
{
	while (k->step != step)
		subject_sleep_us(1000);
}

/* An unprivileged task that sets up its mappings and a userfaultfd and then waits to be killed, or to execute. */
__attribute__((noreturn)) static void be_task(struct kinds *k, bool is_root)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURE_WP_ASYNC };

	map_kinds(k);
	if (!is_root) {
		SUBJECT_SYS(setresgid(65534, 65534, 65534));
		SUBJECT_SYS(setresuid(65534, 65534, 65534));
	}
	k->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (k->uffd < 0 || ioctl(k->uffd, UFFDIO_API, &api) < 0)
		skip("no userfaultfd with asynchronous write protection: %m");
	k->features = api.features;
	SUBJECT_SYS(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	k->step = 1;
	wait_for(k, 2);
	execl("/bin/sleep", "sleep", "100", NULL);
	_exit(1);
}

static int take_fd(pid_t pid, int fd)
{
	int pidfd = (int)SUBJECT_SYS(syscall(SYS_pidfd_open, pid, 0)), taken;

	taken = (int)SUBJECT_SYS(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
	close(pidfd);
	return taken;
}

static const char *cats_text(uint64_t cats, char *text, size_t len)
{
	static const char *const names[] = { "WPALLOWED", "WRITTEN", "FILE", "PRESENT",
					     "SWAPPED",	  "PFNZERO", "HUGE", "SOFT_DIRTY" };
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; i < 7; i++)
		if (cats >> i & 1)
			n += (size_t)snprintf(text + n, len - n, "%s%s", n ? " " : "", names[i]);
	return n ? text : "-";
}

/* The categories of the first page. */
static const char *first_page(const struct bed *b, const char *at, char *text, size_t len)
{
	struct scan_arg arg = { .returned = CAT_ALL & ~CAT_SOFT_DIRTY };
	struct scan_run run = { 0 };

	if (scan(b, &arg, at, PAGE, &run, 1) < 0)
		return strerrorname_np(errno);
	return cats_text(run.cats, text, len);
}

static long arm(const struct bed *b, const char *at, size_t len, uint64_t anyof, uint64_t flags)
{
	struct scan_arg arg = { .flags = SCAN_PROTECT | flags,
				.anyof = anyof,
				.returned = CAT_WRITTEN };
	struct scan_run runs[64]; /* more than there are, or the walk would end early */
	long nr = scan(b, &arg, at, len, runs, 64);

	return nr < 0 ? -errno : nr;
}

static void try_kind(struct bed *b, pid_t pid, const struct kind *kind)
{
	struct iovec from = { "x", 1 }, to = { kind->at, 1 };
	char text[128];
	long armed;

	printf("h/%-30s ", kind->name);
	if (kind->error) {
		printf("mmap: %s\n", why(kind->error));
		return;
	}
	printf("unregistered: %s", first_page(b, kind->at, text, sizeof(text)));
	armed = arm(b, kind->at, kind->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("; arm %ld: %s", armed, first_page(b, kind->at, text, sizeof(text)));
	printf("; register %s",
	       why(uffd_register(b->uffd, kind->at, kind->len, UFFDIO_REGISTER_MODE_WP)));
	printf(": %s", first_page(b, kind->at, text, sizeof(text)));
	armed = arm(b, kind->at, kind->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("; arm %ld: %s", armed, first_page(b, kind->at, text, sizeof(text)));
	if (kind->can_write && process_vm_writev(pid, &from, 1, &to, 1, 0) != 1)
		printf("; write: %s", strerrorname_np(errno));
	else if (kind->can_write)
		printf("; written: %s", first_page(b, kind->at, text, sizeof(text)));
	printf("\n");
}

static const struct kind *kind_named(const struct kinds *k, const char *name)
{
	for (size_t i = 0; i < k->nr; i++)
		if (!strcmp(k->list[i].name, name))
			return &k->list[i];
	subject_die("no kind %s", name);
}

static pid_t start_task(struct bed *b, struct kinds *k, bool is_root)
{
	char path[64];
	pid_t pid;

	memset(k, 0, sizeof(*k));
	fflush(stdout);
	pid = SUBJECT_SYS(fork());
	if (!pid)
		be_task(k, is_root);
	for (int i = 0; k->step != 1 && i < 10000 && !waitpid(pid, NULL, WNOHANG); i++)
		subject_sleep_us(1000);
	if (k->step != 1)
		return -1;
	*b = (struct bed){ .tracker = UFFD_WP, .uffd = take_fd(pid, k->uffd) };
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	b->pagemap = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	return pid;
}

static void end_task(struct bed *b, pid_t pid)
{
	close(b->uffd);
	close(b->pagemap);
	SUBJECT_SYS(kill(pid, SIGKILL));
	SUBJECT_SYS(waitpid(pid, NULL, 0));
}

static void try_all_kinds(struct kinds *k, bool is_root)
{
	struct bed b;
	pid_t pid = start_task(&b, k, is_root);

	if (pid < 0)
		return;
	printf("# a %s task's userfaultfd, taken with pidfd_getfd; asked for WP_ASYNC, got "
	       "features %#lx "
	       "(WP_UNPOPULATED %s)\n",
	       is_root ? "privileged" : "unprivileged", k->features,
	       k->features & FEATURE_WP_UNPOPULATED ? "with it" : "not with it");
	for (size_t i = 0; i < k->nr; i++)
		try_kind(&b, pid, &k->list[i]);
	end_task(&b, pid);
}

/* Does a mapping that refuses, where the kernel has one, leave the ones before it registered? */
static void try_refused(struct bed *b, const struct kinds *k, char *at)
{
	const struct kind *drop = kind_named(k, "private, droppable");
	char text[128];

	if (!drop->error)
		printf("h/with a droppable one at the end: %s\n",
		       why(uffd_register(b->uffd, at, (size_t)(drop->at - at) + 8 * PAGE,
					 UFFDIO_REGISTER_MODE_WP)));
	for (size_t i = 0; i < k->nr && k->list[i].at <= drop->at; i++)
		if (!k->list[i].error)
			printf("h/  %s: %s\n", k->list[i].name,
			       first_page(b, k->list[i].at, text, sizeof(text)));
}

/* One call over several mappings. */
static void try_ranges(struct kinds *k)
{
	struct bed b;
	pid_t pid = start_task(&b, k, false);
	char *at = kind_named(k, "private")->at, *none = kind_named(k, "private, no access")->at;

	printf("h/range with a hole in the middle: %s\n",
	       why(uffd_register(b.uffd, at, (size_t)(none - at) + 8 * PAGE,
				 UFFDIO_REGISTER_MODE_WP)));
	printf("h/range that begins in a hole: %s\n",
	       why(uffd_register(b.uffd, at - PAGE, 2 * PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/range that ends in a hole: %s\n",
	       why(uffd_register(b.uffd, at, 16 * PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/range without a mapping: %s\n",
	       why(uffd_register(b.uffd, at + 16 * PAGE, PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/the same again: %s\n",
	       why(uffd_register(b.uffd, at, 8 * PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/everything: %s\n",
	       why(uffd_register(b.uffd, (char *)(16 * PAGE), (1ul << 47) - 17 * PAGE,
				 UFFDIO_REGISTER_MODE_WP)));
	try_refused(&b, k, at);
	end_task(&b, pid);
}

static void try_unregistered(struct kinds *k)
{
	struct bed b;
	pid_t pid = start_task(&b, k, false);
	const struct kind *one = kind_named(k, "private");
	char text[128];
	long nr = arm(&b, one->at, one->len, CAT_PRESENT | CAT_SWAPPED, SCAN_REQUIRE_WPASYNC);

	printf("g/arm, unregistered, WP_ASYNC required: %ld\n", nr);
	nr = arm(&b, one->at, one->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("g/arm, unregistered: %ld, then %s\n", nr,
	       first_page(&b, one->at, text, sizeof(text)));
	uffd_register(b.uffd, one->at, one->len, UFFDIO_REGISTER_MODE_WP);
	printf("g/registered after that: %s\n", first_page(&b, one->at, text, sizeof(text)));
	arm(&b, one->at, one->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("g/armed: %s\n", first_page(&b, one->at, text, sizeof(text)));
	close(b.uffd);
	printf("g/one copy closed, the task has its own: %s\n",
	       first_page(&b, one->at, text, sizeof(text)));
	b.uffd = take_fd(pid, k->uffd);
	end_task(&b, pid);
}

/* What the program itself can do to a range that another descriptor has registered. */
static void try_other(void)
{
	struct bed b = { .tracker = UFFD_WP, .shape = &shapes[0], .len = 8 * PAGE, .places = 1 };
	char *p = filled(&b, 1), text[128];
	struct uffdio_range range = { (uintptr_t)p, b.len };
	int other = uffd_open(FEATURE_WP_ASYNC), error;

	b.pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	uffd_register(b.uffd, p, b.len, UFFDIO_REGISTER_MODE_WP);
	arm(&b, p, b.len, CAT_PRESENT, 0);
	error = uffd_register(other, p, b.len, UFFDIO_REGISTER_MODE_MISSING);
	printf("g/another descriptor registers the same: %s", why(error));
	error = ioctl(other, UFFDIO_UNREGISTER, &range) < 0 ? errno : 0;
	printf("; unregisters it: %s", why(error));
	printf(": %s\n", first_page(&b, p, text, sizeof(text)));
	close(other);
	close(b.uffd);
	close(b.pagemap);
}

static void try_closed(void)
{
	struct bed b = { .tracker = UFFD_WP, .shape = &shapes[0], .len = 8 * PAGE };
	char *p = filled(&b, 1), text[128];

	b.pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	uffd_register(b.uffd, p, b.len, UFFDIO_REGISTER_MODE_WP);
	arm(&b, p, b.len, CAT_PRESENT, 0);
	printf("g/armed by itself: %s", first_page(&b, p, text, sizeof(text)));
	close(b.uffd);
	printf("; all copies closed: %s", first_page(&b, p, text, sizeof(text)));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	printf("; another registers: %s",
	       why(uffd_register(b.uffd, p, b.len, UFFDIO_REGISTER_MODE_WP)));
	printf(": %s\n", first_page(&b, p, text, sizeof(text)));
	close(b.uffd);
	close(b.pagemap);
}

/* The first mapping of the executed program's own. */
static void try_exec(struct kinds *k)
{
	struct bed b;
	pid_t pid = start_task(&b, k, false);
	const struct kind *one = kind_named(k, "private");
	char text[128], path[64];

	uffd_register(b.uffd, one->at, one->len, UFFDIO_REGISTER_MODE_WP);
	arm(&b, one->at, one->len, CAT_PRESENT, 0);
	printf("g/armed: %s", first_page(&b, one->at, text, sizeof(text)));
	k->step = 2;
	subject_sleep_us(500000);
	printf("; executed, old page map: %s", first_page(&b, one->at, text, sizeof(text)));
	close(b.pagemap);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	b.pagemap = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	printf("; new page map: %s", first_page(&b, one->at, text, sizeof(text)));
	printf("; register through the old descriptor: %s\n",
	       why(uffd_register(b.uffd, one->at, one->len, UFFDIO_REGISTER_MODE_WP)));
	end_task(&b, pid);
}

static long status_kb(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %ld", &kb);
	fclose(f);
	return kb;
}

static void try_reservation(size_t len, uint64_t anyof, int fd)
{
	struct bed b = { .tracker = UFFD_WP };
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	long before, registered, nr;
	int64_t begun;

	if (p == MAP_FAILED)
		skip("cannot reserve %zu bytes: %m", len);
	*p = 1;
	p[len / 2] = 1;
	b.pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	before = status_kb("VmPTE");
	uffd_register(b.uffd, p, len, UFFDIO_REGISTER_MODE_WP);
	registered = status_kb("VmPTE");
	begun = subject_now_ns();
	nr = arm(&b, p, len, anyof, 0);
	printf("g/%s of %zu GiB with two pages, armed %s: VmPTE %ld kB, registered %ld kB, armed "
	       "%ld kB, %ld us "
	       "(%ld)\n",
	       fd < 0 ? "reservation" : "private memfd", len >> 30, anyof ? "what is there" : "all",
	       before, registered, status_kb("VmPTE"), (long)(subject_now_ns() - begun) / 1000, nr);
	close(b.uffd);
	close(b.pagemap);
	munmap(p, len);
}

static void run_kinds(void)
{
	struct kinds *k = subject_map(sizeof(*k), true);
	char saved[NR_SETTINGS][SETTING_BYTES];
	int memfd = memfd_create("reservation", MFD_CLOEXEC);

	save_settings(saved);
	write_text("/proc/sys/vm/nr_hugepages", "4");
	SUBJECT_SYS(ftruncate(memfd, 8l << 30));
	try_all_kinds(k, false);
	if (k->step == 1) {
		try_all_kinds(k, true);
		try_ranges(k);
		try_unregistered(k);
		try_closed();
		try_other();
		try_exec(k);
		try_reservation(1ul << 40, CAT_PRESENT | CAT_SWAPPED, -1);
		try_reservation(8ul << 30, CAT_PRESENT | CAT_SWAPPED, -1);
		try_reservation(8ul << 30, 0, -1);
		try_reservation(8ul << 30, CAT_PRESENT | CAT_SWAPPED, memfd);
		try_reservation(8ul << 30, 0, memfd);
	}
	restore_settings(saved);
}

/* --- cheap questions that tell what this kernel does --- */

static void probe(const char *name, const char *(*ask)(struct bed *b))
{
	int64_t begun;
	struct bed b;

	fflush(stdout);
	if (fork()) {
		wait(NULL);
		return;
	}
	set_up(&b, SOFT_DIRTY, &shapes[0]);
	printf("%-60s ", name);
	begun = subject_now_ns();
	printf("%s", ask(&b));
	printf(", %ld us\n", (long)(subject_now_ns() - begun) / 1000);
	fflush(stdout);
	_exit(0);
}

static const char *ask_soft_dirty(struct bed *b)
{
	char *p = map_at(b, place(b), PAGE);
	bool new, clean;

	*(volatile char *)p = 1;
	new = word_of(b->pagemap, p) & WORD_SOFT_DIRTY;
	mark_soft_dirty();
	clean = !(word_of(b->pagemap, p) & WORD_SOFT_DIRTY);
	*(volatile char *)p = 2;
	return new &&clean &&word_of(b->pagemap, p) & WORD_SOFT_DIRTY ? "yes" : "no";
}

static const char *ask_table_move(struct bed *b)
{
	char *from = map_at(b, place(b), TABLE), *to = place(b);

	*(volatile char *)from = 1;
	mark_soft_dirty();
	move(from, to, TABLE, 0);
	if (!has_soft_dirty())
		return "no soft-dirty";
	return word_of(b->pagemap, to) & WORD_SOFT_DIRTY ? "dirty" : "clean (wrong)";
}

/* Below 2 MiB, but nothing else is mapped in what the table covers. */
static const char *ask_table_move_off(struct bed *b)
{
	char *from = place(b) + PAGE, *to = place(b) + PAGE;

	map_at(b, from, TABLE);
	*(volatile char *)from = 1;
	mark_soft_dirty();
	move(from, to, TABLE, 0);
	if (!has_soft_dirty())
		return "no soft-dirty";
	return word_of(b->pagemap, to) & WORD_SOFT_DIRTY ? "dirty" : "clean (wrong)";
}

static bool first_is(struct bed *b, const char *at, uint64_t cats)
{
	struct scan_arg arg = { .returned = CAT_ALL & ~CAT_SOFT_DIRTY };
	struct scan_run run = { 0 };

	return scan(b, &arg, at, PAGE, &run, 1) == 1 && run.cats & cats;
}

static const char *ask_wp_move(struct bed *b)
{
	char *from = map_at(b, place(b), TABLE), *to = place(b);

	b->uffd = uffd_open(FEATURE_WP_ASYNC);
	*(volatile char *)from = 1;
	uffd_register(b->uffd, from, TABLE, UFFDIO_REGISTER_MODE_WP);
	arm(b, from, TABLE, CAT_PRESENT, 0);
	if (first_is(b, from, CAT_WRITTEN))
		return "could not be armed";
	move(from, to, TABLE, 0);
	return first_is(b, to, CAT_WRITTEN) ? "written" : "not written (stale)";
}

static const char *ask_marker(struct bed *b)
{
	int fd = SUBJECT_SYS(memfd_create("probe", MFD_CLOEXEC));
	char *p;

	SUBJECT_SYS(ftruncate(fd, PAGE));
	p = map_as(b, place(b), PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	b->uffd = uffd_open(FEATURE_WP_ASYNC);
	*(volatile char *)p = 1;
	uffd_register(b->uffd, p, PAGE, UFFDIO_REGISTER_MODE_WP);
	arm(b, p, PAGE, CAT_PRESENT, 0);
	SUBJECT_SYS(madvise(p, PAGE, MADV_DONTNEED));
	return first_is(b, p, CAT_SWAPPED) && !first_is(b, p, CAT_WRITTEN) ?
		       "clean and swapped (wrong)" :
		       "absent or written";
}

static const char *ask_zero(struct bed *b)
{
	return b->zero_pfn ? "yes" : "no";
}

static const char *ask_huge_zero(struct bed *b)
{
	char *p;

	if (!b->huge_zero_pfn)
		return "no such page";
	SUBJECT_SYS(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	p = map_at(b, place(b), TABLE);
	SUBJECT_SYS(madvise(p, TABLE, MADV_HUGEPAGE));
	(void)*(volatile char *)p;
	if (!(word_of(b->pagemap, p) & WORD_FILE))
		return "as a private page (wrong)";
	if (b->has_scan && !first_is(b, p, CAT_PFNZERO))
		return "not as PFNZERO (wrong)";
	return "as the zero page";
}

static void run_probes(void)
{
	probe("soft-dirty", ask_soft_dirty);
	probe("soft-dirty of a page whose page table was moved", ask_table_move);
	probe("the same, not aligned", ask_table_move_off);
	probe("write protection of a page whose page table was moved", ask_wp_move);
	probe("write protection of a dropped page of a private file", ask_marker);
	probe("reading shows a zero page", ask_zero);
	probe("a huge zero page is told", ask_huge_zero);
}

/* --- i: costs --- */

enum { COST_RUNS = 5, COST_VECTOR = 2048 };

struct question {
	const char *name;
	uint64_t inverted, mask, anyof, returned;
};

static const struct question questions[] = {
	{ "WRITTEN wanted, WRITTEN returned", 0, CAT_WRITTEN, 0, CAT_WRITTEN },
	{ "WRITTEN and (PRESENT or SWAPPED) wanted, WRITTEN returned", 0, CAT_WRITTEN,
	  CAT_PRESENT | CAT_SWAPPED, CAT_WRITTEN },
	{ "private pages wanted, nothing returned", CAT_PFNZERO | CAT_FILE, CAT_PFNZERO | CAT_FILE,
	  CAT_PRESENT | CAT_SWAPPED, 0 },
	{ "private pages wanted, WRITTEN and WPALLOWED returned", CAT_PFNZERO | CAT_FILE,
	  CAT_PFNZERO | CAT_FILE, CAT_PRESENT | CAT_SWAPPED, CAT_WRITTEN | CAT_WPALLOWED },
	{ "private and WRITTEN wanted, WRITTEN and WPALLOWED returned", CAT_PFNZERO | CAT_FILE,
	  CAT_PFNZERO | CAT_FILE | CAT_WRITTEN, CAT_PRESENT | CAT_SWAPPED,
	  CAT_WRITTEN | CAT_WPALLOWED },
	{ "the same without asking for FILE", CAT_PFNZERO, CAT_PFNZERO | CAT_WRITTEN,
	  CAT_PRESENT | CAT_SWAPPED, CAT_WRITTEN | CAT_WPALLOWED },
	{ "pages wanted, WRITTEN and WPALLOWED returned", 0, 0, CAT_PRESENT | CAT_SWAPPED,
	  CAT_WRITTEN | CAT_WPALLOWED },
};

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t ask_all(const struct bed *b, const char *at, size_t len, const struct question *q,
		       uint64_t flags, size_t *nr_runs)
{
	static struct scan_run runs[COST_VECTOR];
	uint64_t pos = (uintptr_t)at, end = pos + len;
	int64_t begun = subject_now_ns();

	*nr_runs = 0;
	while (pos < end) {
		struct scan_arg arg = { .flags = flags,
					.inverted = q->inverted,
					.mask = q->mask,
					.anyof = q->anyof,
					.returned = q->returned };
		long nr = SUBJECT_SYS(scan(b, &arg, (char *)pos, end - pos, runs, COST_VECTOR));

		*nr_runs += (size_t)nr;
		pos = nr < COST_VECTOR ? end : runs[nr - 1].end;
	}
	return subject_now_ns() - begun;
}

static void cost_of(const struct bed *b, char *at, size_t len, const struct question *q,
		    uint64_t flags, size_t nr_changed)
{
	const struct question all = { "", 0, 0, CAT_PRESENT | CAT_SWAPPED, CAT_WPALLOWED };
	int64_t times[COST_RUNS];
	size_t nr_runs;

	for (int i = 0; i < COST_RUNS; i++) {
		ask_all(b, at, len, &all, SCAN_PROTECT, &nr_runs);
		for (size_t j = 0; j < nr_changed; j++)
			++*(volatile char *)(at + len / PAGE * j / nr_changed * PAGE);
		times[i] = ask_all(b, at, len, q, flags, &nr_runs);
	}
	qsort(times, COST_RUNS, sizeof(*times), by_value);
	printf("%6zu changed, %-62s %s  %8.3f ms (%.3f to %.3f), %zu runs\n", nr_changed, q->name,
	       flags ? "and armed" : "         ", (double)times[COST_RUNS / 2] / 1e6,
	       (double)times[0] / 1e6, (double)times[COST_RUNS - 1] / 1e6, nr_runs);
	fflush(stdout);
}

static void cost_of_file(const char *path, size_t from, size_t to)
{
	static char buffer[1 << 16];
	int64_t times[COST_RUNS];

	for (int i = 0; i < COST_RUNS; i++) {
		int64_t begun = subject_now_ns();
		int fd = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
		size_t pos = from;
		ssize_t n = 1;

		while (n > 0 && pos < to) {
			n = from ? pread(fd, buffer, sizeof(buffer), (off_t)pos) :
				   read(fd, buffer, sizeof(buffer));
			pos += n > 0 ? (size_t)n : 0;
		}
		close(fd);
		times[i] = subject_now_ns() - begun;
	}
	qsort(times, COST_RUNS, sizeof(*times), by_value);
	printf("reading %-25s %8.3f ms (%.3f to %.3f)\n", path, (double)times[COST_RUNS / 2] / 1e6,
	       (double)times[0] / 1e6, (double)times[COST_RUNS - 1] / 1e6);
}

static void cost_of_files(const char *at, size_t len)
{
	cost_of_file("/proc/self/maps", 0, SIZE_MAX);
	cost_of_file("/proc/self/smaps", 0, SIZE_MAX);
	cost_of_file("/proc/self/smaps_rollup", 0, SIZE_MAX);
	cost_of_file("/proc/self/pagemap", (uintptr_t)at / PAGE * 8,
		     ((uintptr_t)at + len) / PAGE * 8);
}

static void run_costs(bool is_huge)
{
	static const size_t changed[] = { 100, 4096, 26214, 131072 };
	size_t len = 1ul << 30;
	char *at = (char *)PLACES;
	cpu_set_t one;
	struct bed b;

	/* What runs on one processor needs no interrupts on others, which are busy with something else. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	SUBJECT_SYS(sched_setaffinity(0, sizeof(one), &one));
	set_up(&b, UFFD_WP, &shapes[is_huge ? 4 : 0]);
	map_at(&b, at, len);
	fill(at, len, 1);
	printf("# 1 GiB of %s pages\n", is_huge ? "huge" : "small");
	cost_of_files(at, len);
	if (!b.has_scan)
		return;
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	uffd_register(b.uffd, at, len, UFFDIO_REGISTER_MODE_WP);
	for (size_t c = 0; c < sizeof(changed) / sizeof(*changed); c++)
		for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
			for (uint64_t flags = 0; flags <= SCAN_PROTECT; flags++)
				cost_of(&b, at, len, &questions[i], flags, changed[c]);
}

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
