/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_RESTORE_PRIV_H
#define MEM_RESTORE_PRIV_H

/*
 * What the files of a memory restore share.
 *
 * A VMA of the image becomes one or more pieces: parts that are made, inherited or moved as a
 * whole.
 *
 *	the image            |---------- VMA ----------|
 *	pieces               |-- inherited --|-- new --|
 *	now in the worker    home            parked in the lot
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "base/err.h"
#include "image/pages.h"
#include "mem/mm.h"
#include "mem/restore.h"
#include "memfd.pb-c.h"

/*
 * The first address that is not a user's without five-level page tables; higher ones are only given
 * on request.
 */
#define MEM_TASK_END 0x7ffffffff000ULL

enum { MEM_NR_KEYS = 16 }; /* protection keys; 0 is what all memory has */

struct piece {
	uint64_t start, end; /* home */
	uint64_t at;	     /* where it is now */
	uint32_t vma;	     /* index in mm->rec->vmas */
	uint32_t prot;	     /* PROT_* it has now */
	bool is_inherited; /* was there, with the parent's contents, when this worker was forked */
};

/* What becomes of the vDSO of a task. */
enum vdso_plan {
	VDSO_DROP,     /* the task has none */
	VDSO_MOVE,     /* the running one is the same: it goes to the stored address */
	VDSO_REDIRECT, /* the stored code stays and calls the running one, which is in the lot */
};

/* One task's memory. */
struct mem_layout {
	struct page_source *pages;
	enum vdso_plan vdso;
	uint64_t vdso_home; /* where the running [vvar] to [vdso] go; known in the worker */
	/* VDSO_REDIRECT: an untouched copy of the stored areas, in front of the lot; 0: not needed */
	uint64_t vdso_aside, vdso_aside_len;
	size_t nr_vmas; /* without the guard entries, which come last */
	/* The protection key that the kernel takes for memory that can only be executed; 0: none. */
	uint32_t exec_key;

	/* Of the worker that made it. */
	struct piece *pieces; /* ascending by home */
	size_t nr_pieces;
	uint64_t lot_parked; /* from here to the end of the lot nothing of the task waits */
	uint64_t lot_next;   /* what is still to be given out */
	struct mem_counters counters;
};

/* A range of the running tool that the kernel made: [vvar], [vvar_vclock], [vdso]; neighbours. */
struct special {
	uint64_t start, end;
};

enum { MEM_MAX_SPECIALS = 8 };

struct running_vdso {
	struct special parts[MEM_MAX_SPECIALS]; /* ascending, the last one is the code */
	size_t nr_parts;
	uint64_t start, end; /* of all */
	struct vdso_image image;
};

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
/*
 * These would forbid the mappings of the image or the file mode; they are put on when all tasks
 * have mapped.
 */
#define LATE_SEALS (F_SEAL_SEAL | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)
#define ALL_SEALS (LATE_SEALS | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A shared memory object that tasks of the tree map. */
struct shared_object {
	uint32_t id;	    /* pagemap-shmem-ID */
	uint64_t len;	    /* bytes; the largest end of all its mappings, or the memfd's size */
	uint32_t map_flags; /* MAP_HUGETLB and its size, MAP_NORESERVE */
	const MemfdInodeEntry *memfd; /* NULL: shared anonymous memory without a file entry */
	int fd;			      /* O_RDWR */
};

struct mem_restore {
	struct mem_hooks hooks;
	uint64_t lot_start, lot_end;
	struct running_vdso vdso;
	bool has_thp; /* the kernel gives huge pages unasked: let it, by faults */

	struct shared_object *objects; /* ascending by id */
	size_t nr_objects;
	MemfdInodeEntry **memfds; /* memfd.img, ascending by inode_id */
	size_t nr_memfds;

	/*
	 * What this process holds: the layout of the last mem_restore_worker here or before the
	 * fork.
	 */
	const struct mem_layout *current;
	const struct mm *current_mm;
};

/* --- mm.c: values of the images --- */

/* Kinds that restore makes, vDSO areas not among them. */
static inline bool vma_is_vdso(const VmaEntry *v)
{
	return v->status & (VMA_AREA_VDSO | VMA_AREA_VVAR);
}

/* Its pages belong to this task alone and are in its page map. */
static inline bool vma_is_private(const VmaEntry *v)
{
	return v->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE);
}

static inline uint64_t vma_len(const VmaEntry *v)
{
	return v->end - v->start;
}

/* The values of madvise that an image may ask for: bit n of vma_entry.madv is value n. */
#define ADVICE_EARLY (1ULL << MADV_HUGEPAGE | 1ULL << MADV_NOHUGEPAGE) /* before pages are filled */
#define ADVICE_LATE                                                              \
	(1ULL << MADV_RANDOM | 1ULL << MADV_SEQUENTIAL | 1ULL << MADV_DONTFORK | \
	 1ULL << MADV_DONTDUMP | 1ULL << MADV_MERGEABLE | 1ULL << MADV_WIPEONFORK)

/* Bytes of one page of the mapping. */
uint64_t vma_page_size(const VmaEntry *v);

/* --- lot.c --- */

MUST_USE struct err *lot_choose(struct restore *r);
/* Takes @len bytes aligned to @align (a power of two). */
MUST_USE struct err *lot_take(const struct mem_restore *m, struct mem_layout *l, uint64_t len,
			      uint64_t align, uint64_t *start_out);

/* --- vdso.c --- */

MUST_USE struct err *vdso_find_running(struct restore *r);
/* Compares the stored vDSO of @t with the running one. */
MUST_USE struct err *vdso_link(struct restore *r, struct task *t);
/*
 * Worker: decides where the running one goes and patches the stored code (@code is its piece or
 * NULL).
 */
MUST_USE struct err *vdso_place(struct worker *w);

/* --- shmem.c --- */

/* Collects the objects of all tasks. */
MUST_USE struct err *shmem_link(struct restore *r);
void shmem_drop(struct mem_restore *m);
/* The object behind a shared anonymous or memfd mapping, or NULL. */
const struct shared_object *shmem_find(const struct restore *r, const VmaEntry *v);

/* --- inherit.c --- */

/* Makes the list of pieces; what was inherited and is not kept is unmapped. */
MUST_USE struct err *inherit_areas(struct worker *w);

/* --- split.c --- */

/* Cuts pieces that are too large to park where something of the tool is in their way. */
MUST_USE struct err *split_large(struct worker *w);

/* --- map.c --- */

MUST_USE struct err *map_areas(struct worker *w);
/* Makes sure that a piece can be read and written. */
MUST_USE struct err *piece_open(struct worker *w, struct piece *p);

/* --- fill.c --- */

/*
 * Collects runs of pages and reads them straight to their places, in chunks that fit a CPU's cache.
 */
struct filler;

/* @progress hears of the pages that were read; NULL: nobody. */
MUST_USE struct err *filler_new(struct page_source *src, struct progress *progress,
				struct filler **out);
/*
 * Adds @nr pages from page number @first of @ext, to be read to @dest; they may be read by a later
 * call.
 */
MUST_USE struct err *filler_add(struct filler *f, const struct page_extent *ext, uint64_t first,
				uint64_t nr, void *dest);
/* Reads and checks what was added. */
MUST_USE struct err *filler_flush(struct filler *f);
void filler_free(struct filler *f);

static inline void cleanup_filler_(struct filler **f)
{
	filler_free(*f);
}
#define AUTO_FILLER __attribute__((cleanup(cleanup_filler_))) struct filler

MUST_USE struct err *fill_areas(struct worker *w);

/* --- placer.c --- */

/* Fills whole new anonymous pieces, faster than the filler does. */
struct placer;

MUST_USE struct err *placer_new(struct page_source *src, struct progress *progress,
				struct placer **out);
/* Before the first run of a piece; false: not possible here, use the filler. */
bool placer_begin(struct placer *pl, const struct piece *p);
/* Makes @nr pages from page number @first of @ext appear at @to, which is in the piece begun. */
MUST_USE struct err *placer_run(struct placer *pl, const struct page_extent *ext, uint64_t first,
				uint64_t nr, char *to);
MUST_USE struct err *placer_end(struct placer *pl, const struct piece *p);
/* NULL is fine. */
void placer_free(struct placer *pl);

static inline void cleanup_placer_(struct placer **pl)
{
	placer_free(*pl);
}
#define AUTO_PLACER __attribute__((cleanup(cleanup_placer_))) struct placer

#endif
