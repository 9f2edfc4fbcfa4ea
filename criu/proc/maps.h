/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_MAPS_H
#define PROC_MAPS_H

/*
 * The mappings of a task, from /proc/PID/smaps.
 *
 * Why smaps and not the cheaper maps: only its VmFlags line tells of madvise, mlock, seals and
 * userfaultfd.  PROCMAP_QUERY has no such flags, and an smaps text read before the freeze cannot be
 * trusted, since madvise changes flags and leaves the maps text as it was.  The price, measured on
 * 6.18: 50,000 VMAs 50 ms (maps: 10 ms), and 5.5 ms per GiB of memory present in 4 KiB pages (0.05
 * ms per GiB in huge pages) for the page table walk.  That is about one hundredth of what copying
 * the pages costs, and it buys Rss, Anonymous and Swap, which tell the VMAs that need no look at
 * their page map.  The text is streamed: memory use does not grow with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/*
 * Bits of proc_vma.flags: the two-letter words of VmFlags, see "smaps" in the kernel's
 * filesystems/proc.rst.
 */
enum proc_vma_flag {
	VMF_READ = 1u << 0,	/* rd */
	VMF_WRITE = 1u << 1,	/* wr */
	VMF_EXEC = 1u << 2,	/* ex */
	VMF_SHARED = 1u << 3,	/* sh */
	VMF_MAYREAD = 1u << 4,	/* mr */
	VMF_MAYWRITE = 1u << 5, /* mw */
	VMF_MAYEXEC = 1u << 6,	/* me */
	VMF_MAYSHARE =
		1u << 7, /* ms: a MAP_SHARED mapping even of a file opened for reading only */
	VMF_GROWSDOWN = 1u << 8,       /* gd */
	VMF_PFNMAP = 1u << 9,	       /* pf */
	VMF_LOCKED = 1u << 10,	       /* lo */
	VMF_IO = 1u << 11,	       /* io */
	VMF_SEQ_READ = 1u << 12,       /* sr: MADV_SEQUENTIAL */
	VMF_RAND_READ = 1u << 13,      /* rr: MADV_RANDOM */
	VMF_DONTCOPY = 1u << 14,       /* dc: MADV_DONTFORK */
	VMF_DONTEXPAND = 1u << 15,     /* de */
	VMF_LOCKONFAULT = 1u << 16,    /* lf: MLOCK_ONFAULT */
	VMF_ACCOUNT = 1u << 17,	       /* ac */
	VMF_NORESERVE = 1u << 18,      /* nr: MAP_NORESERVE */
	VMF_HUGETLB = 1u << 19,	       /* ht */
	VMF_SYNC = 1u << 20,	       /* sf: MAP_SYNC */
	VMF_WIPEONFORK = 1u << 21,     /* wf */
	VMF_DONTDUMP = 1u << 22,       /* dd */
	VMF_SOFTDIRTY = 1u << 23,      /* sd: new since soft-dirty bits were cleared */
	VMF_MIXEDMAP = 1u << 24,       /* mm */
	VMF_HUGEPAGE = 1u << 25,       /* hg */
	VMF_NOHUGEPAGE = 1u << 26,     /* nh */
	VMF_MERGEABLE = 1u << 27,      /* mg */
	VMF_UFFD_MISSING = 1u << 28,   /* um */
	VMF_UFFD_WP = 1u << 29,	       /* uw */
	VMF_UFFD_MINOR = 1u << 30,     /* ui */
	VMF_SHADOW_STACK = 1ull << 31, /* ss */
	VMF_SEALED = 1ull << 32,       /* sl */
	VMF_DROPPABLE = 1ull << 33,    /* dp */
	VMF_MAYBE_GUARD = 1ull << 34,  /* gu, since 6.19: may hold guard regions */
	VMF_MTE = 1ull << 35,	       /* mt (arm64) */
	VMF_ARCH = 1ull << 36,	       /* ar, bt */
	VMF_UNKNOWN = 1ull << 63,      /* a word this version does not know */
};

struct proc_vma {
	uint64_t start, end; /* addresses; end is exclusive */
	uint64_t pgoff;	     /* bytes into the file */
	uint64_t ino;	     /* 0: no file (shared anonymous memory has one) */
	uint32_t dev_major, dev_minor;
	int prot;	 /* PROT_* */
	bool is_shared;	 /* the 's' of maps: VM_MAYSHARE */
	bool is_deleted; /* the path ended in " (deleted)", which is cut off */
	/*
	 * "" when there is none; "[heap]", "[stack]", "[vdso]", "[vvar]", "[anon:NAME]",
	 * "[anon_shmem:NAME]", "/dev/zero", "/SYSV...", "/memfd:NAME", or a path as the task sees
	 * it.  Newlines are decoded; the kernel escapes nothing else, so a backslash that was in
	 * the name cannot be told from an escape: open the file through map_files, never through
	 * this.
	 */
	const char *path;
	uint64_t flags;	    /* VMF_* */
	uint64_t page_size; /* bytes: of hugetlb mappings their huge page */
	uint32_t pkey;	    /* protection key; 0 too where the CPU has none */
	/*
	 * Bytes, as smaps counts them.  Nothing private is in a VMA where anonymous_bytes and
	 * swap_bytes are 0 (but guard regions count nowhere).  Of hugetlb mappings only
	 * hugetlb_bytes counts.
	 */
	uint64_t rss_bytes, anonymous_bytes, swap_bytes, hugetlb_bytes;
	uint64_t shared_bytes; /* of rss_bytes: mapped by others too, as after a fork */
	uint64_t pss_bytes;    /* rss_bytes, each page divided by how often it is mapped */
};

struct proc_maps {
	struct proc_vma *vmas; /* ascending, not overlapping */
	size_t nr;
};

/*
 * smaps text, or maps text (then flags hold only what the permissions tell and sizes are 0).  Paths
 * are lent from the arena.
 */
MUST_USE struct err *proc_maps_parse(const char *text, size_t len, struct arena *a,
				     struct proc_maps *out);
/*
 * From smaps.  The task should be frozen: the kernel gives a consistent text one page at a time
 * only.
 */
MUST_USE struct err *proc_maps_read(int dirfd, struct arena *a, struct proc_maps *out);
/* From maps: a fifth of the price, without flags and sizes. */
MUST_USE struct err *proc_maps_read_quick(int dirfd, struct arena *a, struct proc_maps *out);
/* The VMA that holds @addr, or the next one after it; NULL past the last. */
const struct proc_vma *proc_maps_find(const struct proc_maps *m, uint64_t addr);

#endif
