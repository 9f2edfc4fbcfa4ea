/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts the restorer's area together (layout: pie/abi/restorer.h) and jumps into it.  From the jump
 * on there is no C library: its rseq area and its robust list are given back to the kernel before.
 */
#include "flow/restorer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rseq.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/files.h"
#include "mem/mm.h"
#include "mem/restore.h"
#include "pie/abi/restorer.h"
#include "task/born.h"
#include "task/restore_parts.h"
#include "task/rst_build.h"
#include "task/stage.h"

/* The blob: $(O)/pie/blobs.S. */
extern const char blob_restorer_start[], blob_restorer_end[];

static uint64_t pages_up(uint64_t len)
{
	return (len + RST_PAGE - 1) / RST_PAGE * RST_PAGE;
}

static uint64_t code_len(void)
{
	return pages_up(blob_restorer_end - blob_restorer_start);
}

struct err *restorer_syscall_ip(uint64_t area_start, uint64_t *ip_out)
{
	const char *at = memmem(blob_restorer_start, blob_restorer_end - blob_restorer_start,
				"\x0f\x05", 2);

	BUG_ON(!at);
	*ip_out = area_start + (at - blob_restorer_start);
	return NULL;
}

static struct err *coredump_filter_put(const MmEntry *mm)
{
	AUTO_FD fd = -1;
	char text[16];

	if (!mm->has_coredump_filter)
		return NULL;
	TRY(fd_open_at(AT_FDCWD, O_WRONLY, &fd, "/proc/self/coredump_filter"));
	snprintf(text, sizeof(text), "%#x", mm->coredump_filter);
	return fd_write_all(fd, text, strlen(text));
}

struct err *restorer_prepare(struct worker *w, int *exe_fd_out)
{
	AUTO_FD fd = -1;

	TRY(coredump_filter_put(w->task->mm->rec));
	TRY(files_open_by_id(w, w->task->mm->rec->exe_file_id, O_RDONLY, &fd));
	TRY(fd_move_up(&fd, w->fd_floor));
	*exe_fd_out = fd_take(&fd);
	return NULL;
}

/* Stacks: the leader's, then one for each thread, in the order of the array. */
static uint64_t place_stacks(struct rst_build *b, uint64_t start)
{
	struct rst_thread *list = rst_at(b, rst_args(b)->threads_off);
	uint64_t at = start;

	for (uint32_t i = 0; i < rst_args(b)->nr_threads; i++) {
		at += i ? RST_THREAD_STACK : RST_LEADER_STACK;
		list[i].stack_off = at;
	}
	return at;
}

/* Everything of the arguments but their place. */
static struct err *fill_args(struct worker *w, struct rst_build *b, int exe_fd)
{
	const MmEntry *mm = w->task->mm->rec;

	rst_args(b)->abi = RST_ABI;
	rst_args(b)->slot = w->task->index;
	rst_args(b)->mm.exe_fd = exe_fd;
	rst_args(b)->mm.dumpable = mm->has_dumpable ? mm->dumpable : 1;
	rst_args(b)->mm.thp_disabled = -1;
	files_restore_fill(w, b);
	return restore_parts_fill(w, b);
}

static struct err *map_shared(struct worker *w, const struct rst_args *args)
{
	struct stage *s = w->restore->stage;
	/* mremap with an old length of 0 maps shared pages a second time. */
	void *common = mremap(stage_common(s), 0, STAGE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			      args->area_start + args->common_off);
	void *slot = mremap(stage_slot(s, w->task->index), 0, STAGE_PAGE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, args->area_start + args->slot_off);

	if (common == MAP_FAILED || slot == MAP_FAILED)
		return err_sys(errno, "cannot map the shared memory next to the restorer");
	return NULL;
}

/* Maps the area, without the arguments' contents. */
static struct err *map_area(struct worker *w, struct rst_args *args)
{
	void *want, *got;

	TRY(mem_restore_hole(w, args->area_len, &args->area_start));
	want = (void *)(uintptr_t)args->area_start;
	got = mmap(want, args->area_len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (got != want)
		return err_sys(got == MAP_FAILED ? errno : EEXIST, "cannot map the restorer at %p",
			       want);
	memcpy(want, blob_restorer_start, blob_restorer_end - blob_restorer_start);
	if (mprotect(want, code_len(), PROT_READ | PROT_EXEC))
		return err_sys(errno, "cannot make the restorer executable");
	return map_shared(w, args);
}

/* Room for what mem_restore_fill puts, whose length is known only after the area has its place. */
static struct err *build_area(struct worker *w, struct rst_build *b, int exe_fd)
{
	struct rst_args probe;
	uint64_t args_len;

	TRY(fill_args(w, b, exe_fd));
	TRY(mem_restore_fill(w, b));
	args_len = pages_up(b->len);
	probe = *rst_args(b);
	probe.common_off = place_stacks(b, b->args_off + args_len);
	probe.slot_off = probe.common_off + STAGE_PAGE;
	probe.area_len = probe.slot_off + STAGE_PAGE;
	TRY(map_area(w, &probe));
	*rst_args(b) = probe;
	memcpy((void *)(uintptr_t)(probe.area_start + b->args_off), b->buf, b->len);
	return NULL;
}

/* What the kernel would still write to after the C library's memory is gone. */
static struct err *leave_libc(void)
{
#ifdef RSEQ_SIG
	if (__rseq_size) {
		char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
		size_t len = __rseq_size < 32 ? 32 : __rseq_size;

		if (syscall(SYS_rseq, area, len, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
			return err_sys(errno, "cannot unregister the tool's restartable sequences");
	}
#endif
	if (syscall(SYS_set_robust_list, NULL, 24))
		return err_sys(errno, "cannot unregister the tool's robust list");
	return NULL;
}

static bool shares_table(const struct task *a, const struct task *b)
{
	return a && b && a->ids && b->ids && a->ids->files_id == b->ids->files_id;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes what is at or above the floor, the executables of those who share the table excepted. */
static struct err *close_above(const struct worker *w, int *keep, size_t nr_keep)
{
	unsigned int from = w->fd_floor;

	qsort(keep, nr_keep, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < nr_keep; i++) {
		if ((unsigned int)keep[i] > from && syscall(SYS_close_range, from, keep[i] - 1, 0))
			return err_sys(errno, "cannot close the tool's descriptors");
		from = keep[i] + 1;
	}
	if (syscall(SYS_close_range, from, ~0u, 0))
		return err_sys(errno, "cannot close the tool's descriptors");
	return NULL;
}

/*
 * The tool's own descriptors.  In a table that several tasks share they belong to all of them: the
 * first of the tasks closes them, when all are done with them.
 */
static struct err *close_tool(struct worker *w, int exe_fd)
{
	const struct tree *tree = &w->restore->tree;
	struct stage *s = w->restore->stage;
	size_t nr = 0;
	int *keep;

	if (!w->restore->born->shares_tables)
		return close_above(w, &exe_fd, 1);
	stage_slot(s, w->task->index)->exe_fd = exe_fd;
	TRY(stage_meet(w));
	if (shares_table(w->task, w->task->parent))
		return NULL;
	keep = arena_array(w->restore->arena, tree->nr_tasks, sizeof(*keep));
	for (size_t i = 0; i < tree->nr_tasks; i++)
		if (shares_table(tree->tasks[i], w->task))
			keep[nr++] = stage_slot(s, i)->exe_fd;
	return close_above(w, keep, nr);
}

struct err *restorer_enter(struct worker *w, int own_exe_fd)
{
	struct stage_slot *slot = stage_slot(w->restore->stage, w->task->index);
	const struct rst_thread *leader;
	const struct rst_args *args;
	struct rst_build b;
	uint64_t start;

	rst_build_init(&b, code_len());
	TRY(build_area(w, &b, own_exe_fd));
	start = rst_args(&b)->area_start;
	args = (const void *)(uintptr_t)(start + b.args_off);
	leader = (const void *)(uintptr_t)(start + args->threads_off);
	slot->area_start = start;
	slot->area_len = args->area_len;
	TRY(close_tool(w, own_exe_fd));
	TRY(leave_libc());
	__asm__ volatile("movq %0, %%rsp\n"
			 "	jmpq *%2\n"
			 :
			 : "r"(start + leader->stack_off), "D"(args), "r"(start)
			 : "memory");
	__builtin_unreachable();
}
