// SPDX-License-Identifier: GPL-2.0-only
#include "flow/chain_map.h"

#include <string.h>
#include <sys/mman.h>

#include "core.pb-c.h"
#include "fdinfo.pb-c.h"
#include "image/walk.h"
#include "mem/mm.h"

/* Runs with less than this between them are one range. */
enum { GAP_PAGES = 64 };
/* Ranges are found in bounded memory: so many may wait to be merged. */
enum { RANGES_WAITING = 1 << 16 };

/* --- which spaces there are --- */

struct space_list {
	struct chain *c;
	struct map_space *list;
	size_t nr;
};

static struct map_space *space_find(struct space_list *l, enum image_kind kind, uint64_t id)
{
	for (size_t i = 0; i < l->nr; i++)
		if (l->list[i].kind == kind && l->list[i].id == id)
			return &l->list[i];
	l->list = arena_grow(l->c->arena, l->list, l->nr, sizeof(*l->list));
	l->list[l->nr] = (struct map_space){ .kind = kind, .id = id };
	return &l->list[l->nr++];
}

static struct err *count_written(void *arg, uint64_t start UNUSED, uint64_t nr_pages,
				 enum page_fate fate)
{
	if (fate != FATE_PARENT)
		*(uint64_t *)arg += nr_pages;
	return NULL;
}

static struct err *space_add(void *arg, struct image_dir *dir, const char *name)
{
	struct space_list *l = arg;
	enum image_kind kind;
	uint64_t id, written = 0;
	const struct fate_visitor v = { .arg = &written, .run = count_written };

	if (!image_name_parse(name, &kind, &id) ||
	    (kind != IMAGE_PAGEMAP && kind != IMAGE_PAGEMAP_SHMEM))
		return NULL;
	TRY(image_fates(dir, kind, id, &v));
	space_find(l, kind, id)->written += written;
	return NULL;
}

static int by_written(const void *a, const void *b)
{
	const struct map_space *x = a, *y = b;

	if (x->written != y->written)
		return x->written < y->written ? 1 : -1;
	return x->id < y->id ? -1 : 1;
}

struct err *map_spaces(struct chain *c, struct map_space **out, size_t *nr_out)
{
	struct space_list l = { .c = c };
	const struct image_visitor v = { .arg = &l, .run = space_add };

	for (size_t i = 0; i < c->nr; i++)
		TRY(image_dir_each(c->sets[i].dir, &v));
	if (l.nr)
		qsort(l.list, l.nr, sizeof(*l.list), by_written);
	*out = l.list;
	*nr_out = l.nr;
	return NULL;
}

/* --- ranges --- */

/* Ranges as they come, merged now and then. */
struct gather {
	struct arena *arena;
	struct map_range *list;
	size_t nr, room;
	uint64_t gap;
};

static int by_start(const void *a, const void *b)
{
	const struct map_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void merge(struct gather *g)
{
	size_t kept = 0;

	if (g->nr)
		qsort(g->list, g->nr, sizeof(*g->list), by_start);
	for (size_t i = 0; i < g->nr; i++) {
		struct map_range *last = kept ? &g->list[kept - 1] : NULL;

		if (last && g->list[i].start <= last->end + g->gap)
			last->end = MAX(last->end, g->list[i].end);
		else
			g->list[kept++] = g->list[i];
	}
	g->nr = kept;
}

static struct err *gather_run(void *arg, uint64_t start, uint64_t nr_pages,
			      enum page_fate fate UNUSED)
{
	struct gather *g = arg;
	struct map_range *last = g->nr ? &g->list[g->nr - 1] : NULL;
	uint64_t end = start + nr_pages * IMAGE_PAGE_SIZE;

	if (last && start >= last->start && start <= last->end + g->gap) {
		last->end = MAX(last->end, end);
		return NULL;
	}
	while (g->nr == RANGES_WAITING) {
		merge(g);
		g->gap *= g->nr > RANGES_WAITING / 2 ? 4 : 1;
	}
	g->list = arena_grow(g->arena, g->list, g->nr, sizeof(*g->list));
	g->list[g->nr++] = (struct map_range){ .start = start, .end = end, .label = "" };
	return NULL;
}

static struct err *gather_space(struct chain *c, const struct map_space *space,
				const struct map_limits *limits, struct gather *g)
{
	const struct fate_visitor v = { .arg = g, .run = gather_run };

	*g = (struct gather){ .arena = c->arena, .gap = GAP_PAGES * IMAGE_PAGE_SIZE };
	for (size_t i = limits->first_set; i < c->nr; i++)
		TRY(image_fates(c->sets[i].dir, space->kind, space->id, &v));
	merge(g);
	return NULL;
}

/* --- what the newest dump says of a process --- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

struct file_name {
	uint32_t id;
	const char *name;
};

struct file_names {
	struct file_name *list;
	size_t nr;
};

static int by_id(const void *a, const void *b)
{
	const struct file_name *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct err *names_read(struct chain *c, struct image_dir *dir, struct file_names *names)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;

	TRY(image_open(dir, IMAGE_FILES, 0, &s));
	for (;;) {
		const FileEntry *f;

		TRY(image_next(s, c->arena, &msg));
		if (!msg)
			break;
		f = (const FileEntry *)msg;
		if (!f->reg)
			continue;
		names->list = arena_grow(c->arena, names->list, names->nr, sizeof(*names->list));
		names->list[names->nr++] = (struct file_name){ f->id, last_part(f->reg->name) };
	}
	if (names->nr)
		qsort(names->list, names->nr, sizeof(*names->list), by_id);
	return NULL;
}

static const char *name_of(const struct file_names *names, uint64_t id)
{
	struct file_name key = { .id = (uint32_t)id };
	const struct file_name *found =
		names->nr ? bsearch(&key, names->list, names->nr, sizeof(key), by_id) : NULL;

	return found ? found->name : "file";
}

/* The mappings of one process in the newest set that tells them. */
struct mappings {
	const MmEntry *mm; /* NULL: no set does */
	size_t nr;	   /* without those that lie inside others, which come last */
	size_t at;	   /* the first that is not below what was looked at */
	struct file_names names;
};

static const char *vma_label(const struct mappings *m, const VmaEntry *v)
{
	if (v->status & VMA_AREA_HEAP)
		return "heap";
	if (v->status & (VMA_AREA_VDSO | VMA_AREA_VVAR))
		return "vdso";
	if (v->flags & MAP_GROWSDOWN || v->status & VMA_AREA_STACK)
		return "stack";
	if (v->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED))
		return name_of(&m->names, v->shmid);
	return "anonymous";
}

static struct err *mappings_of(struct chain *c, struct map_space *space, struct image_dir *dir,
			       struct mappings *m)
{
	ProtobufCMessage *msg = NULL;

	TRY(image_read_optional(dir, IMAGE_MM, space->id, c->arena, &msg));
	if (!msg)
		return NULL;
	m->mm = (const MmEntry *)msg;
	while (m->nr < m->mm->n_vmas && !(m->mm->vmas[m->nr]->status & VMA_AREA_GUARD))
		m->nr++;
	TRY(names_read(c, dir, &m->names));
	TRY(image_read_optional(dir, IMAGE_CORE, space->id, c->arena, &msg));
	if (msg && ((CoreEntry *)msg)->tc)
		space->comm = ((CoreEntry *)msg)->tc->comm;
	return NULL;
}

static struct err *mappings_read(struct chain *c, struct map_space *space, struct mappings *m)
{
	if (space->kind != IMAGE_PAGEMAP)
		return NULL;
	for (size_t i = c->nr; i-- > 0 && !m->mm;)
		TRY(mappings_of(c, space, c->sets[i].dir, m));
	return NULL;
}

static void range_add(struct chain *c, struct map_space *space, uint64_t start, uint64_t end,
		      const char *label)
{
	struct map_range *last = space->nr ? &space->ranges[space->nr - 1] : NULL;

	/* The mappings of one file, and pieces of memory that lie together, are one range to the eye. */
	if (last && !strcmp(last->label, label) &&
	    start - last->end <= GAP_PAGES * IMAGE_PAGE_SIZE) {
		last->end = end;
		return;
	}
	space->ranges = arena_grow(c->arena, space->ranges, space->nr, sizeof(*space->ranges));
	space->ranges[space->nr++] =
		(struct map_range){ .start = start, .end = end, .label = label };
}

/* Divides one range of pages at the borders of mappings. */
static void divide(struct chain *c, struct map_space *space, struct mappings *m,
		   const struct map_range *r)
{
	uint64_t pos = r->start;

	while (m->at < m->nr && m->mm->vmas[m->at]->end <= pos)
		m->at++;
	for (size_t i = m->at; i < m->nr && m->mm->vmas[i]->start < r->end; i++) {
		const VmaEntry *v = m->mm->vmas[i];

		if (pos < v->start)
			range_add(c, space, pos, v->start, "");
		pos = MAX(pos, v->start);
		range_add(c, space, pos, MIN(v->end, r->end), vma_label(m, v));
		pos = MIN(v->end, r->end);
	}
	if (pos < r->end)
		range_add(c, space, pos, r->end, "");
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Joins neighbours, those first that lie closest, until there are few enough. */
static void join_ranges(struct chain *c, struct map_space *space, size_t max)
{
	uint64_t *gaps = arena_array(c->arena, space->nr, sizeof(*gaps)), limit;
	size_t kept = 0, too_many = space->nr - max;

	for (size_t i = 1; i < space->nr; i++)
		gaps[i - 1] = space->ranges[i].start - space->ranges[i - 1].end;
	qsort(gaps, space->nr - 1, sizeof(*gaps), by_size);
	limit = gaps[too_many - 1];
	for (size_t i = 0; i < space->nr; i++) {
		struct map_range *r = &space->ranges[i];
		struct map_range *last = kept ? &space->ranges[kept - 1] : NULL;

		if (last && too_many && r->start - last->end <= limit) {
			last->end = r->end;
			if (strcmp(last->label, r->label))
				last->label = "several mappings";
			too_many--;
		} else {
			space->ranges[kept++] = *r;
		}
	}
	space->nr = kept;
}

static struct err *find_ranges(struct chain *c, struct map_space *space,
			       const struct map_limits *limits)
{
	struct mappings m = { 0 };
	struct gather g;

	TRY(gather_space(c, space, limits, &g));
	TRY(mappings_read(c, space, &m));
	for (size_t i = 0; i < g.nr; i++)
		divide(c, space, &m, &g.list[i]);
	if (space->nr > limits->ranges_max)
		join_ranges(c, space, limits->ranges_max);
	return NULL;
}

/* --- cells --- */

struct filling {
	struct map_space *space;
	size_t set;   /* of those shown */
	size_t range; /* not below the run */
};

/* Adds pages of a range, by their numbers in it, to the cells they lie in. */
static void cells_add(struct map_range *r, size_t set, uint64_t first, uint64_t nr,
		      enum page_fate fate)
{
	struct map_cell *cells = r->cells + set * r->nr_cells;
	uint64_t pages = range_pages(r);

	while (nr) {
		/* Cell i begins with page i * pages / nr_cells, rounded down. */
		uint64_t i = (uint64_t)(((unsigned __int128)first * r->nr_cells) / pages);
		uint64_t next, here;

		while ((unsigned __int128)(i + 1) * pages / r->nr_cells <= first)
			i++;
		next = (uint64_t)((unsigned __int128)(i + 1) * pages / r->nr_cells);
		here = MIN(nr, next - first);
		cells[i].pages[fate] += here;
		first += here;
		nr -= here;
	}
	r->has_pages = true;
}

static struct err *fill_run(void *arg, uint64_t start, uint64_t nr_pages, enum page_fate fate)
{
	struct filling *f = arg;
	struct map_space *space = f->space;
	uint64_t end = start + nr_pages * IMAGE_PAGE_SIZE;

	while (f->range < space->nr && space->ranges[f->range].end <= start)
		f->range++;
	for (size_t i = f->range; i < space->nr && start < end; i++) {
		struct map_range *r = &space->ranges[i];
		uint64_t upto = MIN(end, r->end);

		if (start < r->start || start >= upto)
			continue;
		cells_add(r, f->set, (start - r->start) / IMAGE_PAGE_SIZE,
			  (upto - start) / IMAGE_PAGE_SIZE, fate);
		start = upto;
	}
	return NULL;
}

/* As the cube root, so that the largest range does not leave the others without any width. */
static uint32_t cells_for(uint64_t pages, uint64_t largest, uint32_t max)
{
	unsigned __int128 want = (unsigned __int128)pages * max * max * max;
	uint32_t nr = 1;

	while (nr < max && (unsigned __int128)largest * nr * nr * nr < want)
		nr++;
	return (uint32_t)MIN(nr, pages);
}

struct err *map_fill(struct chain *c, struct map_space *space, const struct map_limits *limits)
{
	size_t nr_sets = c->nr - limits->first_set;
	uint64_t largest = 1;

	TRY(find_ranges(c, space, limits));
	for (size_t i = 0; i < space->nr; i++)
		largest = MAX(largest, range_pages(&space->ranges[i]));
	for (size_t i = 0; i < space->nr; i++) {
		struct map_range *r = &space->ranges[i];

		r->nr_cells = cells_for(range_pages(r), largest, limits->cells_max);
		r->cells = arena_array(c->arena, r->nr_cells * nr_sets, sizeof(*r->cells));
	}
	for (size_t i = 0; i < nr_sets; i++) {
		struct filling f = { .space = space, .set = i };
		const struct fate_visitor v = { .arg = &f, .run = fill_run };

		TRY(image_fates(c->sets[limits->first_set + i].dir, space->kind, space->id, &v));
	}
	return NULL;
}
