/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a mapping is, and whether it can come back: /proc/PID/smaps in, VMA records out.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/options.h"
#include "mem/dump.h"
#include "mem/mm.h"
#include "mem/tracker.h"
#include "pie/abi/parasite.h"
#include "task/part.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

static bool path_is(const struct proc_vma *v, const char *path)
{
	return !strcmp(v->path, path);
}

static bool path_starts(const struct proc_vma *v, const char *prefix)
{
	return !strncmp(v->path, prefix, strlen(prefix));
}

static bool is_shared_anon(const struct proc_vma *v)
{
	return v->is_shared &&
	       ((path_is(v, "/dev/zero") && v->is_deleted) || path_starts(v, "[anon_shmem:"));
}

static bool is_memfd(const struct proc_vma *v)
{
	return path_starts(v, "/memfd:");
}

/* Anonymous huge pages have an inode of an internal hugetlbfs mount. */
static bool is_anon_huge(const struct proc_vma *v)
{
	return path_starts(v, "/anon_hugepage") && (v->flags & VMF_HUGETLB);
}

/* Why an area cannot be dumped, and what to do. */
struct refusal {
	bool (*matches)(const struct proc_vma *v);
	const char *what;
	const char *hint;
};

static bool is_sealed(const struct proc_vma *v)
{
	return v->flags & VMF_SEALED && !path_starts(v, "[v");
}

static bool has_uffd(const struct proc_vma *v)
{
	return v->flags & (VMF_UFFD_MISSING | VMF_UFFD_WP | VMF_UFFD_MINOR);
}

static bool is_shadow_stack(const struct proc_vma *v)
{
	return v->flags & VMF_SHADOW_STACK;
}

static bool is_sysv(const struct proc_vma *v)
{
	return path_starts(v, "/SYSV");
}

static bool is_aio(const struct proc_vma *v)
{
	return path_starts(v, "/[aio]");
}

static bool is_anon_inode(const struct proc_vma *v)
{
	return path_starts(v, "anon_inode:");
}

static bool is_socket(const struct proc_vma *v)
{
	return path_starts(v, "socket:");
}

static bool is_uprobes(const struct proc_vma *v)
{
	return path_is(v, "[uprobes]");
}

static bool is_device(const struct proc_vma *v)
{
	return v->flags & (VMF_PFNMAP | VMF_IO) && !path_starts(v, "[v");
}

static const struct refusal refusals[] = {
	{ is_sealed, "a sealed mapping",
	  "run the program without mseal(2): a seal cannot be put back at the same place" },
	{ has_uffd, "a mapping watched by the program's own userfaultfd",
	  "let the program unregister it, or dump before it registers" },
	{ is_shadow_stack, "a shadow stack",
	  "run the program without it (GLIBC_TUNABLES=glibc.cpu.x86_shstk=off)" },
	{ is_sysv, "a System V shared memory segment",
	  "use memfd_create(2) or mmap(2): segments need their ipc namespace dumped, not supported "
	  "yet" },
	{ is_aio, "an asynchronous I/O ring",
	  "let the program call io_destroy(2) first: not supported yet" },
	{ is_anon_inode, "a mapping of a kernel object without a file",
	  "let the program unmap and close it before the dump" },
	{ is_socket, "a mapped packet socket",
	  "let the program close it before the dump: not supported yet" },
	{ is_uprobes, "an area of user-space probes",
	  "remove the uprobes (perf probe --del) first" },
	{ is_device, "a mapped device", "let the program unmap it before the dump" },
};

static const struct refusal *find_refusal(const struct proc_vma *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].matches(v))
			return &refusals[i];
	return NULL;
}

static uint32_t vma_status(const struct proc_vma *v)
{
	if (path_is(v, "[vdso]"))
		return VMA_AREA_REGULAR | VMA_AREA_VDSO | VMA_ANON_PRIVATE;
	if (path_starts(v, "[vvar"))
		return VMA_AREA_REGULAR | VMA_AREA_VVAR | VMA_ANON_PRIVATE;
	if (path_is(v, "[heap]"))
		return VMA_AREA_REGULAR | VMA_AREA_HEAP | VMA_ANON_PRIVATE;
	/* CRIU's way since 4.2: shared anonymous memory is a memfd too, made by files/. */
	if (is_memfd(v) || is_shared_anon(v) || (is_anon_huge(v) && v->is_shared))
		return VMA_AREA_REGULAR | VMA_AREA_MEMFD |
		       (v->is_shared ? VMA_FILE_SHARED : VMA_FILE_PRIVATE);
	if (!v->ino || is_anon_huge(v))
		return VMA_AREA_REGULAR | VMA_ANON_PRIVATE;
	return VMA_AREA_REGULAR | (v->is_shared ? VMA_FILE_SHARED : VMA_FILE_PRIVATE);
}

static uint32_t vma_flags(const struct proc_vma *v, uint32_t status)
{
	uint32_t flags = v->is_shared ? MAP_SHARED : MAP_PRIVATE;

	if (v->flags & VMF_DROPPABLE)
		flags = MAP_DROPPABLE;
	if (status & VMA_ANON_PRIVATE)
		flags |= MAP_ANONYMOUS;
	if (v->flags & VMF_GROWSDOWN)
		flags |= MAP_GROWSDOWN;
	if (v->flags & VMF_LOCKED)
		flags |= MAP_LOCKED;
	if (v->flags & VMF_NORESERVE)
		flags |= MAP_NORESERVE;
	if (v->flags & VMF_HUGETLB)
		flags |= MAP_HUGETLB | (uint32_t)__builtin_ctzl(v->page_size) << MAP_HUGE_SHIFT;
	return flags;
}

static uint64_t vma_madv(const struct proc_vma *v)
{
	static const struct {
		uint64_t flag;
		int advice;
	} map[] = {
		{ VMF_RAND_READ, MADV_RANDOM },	     { VMF_SEQ_READ, MADV_SEQUENTIAL },
		{ VMF_DONTCOPY, MADV_DONTFORK },     { VMF_DONTDUMP, MADV_DONTDUMP },
		{ VMF_MERGEABLE, MADV_MERGEABLE },   { VMF_HUGEPAGE, MADV_HUGEPAGE },
		{ VMF_NOHUGEPAGE, MADV_NOHUGEPAGE }, { VMF_WIPEONFORK, MADV_WIPEONFORK },
	};
	uint64_t madv = 0;

	/* The kernel sets these flags itself on its own areas and on huge pages. */
	if (path_starts(v, "[v"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (v->flags & map[i].flag)
			madv |= 1ull << map[i].advice;
	if (v->flags & VMF_DROPPABLE) /* implied by the mapping's type */
		madv &= ~(1ull << MADV_DONTDUMP | 1ull << MADV_WIPEONFORK);
	return madv;
}

static VmaEntry *vma_to_pb(struct arena *a, const struct proc_vma *v)
{
	VmaEntry *e = PB_NEW(a, VmaEntry, vma_entry);
	uint64_t madv = vma_madv(v);

	e->start = v->start;
	e->end = v->end;
	e->status = vma_status(v);
	e->flags = vma_flags(v, e->status);
	e->prot = v->prot;
	/* Of private anonymous memory the number means nothing to a program. */
	e->pgoff = e->status & VMA_ANON_PRIVATE ? 0 : v->pgoff;
	e->fd = -1;
	if (madv) {
		e->has_madv = true;
		e->madv = madv;
	}
	if (v->pkey) {
		e->has_pkey = true;
		e->pkey = v->pkey;
	}
	if (v->flags & VMF_LOCKED) {
		e->has_locked_on_fault = true;
		e->locked_on_fault = v->flags & VMF_LOCKONFAULT;
	}
	if (e->status & (VMA_FILE_SHARED | VMA_FILE_PRIVATE)) {
		e->has_fdflags = true;
		/* A shared mapping may become writable exactly when its file was opened for writing. */
		e->fdflags = v->is_shared && v->flags & VMF_MAYWRITE ? O_RDWR : O_RDONLY;
	}
	return e;
}

static bool is_left_out(const struct proc_vma *v, const struct task_probe *p)
{
	/* The vsyscall page is the kernel's and at the same place everywhere. */
	if (path_is(v, "[vsyscall]"))
		return true;
	return p->leftover && v->start >= p->leftover && v->end <= p->leftover + PARASITE_AREA_LEN;
}

/* CRIU knows one vvar area; newer kernels show two next to each other. */
static bool merges_with_last(const MmEntry *mm, const VmaEntry *e)
{
	const VmaEntry *last = mm->n_vmas ? mm->vmas[mm->n_vmas - 1] : NULL;

	return last && e->status & VMA_AREA_VVAR && last->status == e->status &&
	       last->end == e->start;
}

static void refuse(struct dump *d, const struct task *t, const struct proc_vma *v,
		   const struct refusal *r)
{
	struct err *e = err_new(ERR_UNSUPPORTED, "cannot dump %s at %#lx-%#lx%s%s of task %d",
				r->what, v->start, v->end, *v->path ? " " : "", v->path,
				t->host_pid);

	d->blockers = err_join(d->blockers, err_hint(e, "%s", r->hint));
}

struct err *mem_look(struct dump *d, struct task *t, const struct task_probe *p)
{
	MmEntry *rec;

	if (!t->mm)
		t->mm = ARENA_NEW(d->arena, struct mm);
	rec = t->mm->rec = PB_NEW(d->arena, MmEntry, mm_entry);

	rec->vmas = arena_array(d->arena, p->maps.nr, sizeof(*rec->vmas));
	for (size_t i = 0; i < p->maps.nr; i++) {
		const struct proc_vma *v = &p->maps.vmas[i];
		const struct refusal *refusal;
		VmaEntry *e;

		if (is_left_out(v, p))
			continue;
		refusal = find_refusal(v);
		/* Our own watching ends with the keeper, and a pre-dump takes what it can. */
		if (refusal && refusal->matches == has_uffd && mem_track_owns(t, v))
			refusal = NULL;
		if (refusal && d->opts->command == CMD_PRE_DUMP)
			continue;
		if (refusal) {
			refuse(d, t, v, refusal);
			continue;
		}
		e = vma_to_pb(d->arena, v);
		if (merges_with_last(rec, e)) {
			rec->vmas[rec->n_vmas - 1]->end = e->end;
			continue;
		}
		rec->vmas[rec->n_vmas++] = e;
	}
	return NULL;
}

bool mem_vma_wants_file(const struct task *t, size_t i, int *flags_out)
{
	const VmaEntry *e = t->mm->rec->vmas[i];

	if (!(e->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)))
		return false;
	*flags_out = e->fdflags;
	return true;
}
