// SPDX-License-Identifier: GPL-2.0-only
/*
 * Soft-dirty on kernels whose mremap moves page tables as a whole (seen on 6.1 and 6.12): the pages in a moved table
 * keep their bits, so clean pages of somewhere else appear at an address for which the parent has other contents.
 *
 * All pages of one table move together, and a page that is moved singly is marked.  So for each table, that is for each
 * 2 MiB, a few pages are noted with the frames they are in.  At the next dump the clean pages of a table count only
 * when one of those noted is clean and in the same frame: it then was here all the time, and so was the table.  A frame
 * that has changed for another reason (swap, compaction) costs pages that are written without need.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image/dir.h"
#include "mem/tracker_priv.h"
#include "proc/pagemap.h"
#include "task/part.h"
#include "track.pb-c.h"

enum { TABLE_SHIFT = 21, NOTES_MAX = 4 };

struct frames {
	int fd;	       /* the page map */
	int flags_fd;  /* /proc/kpageflags, or -1 */
	int merged_fd; /* /sys/kernel/mm/ksm/pages_shared, or -1 */
	/* The parent's notes. */
	const TrackEntry *old;
	size_t next; /* addresses only go up */
	uint64_t table;
	bool has_table, is_same;
	/* What is noted now. */
	uint64_t *pages; /* arena; numbers, ascending */
	size_t nr;
	uint64_t noted_table;
	unsigned int nr_in_table;
};

static uint64_t table_of(uint64_t addr)
{
	return addr >> TABLE_SHIFT;
}

static uint64_t table_end(uint64_t addr)
{
	return (table_of(addr) + 1) << TABLE_SHIFT;
}

struct err *frames_open(struct dump *d, const struct task *t, struct image_dir *images,
			struct frames **out)
{
	struct frames *f = ARENA_NEW(d->arena, struct frames);
	ProtobufCMessage *msg = NULL;

	f->fd = f->flags_fd = f->merged_fd = -1;
	if (images)
		TRY(image_read_optional(images, IMAGE_TRACK, t->ns_pid, d->arena, &msg));
	f->old = (const TrackEntry *)msg;
	if (f->old && f->old->n_page != f->old->n_frame)
		return err_new(ERR_IMAGE, "image \"%s/track-%d.img\" has %zu pages and %zu frames",
			       image_dir_path(images), t->ns_pid, f->old->n_page, f->old->n_frame);
	TRY(pagemap_open(t->probe->dirfd, &f->fd));
	*out = f;
	/* Without it no frame is believed. */
	f->flags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	f->merged_fd = open("/sys/kernel/mm/ksm/pages_shared", O_RDONLY | O_CLOEXEC);
	return NULL;
}

void frames_close(struct frames *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(fd_take(&f->fd));
	if (f->flags_fd >= 0)
		close(fd_take(&f->flags_fd));
	if (f->merged_fd >= 0)
		close(fd_take(&f->merged_fd));
}

static bool nothing_is_merged(const struct frames *f)
{
	char text[2];

	return pread(f->merged_fd, text, sizeof(text), 0) == sizeof(text) &&
	       !memcmp(text, "0\n", sizeof(text));
}

/*
 * A frame that the kernel's samepage merging shares may have been here before and be here now as a page of the moved
 * table.  admin-guide/mm/pagemap.rst: one word of flags for each frame.  On 6.12 every frame of anonymous memory has the
 * flag; where nothing at all is merged it means nothing.
 */
static bool frame_is_merged(const struct frames *f, uint64_t frame)
{
	const uint64_t ksm = 1ull << 21;
	uint64_t flags;

	if (pread(f->flags_fd, &flags, sizeof(flags), (off_t)(frame * sizeof(flags))) !=
	    sizeof(flags))
		return true;
	return flags & ksm && !nothing_is_merged(f);
}

static struct err *check_table(struct frames *f, uint64_t table)
{
	const TrackEntry *old = f->old;

	f->table = table;
	f->has_table = true;
	f->is_same = false;
	for (; old && f->next < old->n_page; f->next++) {
		uint64_t addr = old->page[f->next] << MEM_PAGE_SHIFT, word;

		if (table_of(addr) < table)
			continue;
		if (table_of(addr) > table || f->is_same)
			break;
		TRY(pagemap_read(f->fd, addr, 1, &word));
		f->is_same = word & PM_PRESENT && !(word & PM_SOFT_DIRTY) && PM_PFN(word) &&
			     PM_PFN(word) == old->frame[f->next] &&
			     !frame_is_merged(f, PM_PFN(word));
	}
	return NULL;
}

struct err *frames_check(struct frames *f, struct page_range *range, bool *is_same_out)
{
	*is_same_out = false;
	if (!f)
		return NULL;
	range->end = MIN(range->end, table_end(range->start));
	if (!f->has_table || f->table != table_of(range->start))
		TRY(check_table(f, table_of(range->start)));
	*is_same_out = f->is_same;
	return NULL;
}

static void note(struct dump *d, struct frames *f, uint64_t addr)
{
	if (f->nr && f->pages[f->nr - 1] >= addr >> MEM_PAGE_SHIFT)
		return;
	if (f->noted_table != table_of(addr)) {
		f->noted_table = table_of(addr);
		f->nr_in_table = 0;
	}
	if (f->nr_in_table++ >= NOTES_MAX)
		return;
	f->pages = arena_grow(d->arena, f->pages, f->nr, sizeof(*f->pages));
	f->pages[f->nr++] = addr >> MEM_PAGE_SHIFT;
}

/* Two of each stretch, as far from each other as they are, for neighbours are often written together. */
struct err *frames_note(struct dump *d, struct frames *f, const struct page_range *range)
{
	for (uint64_t start = range->start; start < range->end;) {
		uint64_t end = MIN(range->end, table_end(start));

		note(d, f, start);
		note(d, f, (start + (end - start) / 2) & ~(MEM_PAGE - 1));
		note(d, f, end - MEM_PAGE);
		start = end;
	}
	return NULL;
}

struct err *frames_write(struct dump *d, const struct task *t, struct frames *f)
{
	TrackEntry e = TRACK_ENTRY__INIT;

	e.page = arena_array(d->arena, f->nr, sizeof(*e.page));
	e.frame = arena_array(d->arena, f->nr, sizeof(*e.frame));
	for (size_t i = 0; i < f->nr; i++) {
		uint64_t word;

		TRY(pagemap_read(f->fd, f->pages[i] << MEM_PAGE_SHIFT, 1, &word));
		if (!(word & PM_PRESENT) || !PM_PFN(word))
			continue;
		e.page[e.n_page++] = f->pages[i];
		e.frame[e.n_frame++] = PM_PFN(word);
	}
	return image_write(d->images, IMAGE_TRACK, t->ns_pid, &e.base);
}
