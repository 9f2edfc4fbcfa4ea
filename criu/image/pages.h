/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_PAGES_H
#define IMAGE_PAGES_H

/*
 * Where pages go on dump (sink: a pagemap image and its pages-N.img) and where they come from on
 * restore (source: the parent chain flattened into one list of runs).
 *
 * Every 4 KiB page has an XXH3-64 sum in the manifest.  The writer computes it while it has the
 * bytes in its cache, the reader checks it after it has read them in place: nothing is read twice.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/dir.h"

/* Values of pagemap_entry.flags. */
enum page_flags {
	PAGE_IN_PARENT = 1, /* in the parent's images, nothing here */
	PAGE_LAZY = 2,	    /* may be delivered on demand; only a hint next to PAGE_PRESENT */
	PAGE_PRESENT = 4,   /* the bytes are in this set's pages file */
};

/* sums[i] = XXH3_64bits of page i of @buf.  Any thread. */
void page_sums(const void *buf, size_t nr_pages, uint64_t *sums);
/*
 * The same, and sets bit i % 64 of zero_mask[i / 64] where page i is nothing but zeros ((nr_pages + 63) / 64 words);
 * returns how many are.  It costs nothing more: a page is looked at again only if it has the sum of a zero page.
 */
size_t page_sums_zero(const void *buf, size_t nr_pages, uint64_t *sums, uint64_t *zero_mask);

/* --- dump --- */

struct page_sink;

/*
 * Before the tree is frozen: gets memory for about @bytes of the first sink's pages file, so that writing them is quick.
 * Without effect where that does not help.
 */
void image_dir_prepare_pages(struct image_dir *dir, uint64_t bytes);

/*
 * @kind is IMAGE_PAGEMAP (@id: pid) or IMAGE_PAGEMAP_SHMEM (@id: shmid).  Takes the next free
 * pages_id and makes the pages file.  One sink holds one descriptor: finish it before the next
 * thousand are opened.
 */
MUST_USE struct err *page_sink_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
				    struct page_sink **out);
/*
 * Adds a run; runs ascend and do not overlap, neighbours of equal flags become one entry.  @flags:
 * PAGE_PRESENT, PAGE_PRESENT|PAGE_LAZY or PAGE_IN_PARENT.  @offset_out (may be NULL) is where the
 * bytes of a present run belong in page_sink_fd(); the caller writes them there with pwrite(), in
 * any order, from any thread.
 */
MUST_USE struct err *page_sink_run(struct page_sink *s, uint64_t start, uint64_t nr_pages,
				   uint32_t flags, uint64_t *offset_out);
/* The pages file; lent. */
int page_sink_fd(const struct page_sink *s);
/*
 * Bytes at the start of the pages file whose memory is there already (image_dir_prepare_pages): a shared mapping of
 * them costs little, and what is written to it needs no write().
 */
uint64_t page_sink_ahead(const struct page_sink *s);
/*
 * Hands over the sums of @nr pages from file offset @offset (of those reserved).  Any thread; each
 * page once.
 */
MUST_USE struct err *page_sink_sums(struct page_sink *s, uint64_t offset, uint64_t nr,
				    const uint64_t *sums);
/*
 * Instead of page_sink_sums() for pages that are all zeros: hands over their sums and leaves a hole in the pages file,
 * so the caller writes nothing there (within page_sink_ahead() it may have written zeros).
 */
MUST_USE struct err *page_sink_zeros(struct page_sink *s, uint64_t offset, uint64_t nr);
/*
 * Writes @nr pages of @buf at @offset and hands over their sums: the two above in one, for small
 * amounts.
 */
MUST_USE struct err *page_sink_data(struct page_sink *s, uint64_t offset, uint64_t nr,
				    const void *buf);
/*
 * Writes the pagemap and enters the pages file into the manifest; ERR_BUG if bytes or sums are
 * missing.  Frees the sink in any case.
 */
MUST_USE struct err *page_sink_finish(struct page_sink *own_s);
/* Frees it after a failure; image_dir_discard() removes the file.  NULL is fine. */
void page_sink_abandon(struct page_sink *own_s);

/* --- restore --- */

struct page_source;

/* Neighbouring pages whose bytes lie one after another in one file. */
struct page_extent {
	uint64_t start; /* address of the first page, or offset in the shared object */
	uint64_t nr_pages;
	uint32_t flags; /* PAGE_PRESENT, maybe PAGE_LAZY; PAGE_LAZY alone: the bytes are not here */
	int fd;		/* pages file, lent until it is dropped; -1 for PAGE_LAZY alone */
	uint64_t offset;      /* of the first page in @fd, in bytes */
	const uint64_t *sums; /* of each page, or NULL when the set has no manifest */
	uint32_t file;	      /* which file of the chain; for messages */
};

/*
 * Opens the pagemap of @id and those of the parents, checks that runs ascend, lie in their pages
 * files and are found in the parents.  A missing pagemap is ERR_IMAGE (ask image_exists()), and so
 * is a page that dedup has removed.
 */
MUST_USE struct err *page_source_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
				      struct page_source **out);
/*
 * The extent that holds @addr, cut so that it starts there, or the next one behind it; *found_out
 * tells whether there is any.  Opens the pages file at its first use, so call it from one thread;
 * the extent may be used by any thread or forked child.
 */
MUST_USE struct err *page_source_find(struct page_source *src, uint64_t addr,
				      struct page_extent *out, bool *found_out);
/*
 * Extents in order of addresses, for loops over everything: 0 <= index < page_source_nr().  Opens
 * nothing: the extent's fd is -1 unless page_source_find() has opened that file.
 */
size_t page_source_nr(const struct page_source *src);
MUST_USE struct err *page_source_get(const struct page_source *src, size_t index,
				     struct page_extent *out);
/* Sum of all extents' pages. */
uint64_t page_source_nr_pages(const struct page_source *src);
/*
 * Compares @nr pages in @buf, which were read from page number @first of @ext, with their sums.
 * ERR_IMAGE names file and offset.  Any thread.  No effect without sums.
 */
MUST_USE struct err *page_source_verify(const struct page_source *src,
					const struct page_extent *ext, uint64_t first, uint64_t nr,
					const void *buf);
/* Reads and checks pages that must all be there; for small amounts. */
MUST_USE struct err *page_source_read(struct page_source *src, uint64_t addr, uint64_t nr,
				      void *buf);
/*
 * Reads and checks @nr pages of an extent from its page number @first on; opens the pages file.  The only way to the
 * bytes of a stream's extents.  One thread.
 */
MUST_USE struct err *page_source_load(struct page_source *src, const struct page_extent *ext,
				      uint64_t first, uint64_t nr, void *buf);
/*
 * The same source for a dump, which goes up through it once: the page maps are read as it is asked, memory does not
 * grow with them, and a failure in them shows only then.  Pages that dedup has removed are left out.  Of all below it takes page_source_next(),
 * page_source_load(), page_source_verify(), page_source_drop_fds() and page_source_close().
 */
MUST_USE struct err *page_source_stream(struct image_dir *dir, enum image_kind kind, uint64_t id,
					struct page_source **out);
/*
 * The extent that holds @addr, cut so that it starts there, or the next one behind it; *found_out false: there is none
 * from there on.  @addr may be the same again or larger, never smaller; extents may be cut, so the next may continue
 * this one.  Opens nothing: the extent's fd is -1.
 */
MUST_USE struct err *page_source_next(struct page_source *src, uint64_t addr,
				      struct page_extent *out, bool *found_out);
/* Closes the pages files; they are opened again by the next find. */
void page_source_drop_fds(struct page_source *src);
void page_source_close(struct page_source *src);

#endif
