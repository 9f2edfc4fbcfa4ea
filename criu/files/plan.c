// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who opens what: fills owners and the source of every slot.  Looks at each slot of each table a constant number
 * of times.
 */
#include "files/sk_restore.h"

/* A table is copied to all children at the fork; that pays when one in so many wants the descriptor. */
enum { WASTE_FACTOR = 8 };

void file_set_owner(struct file *f, const struct fdtable *table)
{
	if (!f->group) {
		if (!f->owner)
			f->owner = table;
		return;
	}
	for (size_t i = 0; i < f->group->nr_ends; i++)
		if (!f->group->ends[i]->owner)
			f->group->ends[i]->owner = f->group->maker ? f->group->maker : table;
}

void file_group_add(struct restore *r, struct file_group *g, struct file *f)
{
	g->ends = arena_grow(r->arena, g->ends, g->nr_ends, sizeof(*g->ends));
	g->ends[g->nr_ends++] = f;
	f->group = g;
}

/* A group goes to the table it wants, as long as that has an end of it, for an end is what has it made. */
static void choose_makers(const struct files *fs)
{
	for (size_t t = 0; t < fs->nr_tables; t++)
		for (size_t i = 0; i < fs->tables[t]->nr_slots; i++) {
			struct file_group *g = fs->tables[t]->slots[i].file->group;

			if (g && g->wanted == fs->tables[t])
				g->maker = g->wanted;
		}
}

static void choose_owners(struct files *fs)
{
	for (size_t t = 0; t < fs->nr_tables; t++) {
		struct fdtable *table = fs->tables[t];

		for (size_t i = 0; i < table->nr_slots; i++) {
			struct file *f = table->slots[i].file;

			file_set_owner(f, table);
			if (f->owner == table && f->owner_fd < 0)
				f->owner_fd = table->slots[i].fd;
		}
	}
}

/* The first slot of a table that has the file; later ones are duplicates of it. */
static struct fd_slot *slot_of(const struct fdtable *table, const struct file *f)
{
	return f->seen_by == table ? &table->slots[f->seen_slot] : NULL;
}

static void note_slots(const struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++) {
		struct file *f = table->slots[i].file;

		if (f->seen_by == table)
			continue;
		f->seen_by = table;
		f->seen_slot = i;
		f->nr_wanted = 0;
	}
}

static void count_wanted(const struct fdtable *parent, const struct fdtable *kid)
{
	const struct file *last = NULL;

	for (size_t i = 0; i < kid->nr_slots; i++) {
		struct file *f = kid->slots[i].file;

		if (f != last && slot_of(parent, f))
			f->nr_wanted++;
		last = f;
	}
}

/* Needs the sources of @table itself; a file that comes late or from elsewhere is not there at the fork. */
static void choose_early(struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++) {
		struct fd_slot *slot = &table->slots[i];
		const struct file *f = slot->file;
		bool is_owned = slot->source == SLOT_OPEN && !f->is_late;

		if (slot->source == SLOT_INHERIT)
			slot->is_early = true;
		else if (is_owned && f->nr_wanted && f->nr_wanted * WASTE_FACTOR >= table->nr_kids)
			slot->is_early = true;
	}
}

static void inherit(const struct fdtable *parent, struct fdtable *kid)
{
	for (size_t i = 0; i < kid->nr_slots; i++) {
		const struct fd_slot *from = slot_of(parent, kid->slots[i].file);

		if (!from || !from->is_early)
			continue;
		kid->slots[i].source = SLOT_INHERIT;
		kid->slots[i].from_fd = from->fd;
		kid->slots[i].from_is_cloexec = from->is_cloexec;
	}
}

/* What is left is owned, a duplicate, or taken from the owner. */
static void choose_sources(struct restore_files *rf, struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++) {
		struct fd_slot *slot = &table->slots[i];
		const struct file *f = slot->file;
		const struct fd_slot *first = slot_of(table, f);

		if (slot->source == SLOT_INHERIT)
			continue;
		if (first != slot) {
			slot->source = SLOT_DUP;
			slot->from_fd = first->fd;
		} else if (f->owner == table) {
			slot->source = SLOT_OPEN;
		} else {
			slot->source = SLOT_PULL;
			rf->has_pulls = true;
			if (f->owner_fd < 0)
				rf->has_lent = true;
		}
		if (f->is_late)
			rf->has_late = true;
		if (f->kind->finish && f->inherited < 0)
			rf->has_finish = true;
	}
}

struct err *plan_make(struct restore *r)
{
	struct files *fs = r->files;
	struct fdtable ***kids = arena_array(r->arena, fs->nr_tables, sizeof(*kids));

	choose_makers(fs);
	choose_owners(fs);
	unix_plan_owners(r);
	for (size_t t = 0; t < fs->nr_tables; t++) {
		struct fdtable *parent = (struct fdtable *)fs->tables[t]->parent;

		fs->tables[t]->index = t;
		if (!parent)
			continue;
		kids[parent->index] = arena_grow(r->arena, kids[parent->index], parent->nr_kids,
						 sizeof(**kids));
		kids[parent->index][parent->nr_kids++] = fs->tables[t];
	}
	/* Parents come first in the list, so what a table inherits is known when it is looked at. */
	for (size_t t = 0; t < fs->nr_tables; t++) {
		struct fdtable *table = fs->tables[t];

		note_slots(table);
		choose_sources(fs->restore, table);
		for (size_t k = 0; k < table->nr_kids; k++)
			count_wanted(table, kids[t][k]);
		choose_early(table);
		for (size_t k = 0; k < table->nr_kids; k++)
			inherit(table, kids[t][k]);
	}
	return NULL;
}
