/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * storm DIR KIND WORKERS: a subject (test/rig/subject.h) that changes as fast as it can and checks what it does.
 *   fork      workers fork children and grandchildren that end at once; each exit status is checked
 *   vfork     the same with vfork
 *   exec      children execute this program again and again before they end
 *   spawn     the same, begun by posix_spawn
 *   thread    threads start threads that end at once; each result is checked
 */
#include "subject.h"

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, BATCH = 4, EXECS = 3, STACK_BYTES = 64 << 10, WAIT_S = 20 };

struct board {
	uint64_t rounds[WORKERS_MAX];
	uint64_t nr_wrong;
	char first_wrong[128];
};

extern char **environ;
static struct board *board;
static size_t nr_workers;
static char program[4096];

static void wrong(const char *what, long got, long wanted)
{
	if (__atomic_fetch_add(&board->nr_wrong, 1, __ATOMIC_RELAXED))
		return;
	snprintf(board->first_wrong, sizeof(board->first_wrong), "%s is %ld, not %ld (errno %d)",
		 what, got, wanted, errno);
}

static void expect(const char *what, long got, long wanted)
{
	if (got != wanted)
		wrong(what, got, wanted);
}

static void join(pid_t pid, int code)
{
	int status = -1;

	expect("waitpid", waitpid(pid, &status, 0), pid);
	expect("the status of a child", status, code << 8);
}

static int code_of(uint64_t round)
{
	return (int)(round * 7 % 250);
}

/* --- one round of each kind --- */

static void fork_round(uint64_t round)
{
	pid_t pid = fork();

	if (pid < 0)
		return wrong("fork", pid, 0);
	if (pid)
		return join(pid, code_of(round));
	if (round % 2) {
		pid = fork();
		if (!pid)
			_exit(code_of(round + 1));
		join(pid, code_of(round + 1));
	}
	_exit(code_of(round));
}

static void vfork_round(uint64_t round)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(code_of(round));
	join(pid, code_of(round));
}

static void exec_round(uint64_t round)
{
	char execs[16], code[16];
	pid_t pid = fork();

	if (pid)
		return join(pid, code_of(round));
	snprintf(execs, sizeof(execs), "%d", EXECS);
	snprintf(code, sizeof(code), "%d", code_of(round));
	execl(program, program, "again", execs, code, NULL);
	_exit(251);
}

static void spawn_round(uint64_t round)
{
	char execs[16], code[16];
	char *argv[] = { program, "again", execs, code, NULL };
	pid_t pid = -1;

	snprintf(execs, sizeof(execs), "%d", EXECS);
	snprintf(code, sizeof(code), "%d", code_of(round));
	expect("posix_spawn", posix_spawn(&pid, program, NULL, NULL, argv, environ), 0);
	join(pid, code_of(round));
}

static int run_again(int execs, char *code)
{
	char text[16];

	if (!execs)
		return atoi(code);
	snprintf(text, sizeof(text), "%d", execs - 1);
	execl("/proc/self/exe", program, "again", text, code, NULL);
	return 252;
}

static _Thread_local uint64_t thread_word;

static void *thread_body(void *word)
{
	thread_word = (uint64_t)word;
	for (int i = 0; i < 100; i++)
		thread_word = thread_word * 6364136223846793005ULL + 1;
	return (void *)thread_word;
}

static uint64_t body_result(uint64_t word)
{
	for (int i = 0; i < 100; i++)
		word = word * 6364136223846793005ULL + 1;
	return word;
}

static void thread_round(uint64_t round)
{
	pthread_t threads[BATCH];
	pthread_attr_t attr;
	void *result;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (int i = 0; i < BATCH; i++)
		expect("pthread_create",
		       pthread_create(&threads[i], &attr, thread_body, (void *)(round + i)), 0);
	for (int i = 0; i < BATCH; i++) {
		expect("pthread_join", pthread_join(threads[i], &result), 0);
		expect("a thread's result", (long)result, (long)body_result(round + i));
	}
}

/* --- */

static const struct kind {
	const char *name;
	void (*round)(uint64_t round);
	bool are_threads;
} kinds[] = {
	{ "fork", fork_round, false },	  { "vfork", vfork_round, false },
	{ "exec", exec_round, false },	  { "spawn", spawn_round, false },
	{ "thread", thread_round, true },
};
static const struct kind *kind;

static void *work(void *number)
{
	uint64_t *rounds = &board->rounds[(size_t)number];

	for (;;) {
		kind->round(*rounds);
		__atomic_fetch_add(rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static bool all_went_on(const uint64_t before[])
{
	for (size_t i = 0; i < nr_workers; i++)
		if (__atomic_load_n(&board->rounds[i], __ATOMIC_ACQUIRE) < before[i] + 2)
			return false;
	return true;
}

static bool check(char *text, size_t len)
{
	int64_t until = subject_now_ns() + WAIT_S * 1000000000LL;
	uint64_t before[WORKERS_MAX], sum = 0;
	bool is_well;

	memcpy(before, board->rounds, sizeof(before));
	while (!(is_well = all_went_on(before)) && subject_now_ns() < until)
		subject_sleep_us(500);
	for (size_t i = 0; i < nr_workers; i++)
		sum += board->rounds[i];
	snprintf(text, len, "rounds=%lu wrong=%lu %s%s", sum, board->nr_wrong, board->first_wrong,
		 is_well ? "" : " a worker stands still");
	return is_well && !board->nr_wrong;
}

static void start_worker(size_t i)
{
	pthread_t thread;

	if (kind->are_threads) {
		if (pthread_create(&thread, NULL, work, (void *)i))
			subject_die("cannot make thread %zu", i);
	} else if (!SUBJECT_SYS(fork())) {
		work((void *)i);
	}
}

int main(int argc, char **argv)
{
	SUBJECT_SYS(readlink("/proc/self/exe", program, sizeof(program) - 1));
	if (argc == 4 && !strcmp(argv[1], "again"))
		return run_again(atoi(argv[2]), argv[3]);
	if (argc != 4 || atoi(argv[3]) < 1 || atoi(argv[3]) > WORKERS_MAX)
		subject_die("usage: storm DIR fork|vfork|exec|spawn|thread WORKERS");
	nr_workers = (size_t)atoi(argv[3]);
	board = subject_map(sizeof(*board), true);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, argv[2]))
			kind = &kinds[i];
	if (!kind)
		subject_die("unknown kind %s", argv[2]);
	for (size_t i = 0; i < nr_workers; i++)
		start_worker(i);
	subject_serve(argv[1], check);
}
