/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/page_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/features.h"
#include "mem/mm.h"
#include "proc/maps.h"
#include "proc/pagemap.h"

/* Not the kernel's: what the trackers make of its categories. */
#define PMC_CLEAN (1ull << 63)
#define SCAN_RUNS 2048
#define READ_WORDS 8192

struct page_scan {
	int fd;
	struct page_scan_how how;
	size_t window; /* the next of how.watched */
	const struct proc_maps *maps;
	bool by_ioctl;
	bool sees_guards;
	uint64_t pos, end; /* not scanned yet */
	uint64_t zero_pfn; /* reading words: 0 if it cannot be known */
	struct pagemap_run runs[SCAN_RUNS];
	size_t nr, next;
	uint64_t words[READ_WORDS];
};

/* A page that was only read is the zero page everywhere; its number is hidden without CAP_SYS_ADMIN. */
static uint64_t find_zero_pfn(void)
{
	volatile char *page = mmap(NULL, MEM_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	AUTO_FD fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t word = 0;

	if (page == MAP_FAILED)
		return 0;
	(void)*page;
	if (fd < 0 || pread(fd, &word, sizeof(word), (off_t)((uint64_t)page / MEM_PAGE * 8)) != 8)
		word = 0;
	munmap((void *)page, MEM_PAGE);
	return word & PM_PRESENT ? PM_PFN(word) : 0;
}

/* The vsyscall page is listed last but lies in the kernel's half, where there is nothing to scan. */
static uint64_t user_end(const struct proc_maps *maps)
{
	for (size_t i = maps->nr; i--;)
		if (maps->vmas[i].end <= INT64_MAX)
			return maps->vmas[i].end;
	return 0;
}

struct err *page_scan_open(int dirfd, const struct kernel_features *kernel,
			   const struct proc_maps *maps, const struct page_scan_how *how,
			   struct page_scan **out)
{
	AUTO_FD fd = -1;
	struct page_scan *s;

	TRY(pagemap_open(dirfd, &fd));
	s = malloc(sizeof(*s));
	if (!s)
		return err_sys(ENOMEM, "cannot scan pages");
	s->by_ioctl = kernel_has(kernel, KF_PAGEMAP_SCAN);
	s->sees_guards = s->by_ioctl && kernel_has(kernel, KF_PAGEMAP_SCAN_GUARD);
	s->zero_pfn = s->by_ioctl ? 0 : find_zero_pfn();
	s->maps = maps;
	s->how = *how;
	s->window = 0;
	s->pos = maps->nr ? maps->vmas[0].start : 0;
	s->end = user_end(maps);
	s->nr = s->next = 0;
	s->fd = fd_take(&fd);
	*out = s;
	return NULL;
}

/* Where pages of files can be: everywhere but in private anonymous memory. */
static bool may_hold_files(const struct proc_vma *v)
{
	return v->ino || v->is_shared;
}

/* Up to where, from s->pos on, all mappings are of one sort. */
static uint64_t sort_end(const struct page_scan *s, bool *files_out)
{
	const struct proc_vma *end = s->maps->vmas + s->maps->nr;
	const struct proc_vma *v = proc_maps_find(s->maps, s->pos);

	*files_out = v && may_hold_files(v);
	while (v && v < end && may_hold_files(v) == *files_out)
		v++;
	return v && v < end ? MIN(v->start, s->end) : s->end;
}

struct window {
	uint64_t end; /* from s->pos on */
	bool has_files;
	const struct addr_range *watched; /* NULL: by nobody */
};

/* The next part of the address space that is scanned in one way. */
static struct window find_window(struct page_scan *s)
{
	const struct addr_range *w;
	struct window out = { 0 };

	out.end = sort_end(s, &out.has_files);
	while (s->window < s->how.nr_watched && s->how.watched[s->window].end <= s->pos)
		s->window++;
	if (s->window == s->how.nr_watched)
		return out;
	w = &s->how.watched[s->window];
	out.end = MIN(out.end, w->start > s->pos ? w->start : w->end);
	out.watched = w->start > s->pos ? NULL : w;
	return out;
}

static void mark_clean(struct page_scan *s, const struct addr_range *watched)
{
	for (size_t i = 0; i < s->nr; i++) {
		struct pagemap_run *run = &s->runs[i];
		bool is_clean = s->how.written || s->how.soft_dirty;
		bool by_written = watched && !watched->is_new &&
				  (run->categories & PMC_WPALLOWED) &&
				  !(run->categories & PMC_WRITTEN);
		bool by_soft = !(run->categories & PMC_SOFT_DIRTY);

		if (s->how.written)
			is_clean &= by_written;
		if (s->how.soft_dirty)
			is_clean &= by_soft;
		if (s->how.written && s->how.soft_dirty && by_written != by_soft)
			log_debug("mem", s->how.pid,
				  "trackers differ: addr=%#lx pages=%llu soft-dirty=%s uffd-wp=%s",
				  run->start, (run->end - run->start) / MEM_PAGE,
				  by_soft ? "clean" : "dirty", by_written ? "clean" : "dirty");
		run->categories &= ~(uint64_t)PMC_CLEAN;
		if (is_clean && !(run->categories & PMC_GUARD))
			run->categories |= PMC_CLEAN;
	}
}

static struct err *fill_by_ioctl(struct page_scan *s)
{
	struct pagemap_scan scan = {
		.start = s->pos,
		.category_inverted = PMC_PFNZERO,
		.category_mask = PMC_PFNZERO,
		.category_anyof = PMC_PRESENT | PMC_SWAPPED,
		.return_mask = PMC_HUGE | (s->sees_guards ? PMC_GUARD : 0),
	};
	const struct window window = find_window(s);

	scan.end = window.end;
	/* Dear, for it makes the kernel look at each frame: 15 ms for a GiB, the rest takes one. */
	if (window.has_files) {
		scan.category_inverted |= PMC_FILE;
		scan.category_mask |= PMC_FILE;
	}
	if (s->sees_guards)
		scan.category_anyof |= PMC_GUARD;
	if (s->how.soft_dirty)
		scan.return_mask |= PMC_SOFT_DIRTY;
	if (s->how.written)
		scan.return_mask |= PMC_WRITTEN | PMC_WPALLOWED;
	if (window.watched && s->how.protect)
		scan.flags = PM_SCAN_WRITE_PROTECT;
	TRY(pagemap_scan(s->fd, &scan, s->runs, SCAN_RUNS, &s->nr, &s->pos));
	mark_clean(s, window.watched);
	return NULL;
}

static bool word_is_private(const struct page_scan *s, uint64_t word)
{
	if (word & PM_FILE)
		return false;
	if (word & PM_SWAPPED)
		return true;
	return word & PM_PRESENT && !(s->zero_pfn && PM_PFN(word) == s->zero_pfn);
}

static void add_page(struct page_scan *s, uint64_t addr, uint64_t categories)
{
	struct pagemap_run *last = s->nr ? &s->runs[s->nr - 1] : NULL;

	if (last && last->end == addr && last->categories == categories)
		last->end += MEM_PAGE;
	else
		s->runs[s->nr++] = (struct pagemap_run){ addr, addr + MEM_PAGE, categories };
}

/*
 * Without page frame numbers the zero page looks like a page that others have too, and reading a dropped page makes it
 * appear without a mark.
 */
static bool word_is_clean(const struct page_scan *s, uint64_t word)
{
	if (!s->how.soft_dirty || word & PM_SOFT_DIRTY)
		return false;
	return s->zero_pfn || word & (PM_SWAPPED | PM_EXCLUSIVE);
}

/* A word for each page of a reservation of terabytes takes minutes: smaps told where nothing private is. */
static const struct proc_vma *next_filled_vma(const struct page_scan *s)
{
	const struct proc_vma *end = s->maps->vmas + s->maps->nr;

	for (const struct proc_vma *v = proc_maps_find(s->maps, s->pos); v && v < end; v++)
		if (v->anonymous_bytes || v->swap_bytes || v->hugetlb_bytes)
			return v;
	return NULL;
}

static struct err *fill_by_words(struct page_scan *s)
{
	const struct proc_vma *v = next_filled_vma(s);
	uint64_t nr, i;

	if (!v) {
		s->pos = s->end;
		return NULL;
	}
	s->pos = MAX(s->pos, v->start);
	nr = MIN((v->end - s->pos) / MEM_PAGE, READ_WORDS);
	TRY(pagemap_read(s->fd, s->pos, nr, s->words));
	for (i = 0; i < nr && s->nr < SCAN_RUNS; i++) {
		uint64_t word = s->words[i], addr = s->pos + i * MEM_PAGE;

		if (word & PM_GUARD)
			add_page(s, addr, PMC_GUARD);
		else if (word_is_private(s, word))
			add_page(s, addr, word_is_clean(s, word) ? PMC_CLEAN : 0);
	}
	s->pos += i * MEM_PAGE;
	return NULL;
}

/* The huge zero page holds no data.  PFNZERO is right for it since 6.16 only, but its words say that it is a file's. */
static bool may_be_hollow(const struct page_scan *s, const struct pagemap_run *run)
{
	return s->by_ioctl && run->categories & PMC_HUGE && !(run->categories & PMC_GUARD);
}

static bool word_is_hollow(uint64_t word)
{
	return word & PM_PRESENT ? word & PM_FILE : !(word & PM_SWAPPED);
}

/* Cuts the first stretch with data off *@run; an empty one at @out if there is none up to where was looked. */
static struct err *settle(struct page_scan *s, struct pagemap_run *run, struct pagemap_run *out)
{
	uint64_t nr = MIN((run->end - run->start) / MEM_PAGE, READ_WORDS), first = 0, last;

	TRY(pagemap_read(s->fd, run->start, nr, s->words));
	while (first < nr && word_is_hollow(s->words[first]))
		first++;
	for (last = first; last < nr && !word_is_hollow(s->words[last]);)
		last++;
	*out = (struct pagemap_run){ run->start + first * MEM_PAGE, run->start + last * MEM_PAGE,
				     run->categories };
	run->start += last * MEM_PAGE;
	return NULL;
}

static struct err *next_run(struct page_scan *s, struct pagemap_run *out, bool *found_out)
{
	for (;;) {
		struct pagemap_run *run;

		while (s->next == s->nr && s->pos < s->end) {
			s->nr = s->next = 0;
			TRY(s->by_ioctl ? fill_by_ioctl(s) : fill_by_words(s));
		}
		*found_out = s->next < s->nr;
		if (!*found_out)
			return NULL;
		run = &s->runs[s->next];
		if (!may_be_hollow(s, run)) {
			*out = *run;
			s->next++;
			return NULL;
		}
		TRY(settle(s, run, out));
		s->next += run->start == run->end;
		if (out->start < out->end)
			return NULL;
	}
}

struct err *page_scan_next(struct page_scan *s, struct page_range *out, bool *found_out)
{
	struct pagemap_run run = { 0 };

	TRY(next_run(s, &run, found_out));
	*out = (struct page_range){ run.start, run.end, run.categories & PMC_GUARD,
				    run.categories & PMC_CLEAN };
	return NULL;
}

void page_scan_close(struct page_scan *s)
{
	if (!s)
		return;
	close(s->fd);
	free(s);
}
