/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of restored tasks: a set of two tasks is written, then a process makes the parent's memory
 * and a fork of it the child's, as the workers of a restore do.  The restorer's part is not run;
 * the plan for it is checked.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "image/pages.h"
#include "mem/restore_priv.h"
#include "task/rst_build.h"
#include "unit/image_util.h"

#define HOME 0x300000000000ULL
#define PAGE MEM_PAGE

enum { PARENT = 10, CHILD = 11, ABSENT = 0 };

struct area {
	uint64_t page, nr; /* in pages from HOME */
	int prot;
};

/* What a page is filled with; ABSENT pages are not in the image. */
typedef int value_fn(uint64_t page);

static int parent_value(uint64_t page)
{
	if (page < 10 || page == 20 || (page >= 100 && page < 612))
		return 1 + page % 200;
	return ABSENT;
}

static int child_value(uint64_t page)
{
	if (page >= 6 && page < 10)
		return ABSENT;
	if (page == 5 || page == 11 || page == 300)
		return 201;
	return page >= 400 ? ABSENT : parent_value(page);
}

static const struct area parent_areas[] = {
	{ 0, 16, PROT_READ | PROT_WRITE },
	{ 20, 4, PROT_READ },
	{ 30, 8, PROT_NONE },
	{ 100, 512, PROT_READ | PROT_WRITE },
};

static const struct area child_areas[] = {
	{ 0, 16, PROT_READ | PROT_WRITE },
	{ 20, 4, PROT_NONE },
	{ 100, 300, PROT_READ | PROT_EXEC },
	{ 500, 8, PROT_READ | PROT_WRITE },
};

/* --- writing the set --- */

static void write_mm(struct image_dir *dir, uint64_t pid, const struct area *areas, size_t nr)
{
	VmaEntry vmas[8], *list[8];
	MmEntry mm = MM_ENTRY__INIT;

	for (size_t i = 0; i < nr; i++) {
		vmas[i] = (VmaEntry)VMA_ENTRY__INIT;
		vmas[i].start = HOME + areas[i].page * PAGE;
		vmas[i].end = vmas[i].start + areas[i].nr * PAGE;
		vmas[i].prot = (uint32_t)areas[i].prot;
		vmas[i].flags = MAP_PRIVATE | MAP_ANONYMOUS;
		vmas[i].status = VMA_AREA_REGULAR | VMA_ANON_PRIVATE;
		vmas[i].fd = -1;
		list[i] = &vmas[i];
	}
	mm.vmas = list;
	mm.n_vmas = nr;
	CHECK_OK(image_write(dir, IMAGE_MM, pid, &mm.base));
}

static void write_pages(struct image_dir *dir, uint64_t pid, value_fn *value)
{
	static char buf[PAGE];
	struct page_sink *s;

	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, pid, &s));
	for (uint64_t page = 0; page < 1000; page++) {
		uint64_t offset;

		if (value(page) == ABSENT)
			continue;
		memset(buf, value(page), PAGE);
		CHECK_OK(page_sink_run(s, HOME + page * PAGE, 1, PAGE_PRESENT, &offset));
		CHECK_OK(page_sink_data(s, offset, 1, buf));
	}
	CHECK_OK(page_sink_finish(s));
}

static void write_set(const char *path)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir;

	CHECK_OK(image_dir_create(path, NULL, &dir));
	write_mm(dir, PARENT, parent_areas, ARRAY_SIZE(parent_areas));
	write_mm(dir, CHILD, child_areas, ARRAY_SIZE(child_areas));
	write_pages(dir, PARENT, parent_value);
	write_pages(dir, CHILD, child_value);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

/* --- reading it --- */

static const FileEntry *no_file(const struct restore *r, uint32_t id)
{
	(void)r;
	(void)id;
	return NULL;
}

static int no_floor(const struct restore *r)
{
	(void)r;
	return 3;
}

static void open_set(const char *path, struct restore *r)
{
	static const struct mem_hooks hooks = { .find_file = no_file, .fd_floor = no_floor };
	struct task *parent, *child;

	*r = (struct restore){ .arena = arena_new() };
	CHECK_OK(image_dir_open(path, &r->images));
	parent = tree_add(&r->tree, r->arena, NULL);
	parent->ns_pid = PARENT;
	parent->state = TASK_ALIVE;
	child = tree_add(&r->tree, r->arena, parent);
	child->ns_pid = CHILD;
	child->state = TASK_ALIVE;
	CHECK_OK(mem_restore_new(r, &hooks));
}

static void close_set(struct restore *r)
{
	mem_restore_drop(r);
	image_dir_close(r->images);
	arena_free(r->arena);
}

/* --- looking at memory --- */

static const char *find_page(const struct mem_layout *l, uint64_t page)
{
	uint64_t addr = HOME + page * PAGE;

	for (size_t i = 0; i < l->nr_pieces; i++)
		if (addr >= l->pieces[i].start && addr < l->pieces[i].end)
			return (const char *)(uintptr_t)(l->pieces[i].at +
							 (addr - l->pieces[i].start));
	CHECK(!"the page is in a piece");
	return NULL;
}

static void check_memory(const struct mem_layout *l, const struct area *areas, size_t nr,
			 value_fn *value)
{
	for (size_t i = 0; i < nr; i++) {
		if (areas[i].prot == PROT_NONE && value(areas[i].page) == ABSENT)
			continue;
		for (uint64_t k = 0; k < areas[i].nr; k++) {
			const char *p = find_page(l, areas[i].page + k);

			CHECK((uint8_t)p[0] == value(areas[i].page + k));
			CHECK(!memcmp(p, p + 1, PAGE - 1));
		}
	}
}

/* Nothing that is kept is unmapped, and what is parked is moved home. */
static void check_plan(struct worker *w)
{
	const struct mem_layout *l = w->task->mm->layout;
	const struct rst_mem_op *op;
	struct rst_build b;
	size_t nr_moves = 0, nr_parked = 0;

	rst_build_init(&b, PAGE);
	CHECK_OK(mem_restore_fill(w, &b));
	op = rst_at(&b, rst_args(&b)->mem.ops_off);
	for (size_t i = 0; i < l->nr_pieces; i++)
		nr_parked += l->pieces[i].at != l->pieces[i].start;
	for (uint64_t k = 0; k < rst_args(&b)->mem.nr_ops; k++, op++) {
		nr_moves += op->kind == RST_MEM_MOVE;
		for (size_t i = 0; op->kind == RST_MEM_UNMAP && i < l->nr_pieces; i++) {
			const struct piece *p = &l->pieces[i];

			CHECK(op->addr >= p->at + (p->end - p->start) ||
			      op->addr + op->len <= p->at);
		}
	}
	CHECK(nr_moves == nr_parked);
	rst_build_fini(&b);
}

/* Runs @run in a fork; its CHECKs end that process. */
static void in_fork(struct worker *w, void (*run)(struct worker *w))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		run(w);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
}

static void run_child(struct worker *w)
{
	struct mem_counters c;

	CHECK_OK(mem_restore_worker(w));
	check_memory(w->task->mm->layout, child_areas, ARRAY_SIZE(child_areas), child_value);
	check_plan(w);
	c = mem_restore_counters(w);
	/* 7 pages of the first area, one of the second, 300 of the large one; 3 differ. */
	CHECK(c.pages_compared == 308);
	CHECK(c.pages_skipped_cow == 305);
	CHECK(c.pages_restored == 3);
	/* What the child does not have is free again. */
	CHECK(msync((void *)(HOME + 30 * PAGE), PAGE, MS_ASYNC) && errno == ENOMEM);
}

static void run_parent(struct worker *w)
{
	struct worker child = { .restore = w->restore, .task = w->task->first_child };

	CHECK_OK(mem_restore_worker(w));
	check_memory(w->task->mm->layout, parent_areas, ARRAY_SIZE(parent_areas), parent_value);
	in_fork(&child, run_child);
	/* A fork changes nothing of ours. */
	check_memory(w->task->mm->layout, parent_areas, ARRAY_SIZE(parent_areas), parent_value);
	check_plan(w);
}

static void restore_set(const char *path)
{
	struct restore r;
	struct worker w = { .restore = &r };

	open_set(path, &r);
	CHECK_OK(mem_restore_read(&r));
	CHECK_OK(mem_restore_link(&r));
	w.task = r.tree.root;
	in_fork(&w, run_parent);
	close_set(&r);
}

/* --- tests --- */

static char path[64];

static void at_home(void)
{
	write_set(path);
	restore_set(path);
}

static void parked(void)
{
	/* One page in the first area, one in the large one. */
	void *a = mmap((void *)(HOME + PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *b = mmap((void *)(HOME + 300 * PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	CHECK(a == (void *)(HOME + PAGE) && b == (void *)(HOME + 300 * PAGE));
	restore_set(path);
	munmap(a, PAGE);
	munmap(b, PAGE);
}

static void run_damaged(struct worker *w)
{
	CHECK_ERR(mem_restore_worker(w), ERR_IMAGE);
}

static void damaged_pages_are_found(void)
{
	struct restore r;
	struct worker w = { .restore = &r };
	size_t len;
	char *bytes = file_get(path, "pages-1.img", &len);

	/* In a page of the small area, then in one of the large area. */
	for (size_t at = PAGE + 7; at < len; at += 300 * PAGE) {
		bytes[at] ^= 1;
		file_put(path, "pages-1.img", bytes, len);
		open_set(path, &r);
		CHECK_OK(mem_restore_read(&r));
		CHECK_OK(mem_restore_link(&r));
		w.task = r.tree.root;
		in_fork(&w, run_damaged);
		close_set(&r);
		bytes[at] ^= 1;
	}
	free(bytes);
}

static void refuse(const struct area *areas, size_t nr)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir;
	struct restore r;

	scratch_clear(path);
	CHECK_OK(image_dir_create(path, NULL, &dir));
	write_mm(dir, PARENT, areas, nr);
	write_mm(dir, CHILD, child_areas, ARRAY_SIZE(child_areas));
	write_pages(dir, PARENT, parent_value);
	write_pages(dir, CHILD, child_value);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	open_set(path, &r);
	CHECK_ERR(mem_restore_read(&r), ERR_IMAGE);
	close_set(&r);
}

static void impossible_areas_are_refused(void)
{
	static const struct area overlap[] = { { 0, 700, PROT_READ }, { 600, 100, PROT_READ } };
	static const struct area descend[] = { { 600, 100, PROT_READ }, { 0, 600, PROT_READ } };
	static const struct area empty[] = { { 0, 0, PROT_READ }, { 1, 700, PROT_READ } };
	static const struct area wide[] = { { 0, 1ULL << 36, PROT_READ } };
	static const struct area too_few[] = { { 0, 611, PROT_READ } };
	static const struct area hole[] = { { 0, 200, PROT_READ }, { 201, 499, PROT_READ } };
	static const struct area prot[] = { { 0, 700, 0x100 } };

	refuse(overlap, 2);
	refuse(descend, 2);
	refuse(empty, 2);
	refuse(wide, 1);
	refuse(too_few, 1);
	refuse(hole, 2);
	refuse(prot, 1);
}

int main(void)
{
	scratch_make(path);
	UNIT_RUN(at_home);
	UNIT_RUN(parked);
	UNIT_RUN(damaged_pages_are_found);
	UNIT_RUN(impossible_areas_are_refused);
	scratch_remove(path);
	return 0;
}
