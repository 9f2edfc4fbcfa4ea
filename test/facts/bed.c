/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory of one row, its tracker, and what was there at the mark. */
#include "tracking.h"

const char *const tracker_names[NR_TRACKERS] = { "sd", "sd+uffd", "wp" };

const struct shape shapes[NR_SHAPES] = {
	{ "32K", 8 * PAGE, 0, false },	  { "32K+20K", 8 * PAGE, 5 * PAGE, false },
	{ "4M", 2 * TABLE, 0, false },	  { "4M+4K", 2 * TABLE, PAGE, false },
	{ "4M-thp", 2 * TABLE, 0, true },
};

/* The row cannot be tried here; the reason is printed in place of a result. */
void skip(const char *fmt, ...)
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

void note(struct bed *b, const char *fmt, ...)
{
	size_t used = strlen(b->note);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->note + used, sizeof(b->note) - used, fmt, ap);
	va_end(ap);
}

bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Settings of the machine that rows change; what they were is written back at the end. */
static const char *const settings[NR_SETTINGS] = {
	"/sys/kernel/mm/ksm/run",	    "/sys/kernel/mm/ksm/sleep_millisecs",
	"/sys/kernel/mm/ksm/pages_to_scan", "/proc/sys/vm/page-cluster",
	"/proc/sys/vm/nr_hugepages",
};

void save_settings(char saved[NR_SETTINGS][SETTING_BYTES])
{
	for (size_t i = 0; i < NR_SETTINGS; i++) {
		int fd = open(settings[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, saved[i], SETTING_BYTES - 1);

		saved[i][n > 0 ? n : 0] = 0;
		if (fd >= 0)
			close(fd);
	}
}

void restore_settings(char saved[NR_SETTINGS][SETTING_BYTES])
{
	for (size_t i = 0; i < NR_SETTINGS; i++)
		if (saved[i][0] && !write_text(settings[i], saved[i]))
			printf("cannot set %s back to %s", settings[i], saved[i]);
}

uint64_t word_of(int pagemap, const void *addr)
{
	uint64_t word;

	if (pread(pagemap, &word, 8, (off_t)((uintptr_t)addr / PAGE * 8)) != 8)
		subject_die("cannot read the page map: %m");
	return word;
}

/* Neighbours are far away, so that only the rows that want it see merges. */
char *place(struct bed *b)
{
	return (char *)(PLACES + ++b->places * PLACE_STEP + b->shape->offset);
}

void *map_as(struct bed *b, char *at, size_t len, int prot, int flags, int fd)
{
	char *p = mmap(at, len, prot, MAP_FIXED | flags, fd, 0);

	if (p == MAP_FAILED)
		subject_die("cannot map %zu bytes: %m", len);
	if (b->shape->is_huge && fd < 0 && !(flags & MAP_HUGETLB))
		SUBJECT_SYS(madvise(p, len, MADV_HUGEPAGE));
	return p;
}

char *map_at(struct bed *b, char *at, size_t len)
{
	return map_as(b, at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* No two pages of a row ever have the same tag. */
void fill_step(char *at, size_t len, uint64_t kind, size_t step)
{
	for (size_t i = 0; i < len; i += step * PAGE)
		*(volatile uint64_t *)(at + i) = kind << 56 | (uintptr_t)(at + i);
}

void fill(char *at, size_t len, uint64_t kind)
{
	fill_step(at, len, kind, 1);
}

void touch(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE)
		(void)*(const volatile char *)(at + i);
}

char *filled(struct bed *b, uint64_t kind)
{
	char *p = map_at(b, place(b), b->len);

	fill(p, b->len, kind);
	return p;
}

void watch(struct bed *b, char *at, size_t len)
{
	struct window *w = &b->windows[b->nr_windows++];

	if (b->nr_windows > MAX_WINDOWS)
		subject_die("too many windows");
	w->start = at;
	w->nr = len / PAGE;
	w->then = calloc(w->nr, sizeof(*w->then));
}

long scan(const struct bed *b, struct scan_arg *arg, const char *at, size_t len,
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
void look(const struct bed *b, const struct window *w, struct page *pages, bool even_swapped)
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
void remember(struct bed *b)
{
	for (size_t i = 0; i < b->nr_windows; i++)
		look(b, &b->windows[i], b->windows[i].then, true);
}

/* --- marks --- */

void mark_soft_dirty(void)
{
	int fd = SUBJECT_SYS(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));

	if (write(fd, "4", 1) != 1)
		subject_die("cannot clear soft-dirty bits: %m");
	close(fd);
}

int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		skip("userfaultfd: %m");
	if (ioctl(fd, UFFDIO_API, &api) < 0)
		skip("this kernel has no such userfaultfd (features %#lx)", features);
	return fd;
}

int uffd_register(int uffd, const void *at, size_t len, uint64_t mode)
{
	struct uffdio_register arg = { .range = { (uintptr_t)at, len }, .mode = mode };

	return ioctl(uffd, UFFDIO_REGISTER, &arg) < 0 ? errno : 0;
}

const char *why(int error)
{
	return error ? strerrorname_np(error) : "ok";
}

/* Every mapping in the window on its own: a failure of one is no failure of the others. */
void register_window(struct bed *b, const struct window *w)
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

void mark(struct bed *b)
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

void set_up(struct bed *b, enum tracker tracker, const struct shape *shape)
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
