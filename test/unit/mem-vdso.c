// SPDX-License-Identifier: GPL-2.0-only
/* Which vDSOs of an image are taken for the running one, and so replaced by it: those that are, byte by byte. */
#include <stdbool.h>
#include <sys/mman.h>

#include "image/pages.h"
#include "mem/restore_priv.h"
#include "unit/image_util.h"

#define HOME 0x300000000000ULL
#define PAGE MEM_PAGE

enum { PID = 10 };

static char path[64];
static struct running_vdso running; /* with its own copy of the bytes */

/* --- a set of one task --- */

static int no_floor(const struct restore *r)
{
	(void)r;
	return 3;
}

static void open_set(struct restore *r)
{
	static const struct mem_hooks hooks = { .fd_floor = no_floor };
	struct task *t;

	*r = (struct restore){ .arena = arena_new() };
	CHECK_OK(image_dir_open(path, &r->images));
	t = tree_add(&r->tree, r->arena, NULL);
	t->ns_pid = PID;
	t->state = TASK_ALIVE;
	CHECK_OK(mem_restore_new(r, &hooks));
}

static void close_set(struct restore *r)
{
	mem_restore_drop(r);
	image_dir_close(r->images);
	arena_free(r->arena);
}

static void put_vma(VmaEntry *v, uint64_t start, uint64_t end, uint32_t kind)
{
	*v = (VmaEntry)VMA_ENTRY__INIT;
	v->start = start;
	v->end = end;
	v->prot = PROT_READ | PROT_EXEC;
	v->flags = MAP_PRIVATE | MAP_ANONYMOUS;
	v->status = VMA_AREA_REGULAR | VMA_ANON_PRIVATE | kind;
	v->fd = -1;
}

/* A task with @data_len bytes of data areas in front of this code; none at all if @code is NULL. */
static void write_set(const uint8_t *code, size_t code_len, uint64_t data_len)
{
	InventoryEntry inv = plain_inventory();
	VmaEntry vmas[2], *list[2] = { &vmas[0], &vmas[1] };
	MmEntry mm = MM_ENTRY__INIT;
	struct image_dir *dir;
	struct page_sink *s;
	uint64_t at;

	put_vma(&vmas[0], HOME, HOME + data_len, VMA_AREA_VVAR);
	put_vma(&vmas[1], HOME + data_len, HOME + data_len + code_len, VMA_AREA_VDSO);
	mm.vmas = list;
	mm.n_vmas = code ? 2 : 0;
	scratch_clear(path);
	CHECK_OK(image_dir_create(path, NULL, &dir));
	CHECK_OK(image_write(dir, IMAGE_MM, PID, &mm.base));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &s));
	if (code) {
		CHECK_OK(page_sink_run(s, vmas[1].start, code_len / PAGE, PAGE_PRESENT, &at));
		CHECK_OK(page_sink_data(s, at, code_len / PAGE, code));
	}
	CHECK_OK(page_sink_finish(s));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static enum vdso_plan plan_of(const uint8_t *code, size_t code_len, uint64_t data_len)
{
	enum vdso_plan plan;
	struct restore r;

	write_set(code, code_len, data_len);
	open_set(&r);
	CHECK_OK(mem_restore_read(&r));
	CHECK_OK(mem_restore_link(&r));
	plan = r.tree.root->mm->layout->vdso;
	CHECK(plan != VDSO_MOVE || r.tree.root->mm->layout->vdso_home == HOME);
	close_set(&r);
	return plan;
}

/* --- the tests --- */

static void look_at_the_running_one(void)
{
	struct restore r;

	write_set(NULL, 0, PAGE);
	open_set(&r);
	CHECK_OK(mem_restore_read(&r));
	CHECK_OK(mem_restore_link(&r));
	running = r.mem->vdso;
	close_set(&r);
	if (!running.nr_parts)
		unit_skip("this kernel has no vDSO");
}

static uint64_t data_len(void)
{
	return running.parts[running.nr_parts - 1].start - running.start;
}

static void the_same_is_moved(void)
{
	CHECK(plan_of(running.image.bytes, running.image.len, data_len()) == VDSO_MOVE);
}

static void another_build_is_not(void)
{
	size_t len = running.image.len;
	uint8_t *code = malloc(len);
	const size_t places[] = { running.image.syms[0].offset, len / 2, len - 1 };

	CHECK(code);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		memcpy(code, running.image.bytes, len);
		code[places[i]] ^= 1;
		CHECK(plan_of(code, len, data_len()) == VDSO_REDIRECT);
	}
	free(code);
}

static void another_layout_is_not(void)
{
	size_t len = running.image.len;
	uint8_t *longer = calloc(1, len + PAGE);

	CHECK(longer);
	memcpy(longer, running.image.bytes, len);
	CHECK(plan_of(longer, len + PAGE, data_len()) == VDSO_REDIRECT);
	CHECK(plan_of(longer, len, data_len() + PAGE) == VDSO_REDIRECT);
	free(longer);
}

static void none_needs_none(void)
{
	CHECK(plan_of(NULL, 0, PAGE) == VDSO_DROP);
}

int main(void)
{
	scratch_make(path);
	UNIT_RUN(look_at_the_running_one);
	UNIT_RUN(the_same_is_moved);
	UNIT_RUN(another_build_is_not);
	UNIT_RUN(another_layout_is_not);
	UNIT_RUN(none_needs_none);
	scratch_remove(path);
	return 0;
}
