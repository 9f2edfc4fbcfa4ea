// SPDX-License-Identifier: GPL-2.0-only
/* Making new marks: what is watched, the keeper, the line in the ledger, the clearing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/log.h"
#include "mem/gather.h"
#include "mem/keeper.h"
#include "mem/tracker_priv.h"
#include "mem/uffd.h"
#include "proc/pagemap.h"
#include "task/part.h"

/* --- inside the task --- */

bool mem_track_wants_inject(const struct dump *d, const struct task *t)
{
	return d->tracking->arms && d->tracking->uffd_wp && t->mm->track->uffd < 0;
}

/* A task that cannot have one is dumped whole each time: a limit of its descriptors must not end a dump. */
struct err *mem_track_inject(struct dump *d, struct task *t, struct remote *leader)
{
	struct task_track *track = t->mm->track;
	struct err *e = uffd_create(leader, &track->uffd);

	if (e && (err_code(e) == ERR_GONE || err_code(e) == ERR_REMOTE || err_code(e) == ERR_BUG))
		return e;
	if (e) {
		log_warn("mem", t->host_pid, "cannot be tracked: %s", err_message(e));
		err_drop(e, "the next dump of the task is a whole one");
		track->cannot_uffd = true;
		return NULL;
	}
	track->uffd_is_new = true;
	d->tracking->has_new_uffd = true;
	return NULL;
}

/* --- what is watched --- */

/*
 * Not mappings of files, whose few written pages count as changed each time: a dropped page that was protected leaves a
 * marker there, which looks like a swapped page, and MADV_GUARD_INSTALL over one never returns (6.18; test/facts).
 */
static bool is_watched_kind(const VmaEntry *e)
{
	return vma_has_private_pages(e) && e->status & VMA_ANON_PRIVATE &&
	       !(e->flags & MAP_HUGETLB);
}

static bool holds_tripwire(const struct task_track *track, const VmaEntry *e)
{
	return e->start <= track->tripwire && track->tripwire < e->end;
}

static void watch(struct dump *d, struct task_track *track, uint64_t start, uint64_t end,
		  bool is_new)
{
	struct addr_range *last = track->nr_watched ? &track->watched[track->nr_watched - 1] : NULL;

	if (last && last->end == start && last->is_new == is_new) {
		last->end = end;
		return;
	}
	track->watched = arena_grow(d->arena, track->watched, track->nr_watched,
				    sizeof(*track->watched));
	track->watched[track->nr_watched++] = (struct addr_range){ start, end, is_new };
}

/*
 * Was it watched until now?  Asked before it is registered: pages of an area that lost its watch keep what the marks
 * were, and a write leaves that as it is.  An mremap() does so to the area that the moved one merges with.
 */
static struct err *is_new_area(const struct task *t, int pagemap_fd, const VmaEntry *e, bool *out)
{
	const struct proc_vma *v = proc_maps_find(&t->probe->maps, e->start);
	const struct pagemap_scan scan = {
		.start = e->start,
		.end = e->end,
		.max_pages = 1,
		.category_mask = PMC_WPALLOWED,
		.category_inverted = PMC_WPALLOWED,
		.return_mask = PMC_WPALLOWED,
	};
	struct pagemap_run run;
	uint64_t walk_end;
	size_t nr;

	*out = t->mm->track->uffd_is_new;
	if (*out)
		return NULL;
	if (t->probe->has_flags) {
		*out = v && !(v->flags & VMF_UFFD_WP);
		return NULL;
	}
	TRY(pagemap_scan(pagemap_fd, &scan, &run, 1, &nr, &walk_end));
	*out = nr;
	return NULL;
}

static struct err *register_areas(struct dump *d, struct task *t)
{
	struct task_track *track = t->mm->track;
	const MmEntry *mm = t->mm->rec;
	AUTO_FD pagemap = -1;

	TRY(pagemap_open(t->probe->dirfd, &pagemap));
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *e = mm->vmas[i];
		bool is_new;

		if (!is_watched_kind(e) && !holds_tripwire(track, e))
			continue;
		TRY(is_new_area(t, pagemap, e, &is_new));
		if (is_new && !d->tracking->arms)
			continue;
		/*
		 * Also what was there before: it says whether it is ours.  A mark that is left from an earlier watch
		 * would never go again, for a page that was written meanwhile is no longer protected.
		 */
		if (uffd_register(track->uffd, e->start, e->end) &&
		    (!is_new || uffd_unprotect(track->uffd, e->start, e->end)))
			watch(d, track, e->start, e->end, is_new);
		else
			log_debug("mem", t->host_pid, "not watched: %#lx-%#lx: %s", e->start,
				  e->end, strerror(errno));
	}
	return NULL;
}

struct err *mem_track_how(struct dump *d, struct task *t, struct page_scan_how *out)
{
	struct tracking *tr = d->tracking;
	struct task_track *track = t->mm->track;

	*out = (struct page_scan_how){ .pid = t->host_pid };
	if (!tr || !track || (!tr->arms && !track->parent))
		return NULL;
	if (tr->checks_frames && tr->arms && !track->frames)
		TRY(frames_open(d, t, NULL, &track->frames));
	out->soft_dirty = tr->soft_dirty;
	out->written = tr->uffd_wp;
	if (!tr->uffd_wp || track->uffd < 0)
		return NULL;
	TRY(register_areas(d, t));
	out->protect = tr->arms;
	out->watched = track->watched;
	out->nr_watched = track->nr_watched;
	return NULL;
}

void mem_track_how_again(struct dump *d, struct task *t, struct page_scan_how *out)
{
	const struct tracking *tr = d->tracking;
	struct task_track *track = t->mm->track;

	*out = (struct page_scan_how){ .pid = t->host_pid };
	if (!tr || !track || !tr->arms)
		return;
	out->soft_dirty = tr->soft_dirty;
	out->written = tr->uffd_wp;
	for (size_t i = 0; i < track->nr_watched; i++)
		track->watched[i].is_new = false;
	out->watched = track->watched;
	out->nr_watched = track->nr_watched;
}

struct err *mem_track_range(struct dump *d, struct task *t, struct page_range *range,
			    bool *is_clean_out)
{
	const struct tracking *tr = d->tracking;
	struct task_track *track = t->mm->track;

	*is_clean_out = false;
	if (!tr || !track)
		return NULL;
	if (tr->checks_frames && tr->arms)
		TRY(frames_note(d, track->frames, range));
	*is_clean_out = range->is_clean && track->parent;
	if (*is_clean_out && tr->checks_frames && !tr->parent_is_foreign)
		TRY(frames_check(track->frames, range, is_clean_out));
	return NULL;
}

/* --- keeper and ledger --- */

static bool is_tracked(const struct tracking *tr, const struct task *t)
{
	const struct task_track *track = t->mm ? t->mm->track : NULL;

	return t->state != TASK_DEAD && track && track->tripwire &&
	       (!tr->uffd_wp || track->uffd >= 0);
}

static void add_line(struct dump *d, const struct task *t)
{
	struct tracking *tr = d->tracking;
	const struct task_track *track = t->mm->track;
	struct ledger_line l = { .pid = t->host_pid,
				 .start_time = t->probe->stat.start_time,
				 .mm_id = track->mm_id,
				 .tripwire = track->tripwire };

	strcpy(l.tracker, tr->soft_dirty && tr->uffd_wp ? "both" :
			  tr->soft_dirty		? "soft-dirty" :
							  "uffd-wp");
	memcpy(l.mark, tr->mark, MARK_LEN);
	/* Descriptors that are in a keeper already stay there when nothing new has come. */
	if (tr->uffd_wp && tr->keeper) {
		l.keeper = tr->keeper;
		l.keeper_start = tr->keeper_start;
		l.keeper_fd = track->uffd;
	} else if (track->kept && track->uffd >= 0 && !track->uffd_is_new && !tr->has_left_uffd) {
		/* Of another tracker too, until it has ended: who else would know whose these marks are? */
		l.keeper = track->kept->keeper;
		l.keeper_start = track->kept->keeper_start;
		l.keeper_fd = track->kept->keeper_fd;
	}
	tr->own.lines = arena_grow(d->arena, tr->own.lines, tr->own.nr, sizeof(l));
	tr->own.lines[tr->own.nr++] = l;
}

/* This dump may be of a part of the tree that the keeper was started for. */
static bool is_needed_by_others(const struct tracking *tr, pid_t keeper)
{
	for (size_t i = 0; i < tr->old.nr; i++) {
		const struct ledger_line *line = &tr->old.lines[i];

		if (line->keeper == keeper && !ledger_find(&tr->own, line->pid) &&
		    ledger_task_runs(line))
			return true;
	}
	return false;
}

/* Keepers of which nothing is needed any more. */
static void stop_old_keepers(struct dump *d)
{
	pid_t last = 0;

	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const struct task_track *track = d->tree.tasks[i]->mm ?
							 d->tree.tasks[i]->mm->track :
							 NULL;
		const struct ledger_line *line = track ? track->kept : NULL;

		if (!line || line->keeper <= 0 || line->keeper == last)
			continue;
		last = line->keeper;
		if (!is_needed_by_others(d->tracking, last))
			keeper_stop(last, line->keeper_start);
	}
}

static struct err *write_lines(struct dump *d)
{
	struct tracking *tr = d->tracking;

	tr->own.nr = 0;
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		if (is_tracked(tr, d->tree.tasks[i]))
			add_line(d, d->tree.tasks[i]);
	return ledger_update(d->arena, &tr->own);
}

/* From here on the old marks do not count, whatever becomes of this dump. */
struct err *mem_track_begin(struct dump *d)
{
	return d->tracking->arms ? write_lines(d) : NULL;
}

static struct err *keep(struct dump *d)
{
	struct tracking *tr = d->tracking;
	struct keeper_fd *fds = arena_array(d->arena, d->tree.nr_tasks, sizeof(*fds));
	size_t nr = 0;

	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const struct task *t = d->tree.tasks[i];

		if (is_tracked(tr, t))
			fds[nr++] = (struct keeper_fd){ t->host_pid, t->mm->track->uffd };
	}
	if (!nr)
		return NULL;
	TRY(keeper_start(fds, nr, &tr->keeper, &tr->keeper_start));
	log_info("mem", 0, "keeper=%d holds the userfaultfds of tasks=%zu", tr->keeper, nr);
	TRY(write_lines(d));
	stop_old_keepers(d);
	return NULL;
}

static bool has_kept_uffd(const struct dump *d)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const struct mm *mm = d->tree.tasks[i]->mm;

		if (mm && mm->track && mm->track->kept && mm->track->kept->keeper > 0)
			return true;
	}
	return false;
}

/* Another tracker goes on than the one that the keepers are for. */
static void leave_uffd(struct dump *d)
{
	struct err *e;

	stop_old_keepers(d);
	d->tracking->has_left_uffd = true;
	e = write_lines(d);
	if (!e)
		return;
	log_warn("mem", 0, "criu-lite track --status goes on to name keepers that have ended: %s",
		 err_message(e));
	err_drop(e, "soft-dirty bits need no keeper");
}

void mem_track_keep(struct dump *d)
{
	const struct tracking *tr = d->tracking;
	struct err *e;

	if (tr->arms && !tr->uffd_wp && has_kept_uffd(d))
		leave_uffd(d);
	e = tr->arms && tr->has_new_uffd ? keep(d) : NULL;
	if (!e)
		return;
	log_warn("mem", 0, "tracking ends, the next dump is a whole one: %s", err_message(e));
	err_drop(e, "the set itself is whole");
}

void mem_track_forget(struct dump *d)
{
	pid_t *pids = arena_array(d->arena, d->tree.nr_tasks, sizeof(*pids));
	struct err *e = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		if (ledger_find(&d->tracking->old, d->tree.tasks[i]->host_pid))
			pids[nr++] = d->tree.tasks[i]->host_pid;
	if (nr)
		e = ledger_remove(d->arena, pids, nr);
	if (e)
		err_drop(e, "lines of tasks that have ended do no harm");
}

/* --- the clearing --- */

static struct err *clear_soft_dirty(const struct task *t)
{
	AUTO_FD fd = -1;

	TRY(fd_open_at(t->probe->dirfd, O_WRONLY, &fd, "clear_refs"));
	return err_context(fd_write_all(fd, "4", 1), "clearing the soft-dirty bits of task %d",
			   t->host_pid);
}

/* The word keeps its value; only the page becomes a written one. */
static struct err *set_tripwire(const struct task *t)
{
	uint64_t addr = t->mm->track->tripwire, word;

	if (!addr)
		return NULL;
	TRY(fd_pread_all(t->probe->mem_fd, &word, sizeof(word), (off_t)addr));
	return err_context(fd_pwrite_all(t->probe->mem_fd, &word, sizeof(word), (off_t)addr),
			   "writing the tripwire of task %d", t->host_pid);
}

struct err *mem_track_restart(struct dump *d, struct task *t)
{
	const struct tracking *tr = d->tracking;

	if (!tr || !tr->arms)
		return NULL;
	if (tr->checks_frames)
		TRY(frames_write(d, t, t->mm->track->frames));
	if (tr->soft_dirty)
		TRY(clear_soft_dirty(t));
	return set_tripwire(t);
}
