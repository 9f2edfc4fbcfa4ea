/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flock(2): write and read locks, on files opened to read and to write, on a directory, on a deleted file and on
 * a memfd, seen through duplicates.
 */
/* opts: --file-locks */
#include "locks.h"

#include <sys/mman.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	int flags, operation;
} rows[] = {
	{ "a", O_RDWR, LOCK_EX },   { "b", O_RDONLY, LOCK_EX },	  { "c", O_WRONLY, LOCK_SH },
	{ "d", O_RDONLY, LOCK_SH }, { "d", O_RDONLY, LOCK_SH },	  { "gone", O_RDWR, LOCK_EX },
	{ ".", O_RDONLY, LOCK_EX }, { "memfd", O_RDWR, LOCK_EX }, { "fifo", O_RDWR, LOCK_EX },
};

static int open_row(unsigned i)
{
	int fd;

	if (!strcmp(rows[i].name, "memfd"))
		return CASE_SYS(memfd_create("memfd", 0));
	if (!strcmp(rows[i].name, "fifo"))
		CASE_SYS(mkfifo("fifo", 0600));
	else if (rows[i].name[0] != '.')
		close(case_make_file(rows[i].name, 100, i));
	fd = CASE_SYS(open(rows[i].name, rows[i].flags));
	if (!strcmp(rows[i].name, "gone"))
		CASE_SYS(unlink("gone"));
	return fd;
}

int main(void)
{
	static char before[CASE_NR(rows)][LOCKS_TEXT];
	int fd[CASE_NR(rows)], copy[CASE_NR(rows)];

	for (unsigned i = 0; i < CASE_NR(rows); i++) {
		fd[i] = open_row(i);
		CASE_SYS(flock(fd[i], rows[i].operation));
		copy[i] = CASE_SYS(dup(fd[i]));
		locks_text(0, fd[i], before[i]);
	}
	case_ready();
	for (unsigned i = 0; i < CASE_NR(rows); i++) {
		locks_check(0, fd[i], before[i]);
		locks_check(0, copy[i], before[i]);
		CASE_CHECK(!locks_flock_free(fd[i], LOCK_EX), "%s is not locked", rows[i].name);
		CASE_EQ(locks_flock_free(fd[i], LOCK_SH), rows[i].operation == LOCK_SH);
	}
	/* It is one lock: unlocking a duplicate is enough. */
	CASE_SYS(flock(copy[0], LOCK_UN));
	CASE_CHECK(locks_flock_free(fd[0], LOCK_EX), "the lock of a duplicate is another one");
	return case_pass();
}
