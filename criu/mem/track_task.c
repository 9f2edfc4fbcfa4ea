// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the old mark of a task still true?  A pid that was used anew, an execve, a mark of another dump, a keeper that is
 * gone, marks that somebody else cleared: each makes the task's dump a whole one.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xxhash.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/dir.h"
#include "mem/keeper.h"
#include "mem/tracker_priv.h"
#include "mem/uffd.h"
#include "proc/auxv.h"
#include "proc/pagemap.h"
#include "task/part.h"

/* The kernel gives each execve 16 random bytes (AT_RANDOM) and, with address randomisation, other places. */
struct err *track_mm_id(const struct task_probe *p, uint64_t *id_out)
{
	struct {
		uint64_t start_code, end_code, start_data, start_stack, start_brk, random_at;
		uint8_t random[16];
	} id = { .start_code = p->stat.start_code,
		 .end_code = p->stat.end_code,
		 .start_data = p->stat.start_data,
		 .start_stack = p->stat.start_stack,
		 .start_brk = p->stat.start_brk };
	struct proc_auxv auxv;

	TRY(proc_auxv_read(p->dirfd, &auxv));
	id.random_at = proc_auxv_get(&auxv, AT_RANDOM, 0);
	if (pread(p->mem_fd, id.random, sizeof(id.random), (off_t)id.random_at) < 0)
		id.random_at = 0;
	*id_out = XXH3_64bits(&id, sizeof(id));
	return NULL;
}

static const struct proc_vma *vma_at(const struct task_probe *p, uint64_t addr)
{
	const struct proc_vma *v = proc_maps_find(&p->maps, addr);

	return v && v->start <= addr ? v : NULL;
}

/*
 * A page that the program never writes, or its own writes would hide what somebody else has cleared: the first one of
 * its file, with the ELF header.  0 if there is none.
 */
static uint64_t find_tripwire(const struct task_probe *p)
{
	const struct proc_vma *code = vma_at(p, p->stat.start_code);

	for (size_t i = 0; code && code->ino && i < p->maps.nr; i++) {
		const struct proc_vma *v = &p->maps.vmas[i];

		if (v->ino == code->ino && v->dev_major == code->dev_major &&
		    v->dev_minor == code->dev_minor && !v->pgoff && !v->is_shared &&
		    !(v->prot & PROT_WRITE))
			return v->start;
	}
	return 0;
}

/*
 * A program that has moved its code elsewhere, as to huge pages, has a word at the top of its stack instead, which it
 * may write to itself.
 */
static uint64_t find_any_tripwire(const struct task_probe *p)
{
	uint64_t at = find_tripwire(p);
	const struct proc_vma *stack = vma_at(p, p->stat.start_stack);

	if (!at && stack && !stack->is_shared && stack->prot & PROT_WRITE)
		at = p->stat.start_stack & ~7ull;
	return at;
}

/* After a clearing that was not ours the page of the tripwire is clean, for we wrote to it. */
static struct err *tripwire_holds(const struct tracking *tr, const struct task_probe *p,
				  uint64_t addr, bool *out)
{
	uint64_t page = addr & ~(MEM_PAGE - 1), word;
	AUTO_FD fd = -1;

	*out = false;
	if (!addr || !vma_at(p, addr))
		return NULL;
	TRY(pagemap_open(p->dirfd, &fd));
	TRY(pagemap_read(fd, page, 1, &word));
	*out = word & (PM_PRESENT | PM_SWAPPED) && !(word & PM_FILE);
	if (tr->soft_dirty && !(word & PM_SOFT_DIRTY))
		*out = false;
	if (tr->uffd_wp && word & PM_UFFD_WP)
		*out = false;
	return NULL;
}

/* Gets the descriptor that watched since the last dump.  After an execve it is good for nothing. */
static void take_uffd(struct task_track *track)
{
	const struct ledger_line *line = track->kept;
	struct err *e;

	if (line->keeper <= 0)
		return;
	e = keeper_take(line->keeper, line->keeper_start, line->keeper_fd, &track->uffd);
	if (e)
		err_drop(e, "the task is dumped whole");
	else if (!uffd_is_alive(track->uffd))
		close(fd_take(&track->uffd));
}

/* NULL: what the line says can be used. */
static struct err *judge_line(struct dump *d, struct task *t, const char **why_out)
{
	const struct tracking *tr = d->tracking;
	const struct task_track *track = t->mm->track;
	const struct ledger_line *line = track->line;
	bool holds;

	*why_out = NULL;
	if (!tr->soft_dirty && !tr->uffd_wp)
		*why_out = "no tracker is used";
	else if (!tr->parent_has_mark)
		*why_out = "the parent set was not made with --track-mem";
	else if (!ledger_find(&tr->old, t->host_pid))
		*why_out = "its tracking was lost: nothing is known of it in /run/criu-lite";
	else if (!line)
		*why_out = "its pid was used by another task when the parent set was made, or it "
			   "has called execve since";
	else if ((tr->soft_dirty && !strcmp(line->tracker, "uffd-wp")) ||
		 (tr->uffd_wp && !strcmp(line->tracker, "soft-dirty")))
		*why_out = "the parent set was made with another tracker";
	else if (memcmp(line->mark, tr->parent_mark, MARK_LEN))
		*why_out = "another dump has begun to track it since the parent set was made, or "
			   "did not get to its end";
	else if (tr->uffd_wp && track->uffd < 0)
		*why_out = "its keeper has ended, and with it the tracking";
	if (*why_out)
		return NULL;
	TRY(tripwire_holds(tr, t->probe, line->tripwire, &holds));
	if (!holds)
		*why_out = "somebody else has cleared its marks";
	return NULL;
}

/* As CRIU trusts it: the task has to be older than the dump. */
static const char *judge_foreign(const struct tracking *tr, const struct task *t)
{
	if (!tr->soft_dirty || tr->uffd_wp)
		return "the parent set was written by CRIU, which tracks by soft-dirty bits only";
	if (!tr->parent_uptime)
		return "the parent set was written without --track-mem";
	if (t->probe->stat.start_time >= tr->parent_uptime)
		return "it was started when the parent set was made, or after that";
	return NULL;
}

static struct err *use_parent(struct dump *d, struct task *t)
{
	struct tracking *tr = d->tracking;
	const char *why;

	if (!tr->parent)
		return NULL;
	if (!image_exists(tr->parent, IMAGE_PAGEMAP, t->ns_pid)) {
		if (t->parent)
			log_info("mem", t->host_pid, "dumped whole: it is not in the parent set");
		else
			track_full(d, t, "the parent set is of another tree, or not a whole set");
		return NULL;
	}
	if (tr->parent_is_foreign)
		why = judge_foreign(tr, t);
	else
		TRY(judge_line(d, t, &why));
	if (why) {
		track_full(d, t, why);
		return NULL;
	}
	if (tr->checks_frames && !tr->parent_is_foreign)
		TRY(frames_open(d, t, tr->parent, &t->mm->track->frames));
	return page_source_stream(tr->parent, IMAGE_PAGEMAP, t->ns_pid, &t->mm->track->parent);
}

struct err *mem_track_look(struct dump *d, struct task *t)
{
	struct tracking *tr = d->tracking;
	struct task_track *track;
	const struct ledger_line *line;

	if (!t->mm)
		t->mm = ARENA_NEW(d->arena, struct mm);
	track = t->mm->track = ARENA_NEW(d->arena, struct task_track);
	track->uffd = -1;
	TRY(track_mm_id(t->probe, &track->mm_id));
	track->tripwire = find_any_tripwire(t->probe);
	if (tr->arms && !track->tripwire)
		log_warn("mem", t->host_pid,
			 "cannot be tracked: neither its program nor its stack is mapped");
	line = ledger_find(&tr->old, t->host_pid);
	if (line && line->start_time == t->probe->stat.start_time) {
		track->kept = line;
		take_uffd(track);
		/* A program may overwrite the bytes of AT_RANDOM; a descriptor cannot be wrong. */
		if (line->mm_id == track->mm_id || track->uffd >= 0)
			track->line = line;
	}
	return use_parent(d, t);
}

bool mem_track_owns(const struct task *t, const struct proc_vma *v)
{
	const struct task_track *track = t->mm ? t->mm->track : NULL;

	return track && track->uffd >= 0 && v->flags & VMF_UFFD_WP &&
	       !(v->flags & (VMF_UFFD_MISSING | VMF_UFFD_MINOR)) &&
	       uffd_register(track->uffd, v->start, v->end);
}
