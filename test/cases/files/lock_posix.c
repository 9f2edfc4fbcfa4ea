/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * POSIX locks: many ranges of both modes, at 64-bit offsets, to the end of the file, through several descriptions
 * of one file, on a file that is deleted and on one that is mapped.
 */
/* opts: --file-locks */
/* peer: no-restore drops POSIX locks on what it opens once more, for mappings and the executable */
#include "locks.h"

#include <sys/mman.h>
#include <sys/stat.h>

static const struct {
	int type;
	off_t start, len;
} rows[] = {
	{ F_WRLCK, 0, 1 },
	{ F_RDLCK, 10, 10 },
	{ F_WRLCK, 20, 10 },
	{ F_RDLCK, 1LL << 40, 1LL << 33 },
	{ F_WRLCK, INT64_MAX - 9, 5 },
	{ F_RDLCK, (1LL << 62) + 1, 0 },
};

enum { MANY = 60 };

int main(void)
{
	static char before[4][LOCKS_TEXT];
	struct flock told[CASE_NR(rows)];
	int fd[4] = { case_make_file("file", 100, 1), CASE_SYS(open("file", O_RDWR)),
		      case_make_file("gone", 100, 2), case_make_file("mapped", 8192, 3) };

	for (unsigned i = 0; i < CASE_NR(rows); i++)
		CASE_SYS(locks_set(fd[i % 2], F_SETLK, rows[i].type, rows[i].start, rows[i].len));
	for (int i = 0; i < MANY; i++)
		CASE_SYS(locks_set(fd[2], F_SETLK, i % 2 ? F_RDLCK : F_WRLCK, 10 * i, 5));
	CASE_SYS(unlink("gone"));
	CASE_CHECK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd[3], 0) != MAP_FAILED,
		   "mmap: %s", strerror(errno));
	CASE_SYS(locks_set(fd[3], F_SETLK, F_WRLCK, 0, 0));
	for (unsigned i = 0; i < CASE_NR(rows); i++) {
		told[i] = locks_probe(fd[0], rows[i].start, 1);
		CASE_EQ(told[i].l_pid, getpid());
	}
	for (int i = 0; i < 4; i++)
		locks_text(0, fd[i], before[i]);
	case_ready();
	for (int i = 0; i < 4; i++)
		locks_check(0, fd[i], before[i]);
	for (unsigned i = 0; i < CASE_NR(rows); i++) {
		struct flock now = locks_probe(fd[0], rows[i].start, 1);

		LOCKS_EQ(now, told[i]);
	}
	CASE_EQ(locks_probe(fd[0], 1, 9).l_type, F_UNLCK);
	/* They go with the first descriptor of the file that is closed, whichever that is. */
	close(fd[1]);
	CASE_EQ(locks_probe(fd[0], 0, 0).l_type, F_UNLCK);
	return case_pass();
}
