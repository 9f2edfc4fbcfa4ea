/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of tracking share. */
#ifndef TRACKING_H
#define TRACKING_H

#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define TABLE (2ul << 20)
#define PLACES 0x100000000000ul
#define PLACE_STEP (4ul << 30)
#define DIRECTORY_PAGES (1ul << 18) /* of a page directory: 1 GiB */

/* --- the kernel's interfaces that Debian 12's headers do not have --- */

#define WORD_PRESENT (1ull << 63)
#define WORD_SWAPPED (1ull << 62)
#define WORD_FILE (1ull << 61)
#define WORD_UFFD_WP (1ull << 57)
#define WORD_EXCLUSIVE (1ull << 56)
#define WORD_SOFT_DIRTY (1ull << 55)
#define WORD_PFN(word) ((word) & ((1ull << 55) - 1))
#define WORD_SWAP_TYPE(word) ((word)&31)

enum {
	CAT_WPALLOWED = 1,
	CAT_WRITTEN = 2,
	CAT_FILE = 4,
	CAT_PRESENT = 8,
	CAT_SWAPPED = 16,
	CAT_PFNZERO = 32,
	CAT_HUGE = 64,
	CAT_SOFT_DIRTY = 128,
	CAT_ALL = 255,
};

enum { SCAN_PROTECT = 1, SCAN_REQUIRE_WPASYNC = 2 };

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, returned;
};

struct scan_run {
	uint64_t start, end, cats;
};

#define PAGEMAP_SCAN_NR _IOWR('f', 16, struct scan_arg)

#define FEATURE_WP_HUGETLBFS_SHMEM (1ull << 12)
#define FEATURE_WP_UNPOPULATED (1ull << 13)
#define FEATURE_WP_ASYNC (1ull << 15)
#define FEATURE_MOVE (1ull << 16)
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

struct move_arg {
	uint64_t dst, src, len, mode;
	int64_t moved;
};

#define UFFDIO_MOVE_NR _IOWR(0xAA, 5, struct move_arg)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif

/* --- a bed: the memory of one row, its tracker, and what was there at the mark --- */

/* The second: soft-dirty, with every mapping registered with a userfaultfd that protects nothing. */
enum tracker { SOFT_DIRTY, SOFT_DIRTY_HELD, UFFD_WP, NR_TRACKERS };

extern const char *const tracker_names[NR_TRACKERS];

struct shape {
	const char *name;
	size_t len, offset; /* from a place that is aligned to a gigabyte */
	bool is_huge;
};

enum { SMALL = 1, OFF = 2, BIG = 4, BIG_OFF = 8, THP = 16 };
#define FLAT (SMALL | BIG)
#define EVERY (SMALL | OFF | BIG | BIG_OFF | THP)

enum { NR_SHAPES = 5 };

extern const struct shape shapes[NR_SHAPES];

struct page {
	uint64_t word, cats, tag;
};

struct window {
	char *start;
	size_t nr;
	struct page *then;
};

enum { MAX_WINDOWS = 6 };

struct bed {
	enum tracker tracker;
	const struct shape *shape;
	size_t len, nr; /* of the shape: bytes and pages */
	int uffd, pagemap, mem;
	bool has_scan;
	uint64_t zero_pfn, huge_zero_pfn;
	unsigned places;
	struct window windows[MAX_WINDOWS];
	size_t nr_windows;
	bool by_scan;
	char note[256];
};

/* --- rows --- */

enum { SWAP = 1, HUGETLB = 2 }; /* what a row needs */

struct row {
	const char *name; /* NULL behind the last */
	void (*run)(struct bed *b);
	unsigned shapes, needs;
};

extern const struct row rows_a[], rows_b[], rows_c[], rows_d[], rows_e[], rows_f[];

/* --- bed.c --- */

enum { NR_SETTINGS = 5, SETTING_BYTES = 32 }; /* of the kernel, put back at the end */

__attribute__((noreturn, format(printf, 1, 2))) void skip(const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void note(struct bed *b, const char *fmt, ...);
bool write_text(const char *path, const char *text);
void save_settings(char saved[NR_SETTINGS][SETTING_BYTES]);
void restore_settings(char saved[NR_SETTINGS][SETTING_BYTES]);
uint64_t word_of(int pagemap, const void *addr);
char *place(struct bed *b);
void *map_as(struct bed *b, char *at, size_t len, int prot, int flags, int fd);
char *map_at(struct bed *b, char *at, size_t len);
void fill_step(char *at, size_t len, uint64_t kind, size_t step);
void fill(char *at, size_t len, uint64_t kind);
void touch(const char *at, size_t len);
char *filled(struct bed *b, uint64_t kind);
void watch(struct bed *b, char *at, size_t len);
long scan(const struct bed *b, struct scan_arg *arg, const char *at, size_t len,
	  struct scan_run *runs, size_t nr);
void look(const struct bed *b, const struct window *w, struct page *pages, bool even_swapped);
void remember(struct bed *b);
void mark_soft_dirty(void);
int uffd_open(uint64_t features);
int uffd_register(int uffd, const void *at, size_t len, uint64_t mode);
const char *why(int error);
void register_window(struct bed *b, const struct window *w);
void mark(struct bed *b);
void set_up(struct bed *b, enum tracker tracker, const struct shape *shape);

/* --- verdict.c --- */

void judge(struct bed *b, bool with_flags);

/* --- rows_move.c --- */

void move(char *from, char *to, size_t len, int more);
void two(struct bed *b, char **dst, char **src);
int temporary_file(const char *name, size_t len);
char *file_private(struct bed *b, uint64_t kind, int *fd_out);
void page_out(struct bed *b, char *at, size_t len);

/* --- rows_map.c --- */

void write_by_mem(char *at, size_t len, uint64_t kind, size_t step);

/* --- rows_page.c --- */

char *one(struct bed *b);

/* --- rows.c --- */

bool has_soft_dirty(void);
void run_rows(const char *pattern, bool with_flags);

/* --- kinds.c --- */

long arm(const struct bed *b, const char *at, size_t len, uint64_t anyof, uint64_t flags);
void run_kinds(void);

/* --- probes.c --- */

void run_probes(void);

/* --- cost.c --- */

void run_costs(bool is_huge);

#endif
