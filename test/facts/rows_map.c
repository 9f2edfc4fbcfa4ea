/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows b: new mappings at old places, and merges. */
#include "tracking.h"

static void remap(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(munmap(p, b->len));
	map_at(b, p, b->len);
	fill_step(p, b->len, 3, 2);
}

static void remap_read(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(munmap(p, b->len));
	map_at(b, p, b->len);
	touch(p, b->len);
}

/* Three thirds of one mapping, marked.  The middle is then unmapped. */
static char *thirds(struct bed *b, int prot)
{
	char *p = map_at(b, place(b), 3 * b->len);

	fill(p, 3 * b->len, 1);
	SUBJECT_SYS(mprotect(p, 3 * b->len, prot));
	watch(b, p, 3 * b->len);
	mark(b);
	SUBJECT_SYS(munmap(p + b->len, b->len));
	return p;
}

static void merge_by_mmap(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE);

	map_at(b, p + b->len, b->len);
	fill_step(p + b->len, b->len, 3, 2);
}

static void merge_by_mprotect(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE), *new = p + b->len;

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch(new, b->len);
	SUBJECT_SYS(mprotect(new, b->len, PROT_READ | PROT_WRITE));
	fill_step(new, b->len, 3, 2);
}

static void merge_written(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;

	map_at(b, new, b->len);
	fill(new, b->len, 3);
	SUBJECT_SYS(mprotect(new, b->len, PROT_READ));
}

/* As a debugger writes: also where the mapping is read-only. */
void write_by_mem(char *at, size_t len, uint64_t kind, size_t step)
{
	int fd = SUBJECT_SYS(open("/proc/self/mem", O_RDWR | O_CLOEXEC));

	for (size_t i = 0; i < len; i += step * PAGE) {
		uint64_t tag = kind << 56 | (uintptr_t)(at + i);

		if (pwrite(fd, &tag, 8, (off_t)(uintptr_t)(at + i)) != 8)
			subject_die("cannot write through mem: %m");
	}
	close(fd);
}

static void merge_forced(struct bed *b, int advice, int undo)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (advice)
		SUBJECT_SYS(madvise(new, b->len, advice));
	write_by_mem(new, b->len, 3, 1);
	if (undo)
		SUBJECT_SYS(madvise(new, b->len, undo));
}

static void forced_mmap(struct bed *b)
{
	merge_forced(b, 0, 0);
}

static void forced_madvise(struct bed *b)
{
	merge_forced(b, MADV_DONTFORK, MADV_DOFORK);
}

static void forced_mlock(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;

	new = mmap(new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1,
		   0);
	if (new == MAP_FAILED)
		skip("mmap of locked memory: %m");
	write_by_mem(new, b->len, 3, 1);
	SUBJECT_SYS(munlock(new, b->len));
}

static void forced_mprotect(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE), *new = p + b->len;

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	write_by_mem(new, b->len, 3, 1);
	SUBJECT_SYS(mprotect(new, b->len, PROT_READ | PROT_WRITE));
}

/* New memory becomes a neighbour's by being moved next to it. */
static void forced_move(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = map_at(b, place(b), b->len);

	SUBJECT_SYS(mprotect(new, b->len, PROT_READ));
	write_by_mem(new, b->len, 3, 1);
	move(new, p + b->len, b->len, 0);
}

static char *marked_readonly(struct bed *b)
{
	char *p = filled(b, 1);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ));
	watch(b, p, b->len);
	mark(b);
	return p;
}

static void forced_old(struct bed *b)
{
	char *p = marked_readonly(b);

	write_by_mem(p, b->len, 3, 2);
}

static void forced_absent(struct bed *b)
{
	char *p = marked_readonly(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	write_by_mem(p, b->len, 3, 2);
}

static void forced_zero(struct bed *b)
{
	char *p = marked_readonly(b);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	touch(p, b->len);
	write_by_mem(p, b->len, 3, 2);
}

static void split_merge(struct bed *b)
{
	char *p = map_at(b, place(b), 3 * b->len);

	fill(p, 3 * b->len, 1);
	watch(b, p, 3 * b->len);
	mark(b);
	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ));
	fill_step(p, b->len, 3, 2);
	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ | PROT_WRITE));
	fill_step(p + 2 * b->len, b->len, 3, 2);
}

/* Old memory without access, taken into use after the mark. */
static void open_reservation(struct bed *b)
{
	char *p = map_as(b, place(b), 2 * b->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ | PROT_WRITE));
	fill(p, b->len, 1);
	watch(b, p, 2 * b->len);
	mark(b);
	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ | PROT_WRITE));
	fill_step(p + b->len, b->len, 3, 2);
}

static void heap(struct bed *b)
{
	char *start = (char *)(((uintptr_t)sbrk(0) + TABLE - 1) / TABLE * TABLE + TABLE);

	SUBJECT_SYS(brk(start + b->len));
	if (b->shape->is_huge)
		SUBJECT_SYS(madvise(start, b->len, MADV_HUGEPAGE));
	fill(start, b->len, 1);
	watch(b, start, b->len);
	mark(b);
	SUBJECT_SYS(brk(start + b->len / 2));
	SUBJECT_SYS(brk(start + b->len));
	fill_step(start + b->len / 2, b->len / 2, 3, 2);
}

static void heap_read(struct bed *b)
{
	heap(b);
	SUBJECT_SYS(brk(b->windows[0].start));
	SUBJECT_SYS(brk(b->windows[0].start + b->len));
	touch(b->windows[0].start, b->len);
}

static void stack(struct bed *b)
{
	char *top = place(b) + 2 * b->len;

	map_as(b, top - PAGE, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);
	map_at(b, top - b->len, b->len - PAGE);
	fill(top - b->len, b->len, 1);
	watch(b, top - b->len, b->len);
	mark(b);
	SUBJECT_SYS(munmap(top - b->len, b->len - PAGE));
	for (char *p = top - PAGE; p >= top - b->len; p -= PAGE)
		if ((uintptr_t)p / PAGE % 2)
			*(volatile uint64_t *)p = (uintptr_t)p;
		else
			(void)*(volatile char *)p;
}

/* Two clean mappings and a new one between them become one. */
static void merge_by_advice(struct bed *b)
{
	char *p = thirds(b, PROT_READ | PROT_WRITE), *new = p + b->len;

	map_at(b, new, b->len);
	SUBJECT_SYS(madvise(new, b->len, MADV_DONTFORK));
	fill_step(new, b->len, 3, 2);
	SUBJECT_SYS(madvise(new, b->len, MADV_DOFORK));
}

/* Pages that the program's userfaultfd puts into a new mapping, which then merges with an old one. */
static void merge_uffd_copy(struct bed *b)
{
	char *p = thirds(b, PROT_READ), *new = p + b->len;
	int own = uffd_open(0);
	struct uffdio_copy arg = { .dst = (uintptr_t) new, .src = (uintptr_t)p, .len = b->len };

	map_as(b, new, b->len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (uffd_register(own, new, b->len, UFFDIO_REGISTER_MODE_MISSING))
		skip("register: %m");
	if (ioctl(own, UFFDIO_COPY, &arg) < 0)
		note(b, " [copy: %s]", strerrorname_np(errno));
	close(own);
	SUBJECT_SYS(madvise(new, b->len, MADV_DONTFORK));
	SUBJECT_SYS(madvise(new, b->len, MADV_DOFORK));
}

const struct row rows_b[] = {
	{ "b/remap-write", remap, FLAT | THP, 0 },
	{ "b/remap-read", remap_read, FLAT | THP, 0 },
	{ "b/merge-mmap", merge_by_mmap, FLAT | THP, 0 },
	{ "b/merge-mprotect", merge_by_mprotect, FLAT | THP, 0 },
	{ "b/merge-madvise", merge_by_advice, FLAT | THP, 0 },
	{ "b/merge-written", merge_written, FLAT | THP, 0 },
	{ "b/forced-mmap", forced_mmap, FLAT | THP, 0 },
	{ "b/forced-madvise", forced_madvise, FLAT | THP, 0 },
	{ "b/forced-mlock", forced_mlock, FLAT, 0 },
	{ "b/forced-mprotect", forced_mprotect, FLAT | THP, 0 },
	{ "b/forced-move", forced_move, FLAT | THP, 0 },
	{ "b/forced-old", forced_old, FLAT | THP, 0 },
	{ "b/forced-absent", forced_absent, FLAT | THP, 0 },
	{ "b/forced-zero", forced_zero, FLAT | THP, 0 },
	{ "b/uffd-copy-merge", merge_uffd_copy, FLAT, 0 },
	{ "b/split-merge", split_merge, FLAT | THP, 0 },
	{ "b/reservation", open_reservation, FLAT | THP, 0 },
	{ "b/brk", heap, FLAT | THP, 0 },
	{ "b/brk-read", heap_read, FLAT | THP, 0 },
	{ "b/stack", stack, FLAT, 0 },
	{ 0 },
};
