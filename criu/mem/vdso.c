/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vDSO of a restored task.  Programs have its address from their auxiliary vector and keep
 * pointers to its functions, so functions must stay callable where they were.
 *
 * The same vDSO is running here: its areas are moved to the stored addresses by the restorer.
 * Another one is running: the stored code is restored like any private memory and each of its
 * functions is overwritten with a jump to the running one, which the restorer moves into the lot.
 * Its data areas become pages of zeros: to a thread that stands in the middle of the old code they
 * say that no clock can be read without the kernel, so it ends with the system call.  A thread in
 * the very bytes that a jump overwrites goes on in a copy that has no jumps.
 *
 * All tasks are forks of the tool, so all workers have the tool's vDSO at the tool's address.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "mem/restore_priv.h"
#include "proc/maps.h"

static bool is_special(const char *path)
{
	return !strcmp(path, "[vdso]") || !strncmp(path, "[vvar", 5);
}

static struct err *collect_parts(struct running_vdso *run, const struct proc_maps *maps)
{
	for (size_t i = 0; i < maps->nr; i++) {
		const struct proc_vma *v = &maps->vmas[i];

		if (!is_special(v->path))
			continue;
		if (run->nr_parts == MEM_MAX_SPECIALS || (run->nr_parts && v->start != run->end))
			return err_new(ERR_KERNEL,
				       "cannot move the vDSO: its areas are not together");
		run->parts[run->nr_parts++] = (struct special){ v->start, v->end };
		run->end = v->end;
	}
	run->start = run->nr_parts ? run->parts[0].start : 0;
	return NULL;
}

struct err *vdso_find_running(struct restore *r)
{
	struct running_vdso *run = &r->mem->vdso;
	const struct special *code;
	struct proc_maps maps;
	AUTO_FD dir = -1;

	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &dir, "/proc/self"));
	TRY(proc_maps_read_quick(dir, r->arena, &maps));
	TRY(collect_parts(run, &maps));
	if (!run->nr_parts)
		return NULL; /* vdso=0 on the kernel's command line */
	code = &run->parts[run->nr_parts - 1];
	return vdso_parse((const void *)(uintptr_t)code->start, code->end - code->start,
			  &run->image);
}

/* The stored code and the stored data areas in front of it; NULL when there are none. */
static void find_stored(const struct mm *mm, const VmaEntry **code_out, const VmaEntry **first_out)
{
	*code_out = *first_out = NULL;
	for (size_t i = 0; i < mm->layout->nr_vmas; i++) {
		const VmaEntry *v = mm->rec->vmas[i];

		if (!vma_is_vdso(v))
			continue;
		if (!*first_out)
			*first_out = v;
		if (v->status & VMA_AREA_VDSO)
			*code_out = v;
	}
}

static struct err *read_stored(const struct task *t, const VmaEntry *code, void *buf)
{
	if (vma_len(code) > VDSO_MAX_BYTES)
		return err_new(ERR_IMAGE,
			       "cannot restore the vDSO of task %d: %" PRIu64 " bytes are too many",
			       t->ns_pid, vma_len(code));
	return err_context(page_source_read(t->mm->layout->pages, code->start,
					    vma_len(code) / MEM_PAGE, buf),
			   "stored vDSO of task %d", t->ns_pid);
}

static bool is_same(const struct running_vdso *run, const VmaEntry *code, const VmaEntry *first,
		    const void *stored)
{
	return run->nr_parts && vma_len(code) == run->image.len &&
	       code->end - first->start == run->end - run->start &&
	       !memcmp(stored, run->image.bytes, vma_len(code));
}

/* Threads in the bytes of a jump are sent into the copy, for which a place is taken from the lot. */
static struct err *send_aside(struct restore *r, struct task *t, const VmaEntry *code,
			      const VmaEntry *first, const struct vdso_image *old)
{
	struct mem_layout *l = t->mm->layout;
	uint64_t len = code->end - first->start;

	for (size_t i = 0; i < t->nr_threads; i++) {
		UserX86RegsEntry *gp = t->threads[i].core->thread_info->gpregs;

		if (gp->ip < code->start || !vdso_is_overwritten(old, gp->ip - code->start))
			continue;
		if (!l->vdso_aside) {
			if (len > (r->mem->lot_end - r->mem->lot_start) / 2)
				return err_new(ERR_IMAGE,
					       "cannot restore the vDSO of task %d: its areas are "
					       "%" PRIu64 " bytes",
					       t->ns_pid, len);
			l->vdso_aside = r->mem->lot_start;
			l->vdso_aside_len = len;
			r->mem->lot_start += len;
		}
		gp->ip += l->vdso_aside - first->start;
	}
	return NULL;
}

struct err *vdso_link(struct restore *r, struct task *t)
{
	const struct running_vdso *run = &r->mem->vdso;
	struct mem_layout *l = t->mm->layout;
	const VmaEntry *code, *first;
	struct vdso_image old;
	AUTO_FREE void *stored = NULL;

	find_stored(t->mm, &code, &first);
	if (!code)
		return NULL; /* the program has unmapped it, or started without */
	stored = malloc(vma_len(code) > VDSO_MAX_BYTES ? 1 : vma_len(code));
	if (!stored)
		return err_new(ERR_NOMEM, "cannot read the vDSO of task %d", t->ns_pid);
	TRY(read_stored(t, code, stored));
	page_source_drop_fds(l->pages);
	if (is_same(run, code, first, stored)) {
		l->vdso = VDSO_MOVE;
		l->vdso_home = first->start;
		return NULL;
	}
	if (!run->nr_parts)
		return err_hint(
			err_new(ERR_KERNEL,
				"cannot restore task %d: it uses a vDSO and this kernel has none",
				t->ns_pid),
			"boot without vdso=0");
	l->vdso = VDSO_REDIRECT;
	TRY(err_context(vdso_parse(stored, vma_len(code), &old), "vDSO of task %d", t->ns_pid));
	return send_aside(r, t, code, first, &old);
}

static struct piece *find_code(struct mem_layout *l, const MmEntry *rec)
{
	for (size_t i = 0; i < l->nr_pieces; i++)
		if (rec->vmas[l->pieces[i].vma]->status & VMA_AREA_VDSO)
			return &l->pieces[i];
	return NULL;
}

/* The data in front of the copy is left zero. */
static struct err *make_aside(const struct worker *w, const void *code, size_t code_len)
{
	const struct mem_layout *l = w->task->mm->layout;
	void *at = (void *)(uintptr_t)l->vdso_aside;

	if (!l->vdso_aside)
		return NULL;
	if (mmap(at, l->vdso_aside_len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return err_sys(errno, "cannot copy the vDSO of task %d", w->task->ns_pid);
	memcpy((char *)at + l->vdso_aside_len - code_len, code, code_len);
	if (mprotect(at, l->vdso_aside_len, PROT_READ | PROT_EXEC))
		return err_sys(errno, "cannot protect the vDSO's copy of task %d", w->task->ns_pid);
	log_debug("mem", w->task->host_pid,
		  "a thread was in the vDSO: it ends that call at %#" PRIx64, l->vdso_aside);
	return NULL;
}

/* The stored code lies filled in its piece, which is one: it is never inherited. */
static struct err *redirect(struct worker *w, struct piece *p)
{
	const struct running_vdso *run = &w->restore->mem->vdso;
	size_t len = p->end - p->start;
	AUTO_FREE void *copy = malloc(len);
	struct vdso_image old;

	if (!copy)
		return err_new(ERR_NOMEM, "cannot patch the vDSO of task %d", w->task->ns_pid);
	memcpy(copy, (const void *)(uintptr_t)p->at, len);
	TRY(vdso_parse(copy, len, &old));
	TRY(make_aside(w, copy, len));
	return vdso_redirect((uint8_t *)(uintptr_t)p->at, &old, &run->image,
			     w->task->mm->layout->vdso_home +
				     (run->parts[run->nr_parts - 1].start - run->start));
}

struct err *vdso_place(struct worker *w)
{
	const struct running_vdso *run = &w->restore->mem->vdso;
	struct mem_layout *l = w->task->mm->layout;
	struct piece *p;

	if (l->vdso != VDSO_REDIRECT)
		return NULL;
	p = find_code(l, w->task->mm->rec);
	BUG_ON(!p);
	TRY(lot_take(w->restore->mem, l, run->end - run->start, MEM_PAGE, &l->vdso_home));
	log_debug("mem", w->task->host_pid,
		  "the stored vDSO differs: its functions at %#" PRIx64
		  " call the running one at %#" PRIx64,
		  p->start, l->vdso_home);
	return redirect(w, p);
}
