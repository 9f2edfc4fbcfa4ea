/* SPDX-License-Identifier: GPL-2.0-only */
/* Who makes whom in a restore: sessions, groups, dead leaders and orphans. */
#include <unistd.h>

#include "base/options.h"
#include "task/born.h"
#include "task/task.h"
#include "unit.h"

/* Numbers far above those of processes that happen to run; negative: dead. */
struct want {
	pid_t pid, ppid, pgid, sid;
	enum task_state state;
};

enum { BASE = 4000000 };

static struct restore restore;
static struct options options;

static struct err *plan(const struct want *list, size_t nr)
{
	options = (struct options){ 0 };
	restore = (struct restore){ .arena = arena_new(), .opts = &options };
	for (size_t i = 0; i < nr; i++) {
		struct task *parent = i ? tree_find(&restore.tree, BASE + list[i].ppid) : NULL;
		struct task *t = tree_add(&restore.tree, restore.arena, parent);

		t->ns_pid = BASE + list[i].pid;
		t->pgid = BASE + list[i].pgid;
		t->sid = BASE + list[i].sid;
		t->state = list[i].state;
		t->nr_threads = 1;
		t->threads = ARENA_NEW(restore.arena, struct thread);
	}
	return born_plan_make(&restore);
}

#define PLAN(...)                                       \
	({                                              \
		const struct want list[] = __VA_ARGS__; \
		plan(list, ARRAY_SIZE(list));           \
	})

static const struct born *find(pid_t pid)
{
	for (size_t i = 0; i < restore.born->nr; i++)
		if (restore.born->list[i]->pid == BASE + pid)
			return restore.born->list[i];
	fprintf(stderr, "nobody has the number %d\n", pid);
	exit(1);
}

/* Each is made by exactly one, and before it makes others. */
static void check_whole(void)
{
	const struct born_plan *plan = restore.born;
	size_t made = 1;

	for (size_t i = 0; i < plan->nr; i++) {
		const struct born *b = plan->list[i];

		made += b->nr_made;
		CHECK(b->slot == i);
		CHECK(b->creator || b == plan->first);
		for (size_t k = 0; k < b->nr_made; k++) {
			CHECK(b->made[k]->creator == b);
			CHECK(b->made[k]->is_early == (k < b->nr_early));
		}
	}
	CHECK(made == plan->nr);
}

static void plain_tree_is_forked_by_parents(void)
{
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			{ 2, 1, 1, 1, TASK_ALIVE },
			{ 3, 2, 2, 1, TASK_ALIVE },
			{ 4, 1, 4, 4, TASK_ALIVE } }));
	check_whole();
	CHECK(find(2)->creator == find(1) && !find(2)->as_sibling && !find(2)->is_early);
	CHECK(find(4)->does_setsid && !find(2)->does_setsid);
	/* Group 2 of task 3 has no leader any more: 2 is in group 1. */
	CHECK(find(2)->lends_group && restore.born->has_lenders);
	arena_free(restore.arena);
}

static void old_session_is_inherited_early(void)
{
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			{ 2, 1, 2, 2, TASK_ALIVE },
			{ 3, 2, 1, 1, TASK_ALIVE },
			{ 4, 2, 2, 2, TASK_ALIVE } }));
	check_whole();
	CHECK(find(3)->creator == find(2) && find(3)->is_early);
	CHECK(find(4)->creator == find(2) && !find(4)->is_early);
	arena_free(restore.arena);
}

static void daemon_of_a_living_leader_is_made_by_it(void)
{
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			{ 2, 1, 2, 2, TASK_ALIVE },
			{ 3, 1, 2, 2, TASK_ALIVE } }));
	check_whole();
	CHECK(find(3)->creator == find(2) && find(3)->as_sibling);
	CHECK(restore.born->nr_helpers == 0);
	arena_free(restore.arena);
}

static void dead_leaders_get_helpers(void)
{
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			{ 3, 1, 2, 2, TASK_ALIVE },
			{ 4, 1, 2, 2, TASK_ALIVE },
			{ 6, 1, 5, 1, TASK_ALIVE } }));
	check_whole();
	CHECK(!find(2)->task && find(2)->does_setsid && find(2)->parent == find(1));
	CHECK(find(3)->creator == find(2) && find(3)->as_sibling);
	CHECK(find(4)->as_sibling);
	CHECK(!find(5)->task && !find(5)->does_setsid && find(5)->creator == find(6));
	CHECK(restore.born->nr_helpers == 2);
	arena_free(restore.arena);
}

static void orphans_come_over_a_bridge(void)
{
	const struct born *bridge;

	/* Session 3 lives two levels below task 1, whose child 4 is of it. */
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			{ 2, 1, 1, 1, TASK_ALIVE },
			{ 3, 2, 3, 3, TASK_ALIVE },
			{ 4, 1, 3, 3, TASK_ALIVE } }));
	check_whole();
	bridge = find(4)->creator;
	CHECK(find(4)->is_orphan && find(1)->takes_orphans);
	CHECK(bridge->is_bridge && bridge->creator == find(3) && !bridge->task);
	arena_free(restore.arena);
}

static void dead_leader_stands_below_all_its_members(void)
{
	/* Members of the dead session 9 are children of 1 and of 2: the helper is below 2. */
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			{ 2, 1, 1, 1, TASK_ALIVE },
			{ 3, 1, 9, 9, TASK_ALIVE },
			{ 4, 2, 9, 9, TASK_ALIVE } }));
	check_whole();
	CHECK(find(9)->parent == find(2));
	CHECK(find(4)->as_sibling && find(3)->is_orphan);
	arena_free(restore.arena);
}

static void root_of_a_dead_session_has_a_helper(void)
{
	CHECK_OK(PLAN({ { 2, 0, 1, 1, TASK_ALIVE }, { 3, 2, 1, 1, TASK_ALIVE } }));
	check_whole();
	CHECK(restore.born->first == find(1) && !find(1)->task);
	CHECK(find(2)->creator == find(1) && find(2)->as_sibling);
	arena_free(restore.arena);
}

static void what_cannot_be_is_refused(void)
{
	/* A group whose leader is of another session. */
	CHECK_ERR(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			 { 2, 1, 2, 2, TASK_ALIVE },
			 { 3, 1, 2, 1, TASK_ALIVE } }),
		  ERR_IMAGE);
	arena_free(restore.arena);
	/* A session of which nobody is below the parent. */
	CHECK_ERR(PLAN({ { 1, 0, 1, 1, TASK_ALIVE },
			 { 2, 1, 2, 2, TASK_ALIVE },
			 { 3, 1, 3, 3, TASK_ALIVE },
			 { 4, 3, 2, 2, TASK_ALIVE } }),
		  ERR_UNSUPPORTED);
	arena_free(restore.arena);
}

static void dead_tasks_make_nothing_they_must_wait_for(void)
{
	CHECK_OK(PLAN({ { 1, 0, 1, 1, TASK_ALIVE }, { 3, 1, 2, 1, TASK_DEAD } }));
	check_whole();
	CHECK(find(2)->parent == find(1) && find(2)->creator == find(3) && find(2)->as_sibling);
	CHECK(restore.born->nr_workers == 1);
	arena_free(restore.arena);
}

int main(void)
{
	UNIT_RUN(plain_tree_is_forked_by_parents);
	UNIT_RUN(old_session_is_inherited_early);
	UNIT_RUN(daemon_of_a_living_leader_is_made_by_it);
	UNIT_RUN(dead_leaders_get_helpers);
	UNIT_RUN(orphans_come_over_a_bridge);
	UNIT_RUN(dead_leader_stands_below_all_its_members);
	UNIT_RUN(root_of_a_dead_session_has_a_helper);
	UNIT_RUN(what_cannot_be_is_refused);
	UNIT_RUN(dead_tasks_make_nothing_they_must_wait_for);
	return 0;
}
