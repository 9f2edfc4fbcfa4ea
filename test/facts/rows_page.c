/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows c: pages that go and come back. */
#include "tracking.h"

char *one(struct bed *b)
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

static void guard(struct bed *b)
{
	char *p = one(b);

	if (madvise(p, b->len, 102))
		skip("madvise(MADV_GUARD_INSTALL): %m");
}

const struct row rows_c[] = {
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
	{ 0 },
};
