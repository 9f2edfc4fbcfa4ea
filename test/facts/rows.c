/* SPDX-License-Identifier: GPL-2.0-only */
/* Every row with every shape and tracker, each in a process of its own. */
#include "tracking.h"

enum { ROW_SECONDS = 10 };

static const struct row *const rows[] = { rows_a, rows_b, rows_c, rows_d, rows_e, rows_f };

static void run_row(const struct row *row, const struct shape *shape, enum tracker tracker,
		    bool with_flags)
{
	unsigned slow = getenv("TEST_SLOW") ? (unsigned)atoi(getenv("TEST_SLOW")) : 1;
	struct bed b;
	pid_t child;
	int status;

	printf("%-26s %-8s %-7s  ", row->name, shape->name, tracker_names[tracker]);
	fflush(stdout);
	child = SUBJECT_SYS(fork());
	if (!child) {
		alarm(ROW_SECONDS * slow);
		set_up(&b, tracker, shape);
		row->run(&b);
		judge(&b, with_flags);
		fflush(stdout);
		_exit(0);
	}
	SUBJECT_SYS(waitpid(child, &status, 0));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		printf("never ends\n");
	else if (WIFSIGNALED(status))
		printf("died of signal %d\n", WTERMSIG(status));
	else if (status)
		printf("failed\n");
}

/* A swap file of our own, as mkswap makes it; without one the rows that need it are skipped. */
static bool swap_on(char *path, size_t len)
{
	const char *dir = getenv("TMPDIR");
	uint32_t head[1024] = { 0 };
	enum { MIB = 64 };
	char *zeros = calloc(1, 1 << 20);
	int fd;

	snprintf(path, len, "%s/tracking-swap-%d", dir ? dir : "/var/tmp", getpid());
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	for (int i = 0; i < MIB; i++)
		if (write(fd, zeros, 1 << 20) != 1 << 20)
			subject_die("cannot write a swap file: %m");
	free(zeros);
	head[256] = 1;
	head[257] = (MIB << 8) - 1;
	memcpy((char *)head + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, head, PAGE, 0) != (ssize_t)PAGE || fsync(fd))
		subject_die("cannot write a swap file: %m");
	close(fd);
	if (!swapon(path, 0))
		return true;
	printf("no swap: %m\n");
	unlink(path);
	return false;
}

bool has_soft_dirty(void)
{
	int fd = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	volatile char *p = subject_map(PAGE, false);
	uint64_t word;

	*p = 1;
	word = word_of(fd, (char *)p);
	close(fd);
	return word & WORD_SOFT_DIRTY;
}

static void run_all_shapes(const struct row *row, const bool trackers[NR_TRACKERS], bool with_flags)
{
	for (size_t s = 0; s < NR_SHAPES; s++)
		for (enum tracker t = 0; t < NR_TRACKERS; t++)
			if (trackers[t] && row->shapes >> s & 1 &&
			    (t != SOFT_DIRTY_HELD || row->name[0] == 'a'))
				run_row(row, &shapes[s], t, with_flags);
}

void run_rows(const char *pattern, bool with_flags)
{
	char swap[256], saved[NR_SETTINGS][SETTING_BYTES];
	bool sd = has_soft_dirty(), trackers[NR_TRACKERS] = { sd, sd, true },
	     swaps = swap_on(swap, sizeof(swap));

	save_settings(saved);
	write_text("/proc/sys/vm/nr_hugepages", "4");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (const struct row *row = rows[i]; row->name; row++)
			if ((swaps || !(row->needs & SWAP)) && !fnmatch(pattern, row->name, 0))
				run_all_shapes(row, trackers, with_flags);
	restore_settings(saved);
	if (swaps) {
		SUBJECT_SYS(swapoff(swap));
		unlink(swap);
	}
}
