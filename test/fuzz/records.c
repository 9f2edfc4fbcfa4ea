// SPDX-License-Identifier: GPL-2.0-only
/*
 * A set of images (set.h) as a restore reads it, up to the point where it would make something: tree, memory,
 * descriptors, who forks whom, and the arguments of the restorer.  verify, show and chain look at the same set.
 * First byte: options.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/options.h"
#include "base/stats.h"
#include "files/files.h"
#include "files/restore_priv.h"
#include "flow/commands.h"
#include "image/dir.h"
#include "kernel/features.h"
#include "mem/restore_priv.h"
#include "fuzz/lib/set.h"
#include "task/born.h"
#include "task/restore_parts.h"
#include "task/restore_read.h"
#include "task/stage.h"

enum { HEAD = 1, OPT_SHELL_JOB = 1, OPT_JSON = 2, OPT_BUILD_ID = 4, OPT_SKIP_MODE = 8 };

static struct kernel_features kernel;
static struct options opts;

/* --- the restore --- */

static struct err *read_all(struct restore *r)
{
	const struct mem_hooks hooks = { .open_file = files_open_by_id,
					 .find_file = files_find,
					 .fd_floor = files_fd_floor };

	TRY(image_dir_open(r->opts->images_dir, &r->images));
	TRY(task_restore_read(r));
	TRY(mem_restore_new(r, &hooks));
	TRY(mem_restore_read(r));
	TRY(files_read(r));
	TRY(mem_restore_link(r));
	return born_plan_make(r);
}

/* Every task is made once, by somebody who is made before. */
static void check_plan(const struct born_plan *plan)
{
	size_t nr = 0;

	MUST(plan->first && !plan->first->creator);
	for (size_t i = 0; i < plan->nr; i++) {
		const struct born *b = plan->list[i];

		MUST(b->pid > 0 && b->slot == i && b->nr_early <= b->nr_made);
		MUST(b->creator || b == plan->first);
		nr += b->nr_made;
		for (size_t k = 0; k < b->nr_made; k++)
			MUST(b->made[k]->creator == b);
	}
	MUST(nr + 1 == plan->nr);
}

/* Where the plan moves and unmaps is what a user's address can be. */
static void check_args(const struct rst_build *b)
{
	const struct rst_args *args = rst_args(b);
	const struct rst_mem_op *ops = rst_at(b, args->mem.ops_off);

	for (uint64_t i = 0; i < args->mem.nr_ops; i++) {
		MUST(ops[i].addr <= MEM_TASK_END && ops[i].len <= MEM_TASK_END);
		MUST(ops[i].kind != RST_MEM_MOVE || ops[i].to + ops[i].len <= MEM_TASK_END);
	}
}

/* What the worker of a task puts together for the restorer, without any memory mapped. */
static struct err *fill_args(struct restore *r, struct task *t, struct rst_build *b)
{
	struct worker w = { .restore = r, .task = t, .fd_floor = files_fd_floor(r) };
	struct mem_layout *l = t->mm->layout;

	TRY(inherit_areas(&w));
	TRY(split_large(&w));
	l->lot_parked = l->lot_next;
	for (size_t i = 0; i < l->nr_pieces; i++)
		l->pieces[i].at = l->pieces[i].start;
	if (l->vdso == VDSO_REDIRECT)
		TRY(lot_take(r->mem, l, r->mem->vdso.end - r->mem->vdso.start, MEM_PAGE,
			     &l->vdso_home));
	TRY(mem_restore_fill(&w, b));
	return restore_parts_fill(&w, b);
}

static void fill_all(struct restore *r)
{
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		struct rst_build b;
		struct err *e;

		if (!r->tree.tasks[i]->mm)
			continue;
		rst_build_init(&b, 4096);
		e = fill_args(r, r->tree.tasks[i], &b);
		if (!e)
			check_args(&b);
		fuzz_drop(e);
		rst_build_fini(&b);
	}
}

/* What ends with the process in the tool. */
static void restore_free(struct restore *r)
{
	struct restore_files *rf = r->files ? r->files->restore : NULL;

	if (rf && rf->lent && rf->lent != MAP_FAILED)
		munmap(rf->lent, (r->files->nr + 1) * sizeof(*rf->lent));
	if (rf && rf->errors)
		fuzz_drop(rf->errors);
	if (r->files)
		files_restore_undo(r);
	mem_restore_drop(r);
	image_dir_close(r->images);
	arena_free(r->arena);
}

static void try_restore(void)
{
	struct restore_stats stats = { 0 };
	struct restore r = {
		.arena = arena_new(), .opts = &opts, .kernel = &kernel, .stats = &stats
	};
	struct err *e = read_all(&r);

	if (!e) {
		check_plan(r.born);
		mem_restore_nr_pages(&r);
		fill_all(&r);
	}
	fuzz_drop(e);
	restore_free(&r);
}

/* --- the fuzzer --- */

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	fuzz_quiet();
	return 0;
}

static void set_make(struct input in, int dir)
{
	struct set_file file;

	for (int nr = 0; nr < SET_MAX_FILES && set_next(&in, &file); nr++)
		set_put(dir, &file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint8_t how = (uint8_t)input_int(&in, 1);
	AUTO_FD dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(dir >= 0);
	opts = (struct options){ .images_dir = fuzz_dir(),
				 .shell_job = how & OPT_SHELL_JOB,
				 .json = how & OPT_JSON,
				 .file_validation_build_id = how & OPT_BUILD_ID,
				 .skip_file_rwx_check = how & OPT_SKIP_MODE };
	set_make(in, dir);
	fuzz_drop(verify_run(&opts));
	fuzz_drop(show_run(&opts));
	fuzz_drop(chain_run(&opts));
	try_restore();
	fuzz_clear(dir);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return set_mutate(data, size, max_size, HEAD, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned int seed)
{
	return set_cross(a, a_size, b, b_size, out, max_size, HEAD, seed);
}
