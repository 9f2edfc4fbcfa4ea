/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/page_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/features.h"
#include "mem/mm.h"
#include "proc/maps.h"
#include "proc/pagemap.h"

#define SCAN_RUNS 2048
#define READ_WORDS 8192

struct page_scan {
	int fd;
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
			   const struct proc_maps *maps, struct page_scan **out)
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
	s->pos = maps->nr ? maps->vmas[0].start : 0;
	s->end = user_end(maps);
	s->nr = s->next = 0;
	s->fd = fd_take(&fd);
	*out = s;
	return NULL;
}

static struct err *fill_by_ioctl(struct page_scan *s)
{
	struct pagemap_scan scan = {
		.start = s->pos,
		.end = s->end,
		.category_inverted = PMC_PFNZERO | PMC_FILE,
		.category_mask = PMC_PFNZERO | PMC_FILE,
		.category_anyof = PMC_PRESENT | PMC_SWAPPED,
		.return_mask = s->sees_guards ? PMC_GUARD : 0,
	};

	if (s->sees_guards)
		scan.category_anyof |= PMC_GUARD;
	return pagemap_scan(s->fd, &scan, s->runs, SCAN_RUNS, &s->nr, &s->pos);
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
			add_page(s, addr, 0);
	}
	s->pos += i * MEM_PAGE;
	return NULL;
}

struct err *page_scan_next(struct page_scan *s, struct page_range *out, bool *found_out)
{
	const struct pagemap_run *run;

	while (s->next == s->nr && s->pos < s->end) {
		s->nr = s->next = 0;
		TRY(s->by_ioctl ? fill_by_ioctl(s) : fill_by_words(s));
	}
	*found_out = s->next < s->nr;
	if (!*found_out)
		return NULL;
	run = &s->runs[s->next++];
	*out = (struct page_range){ run->start, run->end, run->categories & PMC_GUARD };
	return NULL;
}

void page_scan_close(struct page_scan *s)
{
	if (!s)
		return;
	close(s->fd);
	free(s);
}
