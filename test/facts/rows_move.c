/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows a: moves. */
#include "tracking.h"

void move(char *from, char *to, size_t len, int more)
{
	void *p = mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED | more, to);

	if (p == MAP_FAILED)
		skip("mremap: %m");
}

/* Two filled places that are watched, marked. */
void two(struct bed *b, char **dst, char **src)
{
	*dst = filled(b, 1);
	*src = filled(b, 2);
	watch(b, *dst, b->len);
	watch(b, *src, b->len);
	mark(b);
}

static void move_hole(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	SUBJECT_SYS(munmap(dst, b->len));
	move(src, dst, b->len, 0);
}

static void move_over(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
}

static void move_dontunmap(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, MREMAP_DONTUNMAP);
}

static void move_dontunmap_read(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, MREMAP_DONTUNMAP);
	touch(src, b->len);
}

static void move_write_half(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	fill_step(dst, b->len, 3, 2);
}

static void move_read(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	touch(dst, b->len);
}

static void move_back(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	move(dst, src, b->len, 0);
}

static void move_exchange(struct bed *b)
{
	char *x, *y, *spare = place(b);

	two(b, &x, &y);
	move(x, spare, b->len, 0);
	move(y, x, b->len, 0);
	move(spare, y, b->len, 0);
}

/* The kernel chooses the place: the hole that a mapping of the same size left. */
static void move_anywhere(struct bed *b)
{
	char *dst = mmap(NULL, b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *src = map_at(b, place(b), 2 * b->len), *p;

	SUBJECT_SYS(munmap(src + b->len / 2, b->len / 2));
	map_as(b, src + b->len / 2, b->len / 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fill(dst, b->len, 1);
	fill(src, b->len / 2, 2);
	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	SUBJECT_SYS(munmap(dst, b->len));
	p = mremap(src, b->len / 2, b->len, MREMAP_MAYMOVE);
	note(b, p == dst ? " moved into the hole" : " moved elsewhere");
}

/* The middle third, so that source and destination are split. */
static void move_middle(struct bed *b)
{
	char *dst = map_at(b, place(b), 3 * b->len), *src = map_at(b, place(b), 3 * b->len);

	fill(dst, 3 * b->len, 1);
	fill(src, 3 * b->len, 2);
	watch(b, dst, 3 * b->len);
	watch(b, src, 3 * b->len);
	mark(b);
	move(src + b->len, dst + b->len, b->len, 0);
}

static void move_grow(struct bed *b)
{
	char *dst = map_at(b, place(b), 2 * b->len), *src = filled(b, 2);

	fill(dst, 2 * b->len, 1);
	watch(b, dst, 2 * b->len);
	watch(b, src, b->len);
	mark(b);
	if (mremap(src, b->len, 2 * b->len, MREMAP_MAYMOVE | MREMAP_FIXED, dst) == MAP_FAILED)
		skip("mremap: %m");
	touch(dst + b->len, b->len);
}

static void shrink_grow(struct bed *b)
{
	char *p = filled(b, 1);

	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS((long)mremap(p, b->len, b->len / 2, 0));
	if (mremap(p, b->len / 2, b->len, 0) == MAP_FAILED)
		skip("mremap: %m");
}

static void shrink_grow_read(struct bed *b)
{
	shrink_grow(b);
	touch(b->windows[0].start, b->len);
}

static void shrink_grow_write(struct bed *b)
{
	shrink_grow(b);
	fill_step(b->windows[0].start + b->len / 2, b->len / 2, 3, 2);
}

/* Grows into a place where something else was. */
static void grow_over(struct bed *b)
{
	char *p = map_at(b, place(b), 2 * b->len);

	SUBJECT_SYS(mprotect(p + b->len, b->len, PROT_READ | PROT_WRITE | PROT_EXEC));
	fill(p, 2 * b->len, 1);
	watch(b, p, 2 * b->len);
	mark(b);
	SUBJECT_SYS(munmap(p + b->len, b->len));
	if (mremap(p, b->len, 2 * b->len, 0) == MAP_FAILED)
		skip("mremap: %m");
	fill_step(p + b->len, b->len, 3, 2);
}

/* A whole page directory at once: one page in each of its 512 tables. */
static void move_directory(struct bed *b)
{
	size_t len = DIRECTORY_PAGES * PAGE;
	char *dst = map_as(b, place(b), len, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	char *src = map_as(b, place(b), len, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	fill_step(dst, len, 1, 512);
	fill_step(src, len, 2, 512);
	watch(b, dst, len);
	watch(b, src, len);
	mark(b);
	move(src, dst, len, 0);
}

/* The tool that registers before it asks. */
static void move_register(struct bed *b)
{
	char *dst, *src;

	if (b->tracker != UFFD_WP)
		skip("only for userfaultfd");
	two(b, &dst, &src);
	move(src, dst, b->len, 0);
	register_window(b, &b->windows[0]);
}

static void move_readonly(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	SUBJECT_SYS(mprotect(src, b->len, PROT_READ));
	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
	SUBJECT_SYS(mprotect(dst, b->len, PROT_READ | PROT_WRITE));
}

/* Source untracked as it were: written since the mark, then moved over a clean place. */
static void move_written(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	fill(src, b->len, 3);
	move(src, dst, b->len, 0);
}

static void move_new(struct bed *b)
{
	char *dst = filled(b, 1), *src;

	watch(b, dst, b->len);
	mark(b);
	src = filled(b, 2);
	move(src, dst, b->len, 0);
}

int temporary_file(const char *name, size_t len)
{
	const char *dir = getenv("TMPDIR");
	char path[256], block[PAGE];
	int fd;

	snprintf(path, sizeof(path), "%s/tracking-%s-%d", dir ? dir : "/var/tmp", name, getpid());
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	SUBJECT_SYS(unlink(path));
	memset(block, 'f', sizeof(block));
	for (size_t i = 0; i < len; i += PAGE)
		if (write(fd, block, PAGE) != (ssize_t)PAGE)
			subject_die("cannot write a file: %m");
	return fd;
}

char *file_private(struct bed *b, uint64_t kind, int *fd_out)
{
	int fd = temporary_file("file", b->len);
	char *p = map_as(b, place(b), b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	fill(p, b->len, kind);
	if (fd_out)
		*fd_out = fd;
	return p;
}

static void move_file(struct bed *b)
{
	char *dst = filled(b, 1), *src = file_private(b, 2, NULL);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
}

void page_out(struct bed *b, char *at, size_t len)
{
	size_t nr = 0;

	SUBJECT_SYS(madvise(at, len, MADV_PAGEOUT));
	for (size_t i = 0; i < len; i += PAGE)
		nr += (word_of(b->pagemap, at + i) & WORD_SWAPPED) != 0;
	note(b, " swapped out %zu", nr);
}

/* Swapped out when they are moved. */
static void move_swapped(struct bed *b)
{
	char *dst, *src;

	two(b, &dst, &src);
	page_out(b, src, b->len);
	move(src, dst, b->len, 0);
}

static void move_swapped_before(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	remember(b);
	page_out(b, dst, b->len);
	page_out(b, src, b->len);
	mark(b);
	move(src, dst, b->len, 0);
}

/* A clean page that comes from swap may be given the frame that the page before it had at this address. */
static void move_frame(struct bed *b)
{
	char *dst = filled(b, 1), *src = filled(b, 2);

	watch(b, dst, b->len);
	watch(b, src, b->len);
	remember(b);
	page_out(b, src, b->len);
	mark(b);
	write_text("/proc/sys/vm/page-cluster", "0"); /* no read ahead */
	for (size_t i = 0; i < b->len; i += PAGE) {
		SUBJECT_SYS(madvise(dst + i, PAGE, MADV_DONTNEED));
		touch(src + i, PAGE);
	}
	write_text("/proc/sys/vm/page-cluster", "3");
	move(src, dst, b->len, 0);
}

static void move_after_fork(struct bed *b)
{
	char *dst, *src;
	pid_t child;

	two(b, &dst, &src);
	child = SUBJECT_SYS(fork());
	if (!child) {
		pause();
		_exit(0);
	}
	move(src, dst, b->len, 0);
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
}

/* The program's own userfaultfd fills a place by moving pages there. */
static void move_by_uffd(struct bed *b, bool swapped)
{
	char *dst = filled(b, 1), *src = filled(b, 2);
	struct move_arg arg = { (uintptr_t)dst, (uintptr_t)src, b->len, 0, 0 };
	int own = uffd_open(FEATURE_MOVE);

	SUBJECT_SYS(uffd_register(own, dst, b->len, UFFDIO_REGISTER_MODE_MISSING) ? -1 : 0);
	watch(b, dst, b->len);
	watch(b, src, b->len);
	mark(b);
	if (swapped)
		page_out(b, src, b->len);
	SUBJECT_SYS(madvise(dst, b->len, MADV_DONTNEED));
	if (ioctl(own, UFFDIO_MOVE_NR, &arg) < 0)
		note(b, " [move: %s, %ld]", strerrorname_np(errno), (long)arg.moved);
}

static void uffd_move(struct bed *b)
{
	move_by_uffd(b, false);
}

static void uffd_move_swapped(struct bed *b)
{
	move_by_uffd(b, true);
}

const struct row rows_a[] = {
	{ "a/hole", move_hole, EVERY, 0 },
	{ "a/over", move_over, EVERY, 0 },
	{ "a/over-readonly", move_readonly, FLAT, 0 },
	{ "a/anywhere", move_anywhere, FLAT, 0 },
	{ "a/dontunmap", move_dontunmap, FLAT | THP, 0 },
	{ "a/dontunmap-read-source", move_dontunmap_read, FLAT | THP, 0 },
	{ "a/over-write-half", move_write_half, EVERY, 0 },
	{ "a/over-read", move_read, BIG | THP, 0 },
	{ "a/there-and-back", move_back, FLAT | THP, 0 },
	{ "a/exchange", move_exchange, FLAT | THP, 0 },
	{ "a/middle", move_middle, FLAT | BIG_OFF | THP, 0 },
	{ "a/move-and-grow", move_grow, FLAT | THP, 0 },
	{ "a/directory", move_directory, BIG, 0 },
	{ "a/written-before", move_written, FLAT | THP, 0 },
	{ "a/new-source", move_new, FLAT | THP, 0 },
	{ "a/register-then-ask", move_register, FLAT | THP, 0 },
	{ "a/private-file", move_file, FLAT, 0 },
	{ "a/swapped", move_swapped, FLAT, SWAP },
	{ "a/swapped-at-mark", move_swapped_before, FLAT, SWAP },
	{ "a/swapped-in-frame", move_frame, FLAT, SWAP },
	{ "a/after-fork", move_after_fork, FLAT, 0 },
	{ "a/uffd-move", uffd_move, FLAT | THP, 0 },
	{ "a/uffd-move-swapped", uffd_move_swapped, FLAT, SWAP },
	{ "a/shrink-grow", shrink_grow, FLAT | THP, 0 },
	{ "a/shrink-grow-read", shrink_grow_read, FLAT | THP, 0 },
	{ "a/shrink-grow-write", shrink_grow_write, FLAT | THP, 0 },
	{ "a/grow-over", grow_over, FLAT | THP, 0 },
	{ 0 },
};
