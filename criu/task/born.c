/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan of births: task/born.h tells the rules. */
#include "task/born.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/options.h"
#include "task/restore_read.h"

/* PID_MAX_LIMIT of 64-bit Linux. */
enum { PID_LIMIT = 4194304 };

/* Neither a process or thread nor a process group has the number. */
static bool pid_is_free(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH && (pid == 1 || (kill(-pid, 0) && errno == ESRCH));
}

static struct born *born_add(struct restore *r, struct task *t)
{
	struct born_plan *plan = r->born;
	struct born *b = ARENA_NEW(r->arena, struct born);

	b->slot = plan->nr;
	b->task = t;
	plan->list = arena_grow(r->arena, plan->list, plan->nr, sizeof(struct born *));
	plan->list[plan->nr++] = b;
	return b;
}

static struct born *born_find(const struct born_plan *plan, pid_t pid)
{
	for (size_t i = 0; i < plan->nr; i++)
		if (plan->list[i]->pid == pid)
			return plan->list[i];
	return NULL;
}

/* Planned already?  The first one has no creator. */
static bool is_placed(const struct born_plan *plan, const struct born *b)
{
	return b->creator || b == plan->first;
}

/* ---- the tree's numbers ---- */

/* A session or group outside of the tree (0, or with --shell-job the root's) becomes ours. */
static struct err *settle_outer(struct restore *r)
{
	struct born_plan *plan = r->born;
	const struct task *root = r->tree.root;
	pid_t old_sid = root->sid, old_pgid = root->pgid;
	bool outer_sid = root->sid != root->ns_pid, outer_pgid = root->pgid != root->ns_pid;

	if (!r->opts->shell_job) {
		if (root->sid && root->pgid)
			return NULL;
		return err_hint(err_new(ERR_UNSUPPORTED,
					"the session of the root task %d is outside of the tree",
					root->ns_pid),
				"add --shell-job to restore it into this session");
	}
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		struct task *t = r->tree.tasks[i];

		if (outer_sid && t->sid == old_sid)
			t->sid = plan->outer_sid;
		if (outer_pgid && t->pgid == old_pgid)
			t->pgid = plan->outer_pgid;
	}
	return NULL;
}

static void add_tasks(struct restore *r)
{
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		struct task *t = r->tree.tasks[i];
		struct born *b = born_add(r, t);

		b->pid = t->ns_pid;
		b->sid = t->sid;
		b->pgid = t->pgid;
		b->does_setsid = t->sid == t->ns_pid;
		b->parent = t->parent ? r->born->list[t->parent->index] : NULL;
		if (task_is_live(t))
			r->born->nr_workers++;
	}
}

static struct born *add_helper(struct restore *r, pid_t pid, pid_t sid, struct born *parent)
{
	struct born *h = born_add(r, NULL);

	h->pid = pid;
	h->sid = sid;
	h->pgid = pid;
	h->does_setsid = pid == sid;
	h->parent = parent;
	r->born->nr_helpers++;
	return h;
}

/* ---- sessions ---- */

static void place(struct born *b, struct born *creator, bool early, bool sibling)
{
	b->creator = creator;
	b->is_early = early;
	b->as_sibling = sibling;
	b->birth_sid = early ? creator->birth_sid : creator->sid;
}

/* Somebody with the same parent who is in the session that @b needs. */
static struct born *sibling_in_session(const struct born_plan *plan, const struct born *b)
{
	for (size_t i = 0; i < plan->nr; i++) {
		struct born *c = plan->list[i];

		if (c != b && c->parent == b->parent && c->sid == b->sid && is_placed(plan, c))
			return c;
	}
	return NULL;
}

/* Places @b if what it needs is placed; the parent is. */
static bool try_place(const struct born_plan *plan, struct born *b)
{
	struct born *p = b->parent, *c;

	if (b->does_setsid || p->sid == b->sid)
		place(b, p, false, false);
	else if (p->does_setsid && p->birth_sid == b->sid)
		place(b, p, true, false);
	else if ((c = sibling_in_session(plan, b)))
		place(b, c, false, true);
	else
		return false;
	return true;
}

static void place_first(struct restore *r)
{
	struct born_plan *plan = r->born;
	struct born *root = plan->list[0];

	plan->first = root;
	root->birth_sid = plan->outer_sid;
	if (root->does_setsid || root->sid == plan->outer_sid)
		return;
	/* A helper leads the root's session and makes the root as its own sibling. */
	plan->first = add_helper(r, root->sid, root->sid, NULL);
	plan->first->birth_sid = plan->outer_sid;
	place(root, plan->first, false, true);
}

/* One pass over those not placed; true if somebody was. */
static bool place_some(struct born_plan *plan, size_t *left_out)
{
	bool any = false;

	*left_out = 0;
	for (size_t i = 0; i < plan->nr; i++) {
		struct born *b = plan->list[i];

		if (is_placed(plan, b))
			continue;
		if (is_placed(plan, b->parent) && try_place(plan, b))
			any = true;
		else
			(*left_out)++;
	}
	return any;
}

static size_t depth_of(const struct born *b)
{
	size_t depth = 0;

	for (; b->parent; b = b->parent)
		depth++;
	return depth;
}

static bool can_be_placed_later(const struct born_plan *plan, const struct born *b)
{
	return !is_placed(plan, b) && is_placed(plan, b->parent);
}

/*
 * A session whose leader is dead gets a helper.  Of all parents that have members of it as children
 * the deepest is chosen: the leader was below all of them, so the others are its ancestors and can
 * get theirs as orphans.
 */
static bool help_one(struct restore *r)
{
	struct born_plan *plan = r->born;
	struct born *deepest = NULL;

	for (size_t i = 0; i < plan->nr; i++) {
		struct born *b = plan->list[i];

		if (!can_be_placed_later(plan, b) || born_find(plan, b->sid))
			continue;
		if (!deepest || (b->sid == deepest->sid && depth_of(b) > depth_of(deepest)))
			deepest = b;
	}
	if (deepest)
		add_helper(r, deepest->sid, deepest->sid, deepest->parent);
	return deepest;
}

/* Is @p above @b, with nobody between them who takes orphans? */
static bool gives_orphans_to(const struct born *b, const struct born *p)
{
	for (b = b->parent; b && b != p; b = b->parent)
		if (b->takes_orphans)
			return false;
	return b;
}

static bool is_wanted(const struct restore *r, pid_t pid)
{
	if (born_find(r->born, pid))
		return true;
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		for (size_t k = 1; k < r->tree.tasks[i]->nr_threads; k++)
			if (r->tree.tasks[i]->threads[k].ns_tid == pid)
				return true;
	return false;
}

/*
 * A number for a bridge: nobody has it and nobody will want it.  The kernel counts upwards, so the
 * highest ones are the least likely to be given to a stranger meanwhile.
 */
static struct err *spare_pid(const struct restore *r, pid_t *out)
{
	AUTO_FREE char *text = NULL;
	pid_t pid;

	TRY(file_slurp_at(AT_FDCWD, &text, NULL, "/proc/sys/kernel/pid_max"));
	for (pid = atoi(text) - 1; pid > 1; pid--) {
		if (!is_wanted(r, pid) && pid_is_free(pid)) {
			*out = pid;
			return NULL;
		}
	}
	return err_new(ERR_SYS, "all process numbers are in use");
}

static struct err *place_orphan(struct restore *r, struct born *b, struct born *member)
{
	struct born *bridge;
	pid_t pid;

	TRY(spare_pid(r, &pid));
	bridge = add_helper(r, pid, b->sid, member);
	bridge->pgid = member->pgid;
	bridge->is_bridge = true;
	bridge->does_setsid = false;
	r->born->nr_bridges++;
	place(bridge, member, false, false);
	place(b, bridge, false, false);
	b->is_orphan = true;
	b->parent->takes_orphans = true;
	return NULL;
}

/* One whose session lives below its parent becomes an orphan. */
static struct err *orphan_one(struct restore *r)
{
	struct born_plan *plan = r->born;
	struct born *lost = NULL;

	for (size_t i = 0; i < plan->nr; i++) {
		struct born *b = plan->list[i];

		if (!can_be_placed_later(plan, b))
			continue;
		lost = b;
		for (size_t k = 0; k < plan->nr; k++) {
			struct born *m = plan->list[k];

			if (m->sid != b->sid || !is_placed(plan, m) || m->is_bridge ||
			    !gives_orphans_to(m, b->parent))
				continue;
			return place_orphan(r, b, m);
		}
	}
	BUG_ON(!lost);
	return err_new(ERR_UNSUPPORTED,
		       "task %d is in session %d, which has no member among or below its siblings",
		       lost->pid, lost->sid);
}

static struct err *plan_sessions(struct restore *r)
{
	size_t left;

	place_first(r);
	do {
		while (place_some(r->born, &left))
			;
		if (left && !help_one(r))
			TRY(orphan_one(r));
	} while (left);
	return NULL;
}

/* ---- process groups ---- */

static struct err *plan_group(struct restore *r, struct born *b)
{
	struct born_plan *plan = r->born;
	struct born *leader, *h;

	if (b->pgid == b->pid || b->pgid == plan->outer_pgid)
		return NULL;
	leader = born_find(plan, b->pgid);
	if (leader && leader->sid == b->sid && !leader->does_setsid && leader->pgid != leader->pid)
		plan->has_lenders = leader->lends_group = true;
	if (leader && leader->sid == b->sid)
		return NULL;
	if (leader)
		return err_new(
			ERR_IMAGE,
			"pstree.img: group %d of task %d is led by a task of another session",
			b->pgid, b->pid);
	h = add_helper(r, b->pgid, b->sid, NULL);
	/*
	 * A member makes it; one that is about to die has no time for children, then its maker
	 * does.
	 */
	if (b->task && !task_is_live(b->task)) {
		h->parent = b->parent;
		place(h, b, false, true);
	} else {
		h->parent = b;
		place(h, b, false, false);
	}
	return NULL;
}

static void link_made(struct restore *r)
{
	struct born_plan *plan = r->born;

	for (int early = 1; early >= 0; early--) {
		for (size_t i = 0; i < plan->nr; i++) {
			struct born *b = plan->list[i], *c = b->creator;

			if (!c || b->is_early != early)
				continue;
			c->made = arena_grow(r->arena, c->made, c->nr_made, sizeof(*c->made));
			c->made[c->nr_made++] = b;
			c->nr_early += early;
		}
	}
	for (size_t i = 0; i < plan->nr; i++) {
		struct born *p = plan->list[i]->parent;

		if (!p)
			continue;
		p->children = arena_grow(r->arena, p->children, p->nr_children,
					 sizeof(*p->children));
		p->children[p->nr_children++] = plan->list[i];
	}
}

/* What clones with the table or the directories of its parent must be forked by it. */
static struct err *check_shared(const struct restore *r)
{
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		const struct task *t = r->tree.tasks[i];
		bool table, fs;

		if (!t->parent || !t->ids)
			continue;
		table = t->ids->files_id == t->parent->ids->files_id;
		fs = t->ids->fs_id == t->parent->ids->fs_id;
		r->born->shares_tables |= table;
		if ((table || fs) && r->born->list[i]->as_sibling)
			return err_new(
				ERR_UNSUPPORTED,
				"task %d shares files with its parent but is in another session",
				t->ns_pid);
	}
	return NULL;
}

/* Nobody who turned out to take orphans stands in the way of another's. */
static struct err *check_orphans(const struct born_plan *plan)
{
	for (size_t i = 0; i < plan->nr; i++) {
		const struct born *b = plan->list[i];

		if (b->is_orphan && !gives_orphans_to(b->creator->parent, b->parent) &&
		    b->creator->parent != b->parent)
			return err_new(ERR_UNSUPPORTED,
				       "task %d cannot get its parent %d: another child subreaper "
				       "is in between",
				       b->pid, b->parent->pid);
	}
	return NULL;
}

struct err *born_plan_make(struct restore *r)
{
	size_t nr_tasks = r->tree.nr_tasks;

	r->born = ARENA_NEW(r->arena, struct born_plan);
	r->born->outer_sid = getsid(0);
	r->born->outer_pgid = getpgrp();
	TRY(settle_outer(r));
	add_tasks(r);
	TRY(plan_sessions(r));
	TRY(check_orphans(r->born));
	for (size_t i = 0; i < nr_tasks; i++)
		TRY(plan_group(r, r->born->list[i]));
	link_made(r);
	return check_shared(r);
}

/* ---- are the numbers free? ---- */

static struct err *pid_taken(pid_t pid)
{
	AUTO_FREE char *comm = NULL;
	struct err *e = file_slurp_at(AT_FDCWD, &comm, NULL, "/proc/%d/comm", pid);

	if (e) {
		err_drop(e, "the name is only for the message");
		return err_new(ERR_USAGE, "pid %d is in use", pid);
	}
	comm[strcspn(comm, "\n")] = 0;
	return err_new(ERR_USAGE, "pid %d is in use by a process named \"%s\"", pid, comm);
}

struct err *born_check_pids(struct restore *r)
{
	enum { REPORTED = 10 };
	struct err *all = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < r->born->nr; i++) {
		const struct born *b = r->born->list[i];
		size_t threads = b->task ? b->task->nr_threads : 1;

		for (size_t k = 0; k < threads; k++) {
			pid_t pid = k ? b->task->threads[k].ns_tid : b->pid;

			if (!pid_is_free(pid) && nr++ < REPORTED)
				all = err_join(all, pid_taken(pid));
		}
	}
	return err_hint(
		all, "end the processes that have these numbers, or restore in a new pid namespace "
		     "(unshare -pf --mount-proc)");
}
