/* SPDX-License-Identifier: GPL-2.0-only */
/* Cheap questions that tell what a kernel does. */
#include "tracking.h"

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

void run_probes(void)
{
	probe("soft-dirty", ask_soft_dirty);
	probe("soft-dirty of a page whose page table was moved", ask_table_move);
	probe("the same, not aligned", ask_table_move_off);
	probe("write protection of a page whose page table was moved", ask_wp_move);
	probe("write protection of a dropped page of a private file", ask_marker);
	probe("reading shows a zero page", ask_zero);
	probe("a huge zero page is told", ask_huge_zero);
}
