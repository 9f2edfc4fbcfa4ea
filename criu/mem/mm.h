/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_MM_H
#define MEM_MM_H

/*
 * An address space as the images know it, for both directions.  The numbers are those of vma_entry
 * (images/vma.proto); a VMA is one VmaEntry of mm-PID.img.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mm.pb-c.h"

#define MEM_PAGE 4096ULL
#define MEM_PAGE_SHIFT 12

/* vma_entry.status */
enum vma_status {
	VMA_AREA_REGULAR = 1 << 0, /* a restore makes it; so too with AIORING, nothing else */
	VMA_AREA_STACK = 1 << 1,   /* old images */
	VMA_AREA_VSYSCALL = 1 << 2,
	VMA_AREA_VDSO = 1 << 3,
	VMA_AREA_HEAP = 1 << 5,
	VMA_FILE_PRIVATE = 1 << 6,
	VMA_FILE_SHARED = 1 << 7,
	VMA_ANON_SHARED = 1 << 8,
	VMA_ANON_PRIVATE = 1 << 9,
	VMA_AREA_SYSVIPC = 1 << 10,
	VMA_AREA_SOCKET = 1 << 11,
	VMA_AREA_VVAR = 1 << 12, /* with [vvar_vclock] behind it merged in */
	VMA_AREA_AIORING = 1 << 13,
	VMA_AREA_MEMFD = 1 << 14,
	VMA_AREA_SHSTK = 1 << 15,
	VMA_AREA_GUARD = 1 << 16, /* a guard range inside another entry; these come last */
	VMA_AREA_UPROBES = 1 << 17,
};

/* Bits 27 to 31 are used by writers while they run and mean nothing in an image. */
#define VMA_STATUS_STORED 0x07ffffffU

struct mem_layout;
struct task_track;

struct mm {
	MmEntry *rec;		   /* mm-PID.img */
	struct task_track *track;  /* dump: what is known of its changes (mem/tracker.c) */
	struct mem_layout *layout; /* restore: where everything is now (mem/layout.h) */
};

#endif
