/* SPDX-License-Identifier: GPL-2.0-only */
/* i: what scans cost. */
#include "tracking.h"

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

void run_costs(bool is_huge)
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
