/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows d: private mappings of files. */
#include "tracking.h"

static char *marked_file(struct bed *b, int *fd)
{
	char *p = file_private(b, 1, fd);

	watch(b, p, b->len);
	mark(b);
	return p;
}

static void file_dropped(struct bed *b)
{
	char *p = marked_file(b, NULL);

	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
}

static void file_dropped_read(struct bed *b)
{
	file_dropped(b);
	touch(b->windows[0].start, b->len);
}

static void file_dropped_write(struct bed *b)
{
	file_dropped(b);
	fill_step(b->windows[0].start, b->len, 3, 2);
}

static void file_read_write(struct bed *b)
{
	int fd = temporary_file("file", b->len);
	char *p = map_as(b, place(b), b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	touch(p, b->len);
	watch(b, p, b->len);
	mark(b);
	fill_step(p, b->len, 3, 2);
}

static void file_write(struct bed *b)
{
	char *p = marked_file(b, NULL);

	fill_step(p, b->len, 3, 2);
}

static void file_truncated(struct bed *b)
{
	int fd;

	marked_file(b, &fd);
	SUBJECT_SYS(ftruncate(fd, (off_t)b->len / 2));
}

static void file_truncated_grown(struct bed *b)
{
	int fd;
	char *p = marked_file(b, &fd);

	SUBJECT_SYS(ftruncate(fd, (off_t)b->len / 2));
	SUBJECT_SYS(ftruncate(fd, (off_t)b->len));
	touch(p, b->len);
}

static void file_punched(struct bed *b)
{
	int fd;

	marked_file(b, &fd);
	SUBJECT_SYS(
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)b->len / 2));
}

static void file_removed(struct bed *b)
{
	char *p = marked_file(b, NULL);

	if (madvise(p, b->len / 2, MADV_REMOVE))
		note(b, " [remove: %s]", strerrorname_np(errno));
}

static void file_swapped(struct bed *b)
{
	char *p = marked_file(b, NULL);

	page_out(b, p, b->len);
	touch(p, b->len / 2);
}

/* The same with the pages of a memfd that the program maps privately. */
static void memfd_dropped(struct bed *b)
{
	int fd = SUBJECT_SYS(memfd_create("private", MFD_CLOEXEC));
	char *p;

	SUBJECT_SYS(ftruncate(fd, (off_t)b->len));
	p = map_as(b, place(b), b->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	fill(p, b->len, 1);
	watch(b, p, b->len);
	mark(b);
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
}

static void file_guard(struct bed *b)
{
	char *p = marked_file(b, NULL);

	if (madvise(p, b->len, 102))
		skip("madvise(MADV_GUARD_INSTALL): %m");
}

const struct row rows_d[] = {
	{ "d/write", file_write, FLAT, 0 },
	{ "d/read-write", file_read_write, FLAT, 0 },
	{ "d/dontneed", file_dropped, FLAT, 0 },
	{ "d/dontneed-read", file_dropped_read, FLAT, 0 },
	{ "d/dontneed-write", file_dropped_write, FLAT, 0 },
	{ "d/dontneed-memfd", memfd_dropped, FLAT, 0 },
	{ "d/truncate", file_truncated, FLAT, 0 },
	{ "d/truncate-grow-read", file_truncated_grown, FLAT, 0 },
	{ "d/punch", file_punched, FLAT, 0 },
	{ "d/remove", file_removed, FLAT, 0 },
	{ "d/pageout-read-half", file_swapped, FLAT, SWAP },
	{ "d/guard", file_guard, FLAT, 0 },
	{ 0 },
};
