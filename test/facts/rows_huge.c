/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows e: huge pages. */
#include "tracking.h"

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

const struct row rows_e[] = {
	{ "e/write", hugetlb_write, BIG, HUGETLB },
	{ "e/dontneed", hugetlb_dropped, BIG, HUGETLB },
	{ "e/dontneed-read", hugetlb_dropped_read, BIG, HUGETLB },
	{ "e/absent-read", hugetlb_absent_read, BIG, HUGETLB },
	{ "e/read-write", hugetlb_read_write, BIG, HUGETLB },
	{ "e/move", hugetlb_move, BIG, HUGETLB },
	{ "e/shared-write", hugetlb_shared, BIG, HUGETLB },
	{ "e/fork-write", hugetlb_fork, BIG, HUGETLB },
	{ 0 },
};
