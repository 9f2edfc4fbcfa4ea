/* SPDX-License-Identifier: GPL-2.0-only */
#include "task/task.h"

struct task *tree_add(struct tree *tree, struct arena *a, struct task *parent)
{
	struct task *t = ARENA_NEW(a, struct task);
	struct task **link;

	t->parent = parent;
	t->state = TASK_ALIVE;
	if (parent) {
		for (link = &parent->first_child; *link; link = &(*link)->next_sibling)
			;
		*link = t;
	} else if (!tree->root) {
		tree->root = t;
	}
	tree->tasks = arena_grow(a, tree->tasks, tree->nr_tasks, sizeof(*tree->tasks));
	t->index = tree->nr_tasks;
	tree->tasks[tree->nr_tasks++] = t;
	return t;
}

struct task *tree_find(const struct tree *tree, pid_t ns_pid)
{
	for (size_t i = 0; i < tree->nr_tasks; i++)
		if (tree->tasks[i]->ns_pid == ns_pid)
			return tree->tasks[i];
	return NULL;
}
