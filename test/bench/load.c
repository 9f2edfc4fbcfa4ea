/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load DIR KIND NUMBER [PAGES]: a subject (test/rig/subject.h) with a lot of one thing.
 *   anon MIB      private memory, every word of it different
 *   shared MIB    the same in shared memory
 *   procs N       processes that wait on one futex; each checks its pid and its own memory
 *   threads N     threads that do so; each checks its tid and thread-local memory
 *   fds N         descriptors: at most 1,000 pipes with a message in each, the others regular files at a position
 *   vmas N        mappings with alternating protection, a word in each writable one
 *   dirty MIB PAGES   private memory of which each question changes so many pages, here and there
 *   writer MIB PAGES  the same, changed at this rate in a second, asked or not
 * Every question looks at everything, and where nothing else is said, writes to it.
 */
#include "subject.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, WAIT_MS = 60000, PIPES_MAX = 1000, FILES_MAX = 500, STACK_BYTES = 64 << 10 };

/* Waiting children or threads go through one round for each question and leave its number in their slot. */
struct board {
	uint32_t round;
	uint32_t nr_wrong;
	uint32_t slots[];
};

static const char *dir;
static size_t number;
static size_t nr_changes;
static uint64_t *words;
static size_t nr_words;
static struct board *board;
static int *fds;
static size_t nr_pipes;
static unsigned char *mappings;

/* --- memory --- */

static uint64_t word_at(size_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL;
}

static void memory_set_up(bool is_shared)
{
	nr_words = (number << 20) / sizeof(*words);
	words = subject_map(number << 20, is_shared);
	for (size_t i = 0; i < nr_words; i++)
		words[i] = word_at(i);
}

/* Writes too, so that every page is present and dirty again. */
static bool memory_check(char *text, size_t len)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < nr_words; i++)
		wrong |= words[i] ^ word_at(i);
	for (size_t i = 0; i < nr_words; i += PAGE / sizeof(*words))
		words[i] = word_at(i);
	snprintf(text, len, "words=%zu", nr_words);
	return !wrong;
}

/* --- memory that changes: write k goes to page k * STEP, modulo a power of two of pages --- */

static const size_t STEP = 0x9e3779b1;
static size_t nr_rotating, nr_written;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static void write_pages(size_t nr)
{
	for (; nr; nr--, nr_written++)
		words[(nr_written * STEP & (nr_rotating - 1)) * (PAGE / sizeof(*words))] =
			~word_at(nr_written);
}

static void rotation_set_up(void)
{
	nr_words = (number << 20) / sizeof(*words);
	words = subject_map(number << 20, false);
	/* One write is one page, whatever the kernel does with neighbours. */
	madvise(words, number << 20, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < nr_words; i++)
		words[i] = word_at(i);
	for (nr_rotating = 1; nr_rotating * 2 <= (number << 20) / PAGE;)
		nr_rotating *= 2;
}

/* What the first word of a page is after nr_written writes. */
static uint64_t first_word(size_t page)
{
	size_t inverse = STEP, k;

	for (int bits = 3; bits < 64; bits *= 2)
		inverse *= 2 - STEP * inverse;
	k = page * inverse & (nr_rotating - 1);
	if (page >= nr_rotating || k >= nr_written)
		return word_at(page * (PAGE / sizeof(*words)));
	return ~word_at(k + (nr_written - 1 - k) / nr_rotating * nr_rotating);
}

static bool rotation_check(char *text, size_t len)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < nr_words; i++)
		wrong |= words[i] ^
			 (i % (PAGE / sizeof(*words)) ? word_at(i) : first_word(i * 8 / PAGE));
	snprintf(text, len, "words=%zu written=%zu", nr_words, nr_written);
	return !wrong;
}

static bool dirty_check(char *text, size_t len)
{
	bool is_well = rotation_check(text, len);

	write_pages(nr_changes);
	return is_well;
}

static void *writer(void *arg)
{
	int64_t start = subject_now_ns();
	size_t before = 0;

	(void)arg;
	for (;; subject_sleep_us(1000)) {
		size_t due =
			(size_t)((double)(subject_now_ns() - start) / 1e9 * (double)nr_changes);

		pthread_mutex_lock(&writing);
		/* After a stop it goes on at its rate. */
		write_pages(due - before < nr_changes ? due - before : nr_changes);
		pthread_mutex_unlock(&writing);
		before = due;
	}
	return NULL;
}

static void writer_set_up(void)
{
	pthread_t thread;

	rotation_set_up();
	if (pthread_create(&thread, NULL, writer, NULL))
		subject_die("cannot make a thread");
}

static bool writer_check(char *text, size_t len)
{
	bool is_well;

	pthread_mutex_lock(&writing);
	is_well = rotation_check(text, len);
	pthread_mutex_unlock(&writing);
	return is_well;
}

/* --- processes and threads --- */

static void futex(int op, uint32_t value)
{
	syscall(SYS_futex, &board->round, op, value, NULL, NULL, 0);
}

/* One who waits for rounds; @is_me says whether it still is who it was. */
static void wait_rounds(size_t slot, int private_flag, bool (*is_me)(size_t slot))
{
	for (uint32_t seen = 0;;) {
		uint32_t round = __atomic_load_n(&board->round, __ATOMIC_ACQUIRE);

		if (round == seen) {
			futex(FUTEX_WAIT | private_flag, seen);
			continue;
		}
		seen = round;
		if (!is_me(slot))
			__atomic_fetch_add(&board->nr_wrong, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&board->slots[slot], seen, __ATOMIC_RELEASE);
	}
}

static size_t nr_in_round(uint32_t round)
{
	size_t nr = 0;

	for (size_t i = 0; i < number - 1; i++)
		nr += __atomic_load_n(&board->slots[i], __ATOMIC_ACQUIRE) == round;
	return nr;
}

static bool round_check(char *text, size_t len, int private_flag)
{
	int64_t until = subject_now_ns() + WAIT_MS * 1000000LL;
	uint32_t round = __atomic_add_fetch(&board->round, 1, __ATOMIC_ACQ_REL);
	size_t nr;

	futex(FUTEX_WAKE | private_flag, INT_MAX);
	while ((nr = nr_in_round(round)) < number - 1 && subject_now_ns() < until)
		subject_sleep_us(500);
	snprintf(text, len, "answered=%zu of=%zu wrong=%u", nr, number - 1, board->nr_wrong);
	return nr == number - 1 && !board->nr_wrong;
}

static pid_t child_pid;
static uint64_t child_word;

static bool child_is_me(size_t slot)
{
	return getpid() == child_pid && child_word == word_at(slot);
}

static void procs_set_up(void)
{
	board = subject_map(sizeof(*board) + number * sizeof(uint32_t), true);
	for (size_t i = 0; i < number - 1; i++) {
		if (SUBJECT_SYS(fork()))
			continue;
		child_pid = getpid();
		child_word = word_at(i);
		wait_rounds(i, 0, child_is_me);
	}
}

static bool procs_check(char *text, size_t len)
{
	return round_check(text, len, 0);
}

static _Thread_local pid_t thread_tid;
static _Thread_local uint64_t thread_word;

static bool thread_is_me(size_t slot)
{
	return (pid_t)syscall(SYS_gettid) == thread_tid && thread_word == word_at(slot);
}

static void *thread_run(void *slot)
{
	thread_tid = (pid_t)syscall(SYS_gettid);
	thread_word = word_at((size_t)slot);
	wait_rounds((size_t)slot, FUTEX_PRIVATE_FLAG, thread_is_me);
	return NULL;
}

static void threads_set_up(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	board = subject_map(sizeof(*board) + number * sizeof(uint32_t), false);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (size_t i = 0; i < number - 1; i++)
		if (pthread_create(&thread, &attr, thread_run, (void *)i))
			subject_die("cannot make thread %zu", i);
}

static bool threads_check(char *text, size_t len)
{
	return round_check(text, len, FUTEX_PRIVATE_FLAG);
}

/* --- descriptors --- */

static int open_file(size_t i)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/file%zu", dir, i % FILES_MAX);
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT, 0666));
	SUBJECT_SYS(ftruncate(fd, 1 << 20));
	SUBJECT_SYS(lseek(fd, (off_t)i, SEEK_SET));
	return fd;
}

static void put_message(size_t i)
{
	uint64_t word = word_at(i);

	if (write(fds[2 * i + 1], &word, sizeof(word)) != sizeof(word))
		subject_die("cannot write into pipe %zu: %m", i);
}

/* Three are there already: standard input, output and error. */
static void fds_set_up(void)
{
	number -= number > 3 ? 3 : 0;
	nr_pipes = number / 4 < PIPES_MAX ? number / 4 : PIPES_MAX;
	fds = subject_map(number * sizeof(*fds), false);
	for (size_t i = 0; i < nr_pipes; i++) {
		SUBJECT_SYS(pipe(fds + 2 * i));
		put_message(i);
	}
	for (size_t i = 2 * nr_pipes; i < number; i++)
		fds[i] = open_file(i);
}

static bool fds_check(char *text, size_t len)
{
	size_t nr_wrong = 0;

	for (size_t i = 0; i < nr_pipes; i++) {
		uint64_t word = 0;

		nr_wrong += read(fds[2 * i], &word, sizeof(word)) != sizeof(word) ||
			    word != word_at(i);
		put_message(i);
	}
	for (size_t i = 2 * nr_pipes; i < number; i++)
		nr_wrong += lseek(fds[i], 0, SEEK_CUR) != (off_t)i;
	snprintf(text, len, "pipes=%zu files=%zu wrong=%zu", nr_pipes, number - 2 * nr_pipes,
		 nr_wrong);
	return !nr_wrong;
}

/* --- mappings --- */

static void vmas_set_up(void)
{
	mappings = subject_map(number * PAGE, false);
	for (size_t i = 0; i < number; i++) {
		if (i % 2)
			SUBJECT_SYS(mprotect(mappings + i * PAGE, PAGE, PROT_READ));
		else
			*(uint64_t *)(mappings + i * PAGE) = word_at(i);
	}
}

static bool vmas_check(char *text, size_t len)
{
	size_t nr_wrong = 0;

	for (size_t i = 0; i < number; i++) {
		volatile uint64_t *word = (volatile uint64_t *)(mappings + i * PAGE);

		nr_wrong += *word != (i % 2 ? 0 : word_at(i));
		if (i % 2 == 0)
			*word = word_at(i);
	}
	snprintf(text, len, "mappings=%zu wrong=%zu", number, nr_wrong);
	return !nr_wrong;
}

/* --- */

static void private_set_up(void)
{
	memory_set_up(false);
}

static void shared_set_up(void)
{
	memory_set_up(true);
}

static const struct kind {
	const char *name;
	void (*set_up)(void);
	bool (*check)(char *text, size_t len);
} kinds[] = {
	{ "anon", private_set_up, memory_check },  { "shared", shared_set_up, memory_check },
	{ "procs", procs_set_up, procs_check },	   { "threads", threads_set_up, threads_check },
	{ "fds", fds_set_up, fds_check },	   { "vmas", vmas_set_up, vmas_check },
	{ "dirty", rotation_set_up, dirty_check }, { "writer", writer_set_up, writer_check },
};

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 5 || atol(argv[3]) <= 0)
		subject_die(
			"usage: load DIR anon|shared|procs|threads|fds|vmas|dirty|writer NUMBER "
			"[PAGES]");
	dir = argv[1];
	number = (size_t)atol(argv[3]);
	nr_changes = argc > 4 ? (size_t)atol(argv[4]) : 0;
	subject_raise_limits();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[2]))
			continue;
		kinds[i].set_up();
		subject_serve(dir, kinds[i].check);
	}
	subject_die("unknown kind %s", argv[2]);
}
