/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target DIR: a subject (test/rig/subject.h) that would notice if somebody borrowed its registers, changed its memory
 * or let a system call end with anything but what it must.  Each worker does one thing over and over and counts.
 * One of them makes DIR/alive when it is not there, so that nobody can run it unseen.
 * Words behind it: with "lenient" calls may end with EINTR, to try the tests with a tool that lets that happen; with
 * "filter" it has a seccomp filter (that allows everything), which makes a tool go other ways.
 */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY_BYTES = 1 << 20, WAIT_S = 10, WORKERS_MAX = 24, ALTSTACK_BYTES = 64 << 10 };

struct board {
	uint64_t beats[WORKERS_MAX];
	uint64_t nr_wrong;
	uint64_t nr_cut; /* waits that ended with EINTR where the kernel says that a stop alone may do that */
	char first_wrong[200];
	uint32_t token; /* of the two who play by futex */
};

static struct board *board;
static const char *dir;
static bool is_lenient;
static int to_echo[2], from_echo[2], silent[2];
static _Thread_local const char *my_name;

__attribute__((format(printf, 1, 2))) static void wrong(const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!__atomic_fetch_add(&board->nr_wrong, 1, __ATOMIC_RELAXED))
		snprintf(board->first_wrong, sizeof(board->first_wrong), "%s: %s", my_name, text);
}

/* A call that is not the one of the C library gives -errno, as the kernel does. */
static void expect(const char *what, long got, long wanted)
{
	if (got != wanted && !(is_lenient && got == -EINTR))
		wrong("%s gave %ld, not %ld", what, got, wanted);
}

static long result(long r)
{
	return r < 0 ? -errno : r;
}

/*
 * A wait that the stop of a freeze ends with EINTR (signal(7), "Interruption of system calls and library functions by
 * stop signals").  The tool issues it again, but not when it is killed between the stop and that.
 */
static bool was_cut(long got)
{
	if (got != -EINTR)
		return false;
	__atomic_fetch_add(&board->nr_cut, 1, __ATOMIC_RELAXED);
	return true;
}

/* --- registers --- */

struct registers {
	uint64_t general[12];
	uint64_t vector[32];
};

/*
 * Loads everything, stays away for @spins turns or one system call, stores everything.  rax, rcx and r11 belong to
 * the system call and to the count.
 */
static void hold_registers(const struct registers *in, struct registers *out, uint64_t spins,
			   uint64_t call)
{
	const uint64_t args[4] = { (uint64_t)in, (uint64_t)out, spins, call };
	const uint64_t *at = args;

	__asm__ volatile("push %%rbp\n\t"
			 "push %%rbx\n\t"
			 "sub $256, %%rsp\n\t" /* out of the red zone */
			 "push %%rax\n\t"
			 "mov (%%rax), %%r11\n\t"
			 ".set i, 0\n\t"
			 ".irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movdqu 96+16*i(%%r11), %%xmm\\r\n\t"
			 ".set i, i+1\n\t"
			 ".endr\n\t"
			 "mov 16(%%rax), %%rcx\n\t"
			 "mov 24(%%rax), %%rax\n\t"
			 "mov 0(%%r11), %%rbx\n\t"
			 "mov 8(%%r11), %%rdx\n\t"
			 "mov 16(%%r11), %%rsi\n\t"
			 "mov 24(%%r11), %%rdi\n\t"
			 "mov 32(%%r11), %%rbp\n\t"
			 "mov 40(%%r11), %%r8\n\t"
			 "mov 48(%%r11), %%r9\n\t"
			 "mov 56(%%r11), %%r10\n\t"
			 "mov 64(%%r11), %%r12\n\t"
			 "mov 72(%%r11), %%r13\n\t"
			 "mov 80(%%r11), %%r14\n\t"
			 "mov 88(%%r11), %%r15\n\t"
			 "test %%rcx, %%rcx\n\t"
			 "jz 2f\n"
			 "1:\tdec %%rcx\n\t"
			 "jnz 1b\n\t"
			 "jmp 3f\n"
			 "2:\tsyscall\n"
			 "3:\tmov (%%rsp), %%rax\n\t"
			 "mov 8(%%rax), %%r11\n\t"
			 "mov %%rbx, 0(%%r11)\n\t"
			 "mov %%rdx, 8(%%r11)\n\t"
			 "mov %%rsi, 16(%%r11)\n\t"
			 "mov %%rdi, 24(%%r11)\n\t"
			 "mov %%rbp, 32(%%r11)\n\t"
			 "mov %%r8, 40(%%r11)\n\t"
			 "mov %%r9, 48(%%r11)\n\t"
			 "mov %%r10, 56(%%r11)\n\t"
			 "mov %%r12, 64(%%r11)\n\t"
			 "mov %%r13, 72(%%r11)\n\t"
			 "mov %%r14, 80(%%r11)\n\t"
			 "mov %%r15, 88(%%r11)\n\t"
			 ".set i, 0\n\t"
			 ".irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movdqu %%xmm\\r, 96+16*i(%%r11)\n\t"
			 ".set i, i+1\n\t"
			 ".endr\n\t"
			 "pop %%rax\n\t"
			 "add $256, %%rsp\n\t"
			 "pop %%rbx\n\t"
			 "pop %%rbp\n"
			 : "+a"(at)
			 :
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
			   "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15", "memory", "cc");
}

static void fill(void *to, size_t len, uint64_t seed)
{
	uint64_t *words = to;

	for (size_t i = 0; i < len / 8; i++)
		words[i] = (seed + i) * 0x9e3779b97f4a7c15ULL;
}

static void registers_round(uint64_t round)
{
	struct registers in, out = { 0 };

	fill(&in, sizeof(in), round);
	/* The system call is one without arguments that says the same each time. */
	hold_registers(&in, &out, round % 2 ? 0 : 50000, SYS_getppid);
	if (memcmp(&in, &out, sizeof(in)))
		wrong("registers differ after round %lu", round);
	if (round % 2)
		subject_sleep_us(100);
}

/* --- calls that wait --- */

static void sleep_round(uint64_t round)
{
	struct timespec ts = { 0, 2000000 };
	int64_t start = subject_now_ns();

	if (round % 2) {
		expect("nanosleep", result(nanosleep(&ts, NULL)), 0);
	} else {
		ts = (struct timespec){ (start + 2000000) / 1000000000,
					(start + 2000000) % 1000000000 };
		expect("clock_nanosleep",
		       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	}
	if (subject_now_ns() - start < 2000000 && !is_lenient)
		wrong("a sleep of 2 ms took %ld us", (long)(subject_now_ns() - start) / 1000);
}

static void poll_round(uint64_t round)
{
	struct pollfd p = { .fd = silent[0], .events = POLLIN };
	struct timespec ts = { 0, 2000000 };
	struct timeval tv = { 0, 2000 };
	fd_set set;

	switch (round % 3) {
	case 0:
		expect("poll", result(poll(&p, 1, 2)), 0);
		break;
	case 1:
		expect("ppoll", result(ppoll(&p, 1, &ts, NULL)), 0);
		break;
	case 2:
		FD_ZERO(&set);
		FD_SET(silent[0], &set);
		expect("select", result(select(silent[0] + 1, &set, NULL, NULL, &tv)), 0);
		break;
	}
}

static long futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return result(syscall(SYS_futex, word, op, value, timeout, NULL, 0));
}

static void futex_time_round(uint64_t round)
{
	static uint32_t word;
	struct timespec ts = { 0, 2000000 };

	(void)round;
	expect("futex with a timeout", futex(&word, FUTEX_WAIT_PRIVATE, 0, &ts), -ETIMEDOUT);
}

/* Two of these give the token to each other. */
static void token_round(uint32_t mine)
{
	uint32_t token;

	while ((token = __atomic_load_n(&board->token, __ATOMIC_ACQUIRE)) % 2 != mine) {
		long r = futex(&board->token, FUTEX_WAIT, token, NULL);

		if (r && r != -EAGAIN && !is_lenient)
			wrong("futex without a timeout gave %ld", r);
	}
	subject_sleep_us(100);
	__atomic_store_n(&board->token, token + 1, __ATOMIC_RELEASE);
	futex(&board->token, FUTEX_WAKE, INT_MAX, NULL);
}

static void token_even_round(uint64_t round)
{
	(void)round;
	token_round(0);
}

static void token_odd_round(uint64_t round)
{
	(void)round;
	token_round(1);
}

static void sigtimedwait_round(uint64_t round)
{
	struct timespec ts = { 0, 2000000 };
	siginfo_t info = { 0 };
	sigset_t set;
	long got;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	if (round % 2) {
		got = result(sigtimedwait(&set, &info, &ts));
		if (!was_cut(got))
			expect("sigtimedwait", got, -EAGAIN);
		return;
	}
	pthread_sigqueue(pthread_self(), SIGUSR2, (union sigval){ .sival_int = (int)round });
	expect("sigtimedwait of a signal", result(sigtimedwait(&set, &info, &ts)), SIGUSR2);
	if (!is_lenient)
		expect("the signal's value", info.si_value.sival_int, (int)round);
	subject_sleep_us(500);
}

/* --- signals --- */

static _Thread_local volatile int handled_value;
static _Thread_local char *altstack;

static void handle(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)sig;
	(void)context;
	handled_value = &here >= altstack && &here < altstack + ALTSTACK_BYTES ?
				info->si_value.sival_int :
				-2;
}

static void signal_round(uint64_t round)
{
	sigset_t before, after;

	if (!altstack) {
		struct sigaction act = { .sa_sigaction = handle,
					 .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };

		altstack = subject_map(ALTSTACK_BYTES, false);
		SUBJECT_SYS(sigaltstack(&(stack_t){ .ss_sp = altstack, .ss_size = ALTSTACK_BYTES },
					NULL));
		SUBJECT_SYS(sigaction(SIGUSR1, &act, NULL));
	}
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	handled_value = -1;
	pthread_sigqueue(pthread_self(), SIGUSR1, (union sigval){ .sival_int = (int)round });
	expect("the handler's value", handled_value, (int)round);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	expect("the signal mask", memcmp(&before, &after, 8), 0);
	subject_sleep_us(500);
}

/* --- memory --- */

static void memory_round(uint64_t round)
{
	static uint64_t *memory;

	if (!memory) {
		memory = subject_map(MEMORY_BYTES, false);
		fill(memory, MEMORY_BYTES, 0);
	}
	for (size_t i = 0; i < MEMORY_BYTES / 8; i++)
		if (memory[i] != (round + i) * 0x9e3779b97f4a7c15ULL) {
			wrong("word %zu of memory differs in round %lu", i, round);
			break;
		}
	SUBJECT_SYS(mprotect(memory, MEMORY_BYTES / 2, PROT_READ));
	SUBJECT_SYS(mprotect(memory, MEMORY_BYTES / 2, PROT_READ | PROT_WRITE));
	SUBJECT_SYS(madvise(memory, MEMORY_BYTES / 4, MADV_DONTNEED));
	expect("dropped memory", (long)memory[0], 0);
	fill(memory, MEMORY_BYTES, round + 1);
	subject_sleep_us(2000);
}

/* --- other processes --- */

static void pipe_round(uint64_t round)
{
	uint64_t word = round * 3, answer = 0;

	expect("write into a pipe", result(write(to_echo[1], &word, sizeof(word))), sizeof(word));
	expect("read from a pipe", result(read(from_echo[0], &answer, sizeof(answer))),
	       sizeof(answer));
	expect("the echo", (long)answer, (long)(word + 1));
}

static void echo_round(uint64_t round)
{
	uint64_t word = 0;

	expect("read by the echo", result(read(to_echo[0], &word, sizeof(word))), sizeof(word));
	expect("the word to echo", (long)word, (long)(round * 3));
	word++;
	expect("write by the echo", result(write(from_echo[1], &word, sizeof(word))), sizeof(word));
	subject_sleep_us(200);
}

static void child_round(uint64_t round)
{
	int status = -1, code = (int)(round % 200);
	pid_t pid = fork();

	if (!pid)
		_exit(code);
	expect("waitpid", result(waitpid(pid, &status, 0)), pid);
	expect("the status of a child", status, code << 8);
	subject_sleep_us(5000);
}

static void alive_round(uint64_t round)
{
	static char path[PATH_MAX];

	(void)round;
	if (!path[0])
		snprintf(path, sizeof(path), "%s/alive", dir);
	if (access(path, F_OK) && mknod(path, S_IFREG | 0666, 0) && errno != EEXIST)
		wrong("cannot make %s: %s", path, strerror(errno));
	subject_sleep_us(300);
}

/* --- */

static const struct worker {
	const char *name;
	void (*round)(uint64_t round);
	bool is_process;
} workers[] = {
	{ "echo", echo_round, true },
	{ "sleeper", sleep_round, true },
	{ "token odd", token_odd_round, true },
	{ "token even", token_even_round, false },
	{ "registers", registers_round, false },
	{ "sleep", sleep_round, false },
	{ "poll", poll_round, false },
	{ "futex", futex_time_round, false },
	{ "sigtimedwait", sigtimedwait_round, false },
	{ "signal", signal_round, false },
	{ "memory", memory_round, false },
	{ "pipe", pipe_round, false },
	{ "child", child_round, false },
	{ "alive", alive_round, false },
};

enum { NR_WORKERS = sizeof(workers) / sizeof(workers[0]) };

static void *work(void *number)
{
	const struct worker *w = &workers[(size_t)number];
	uint64_t *beats = &board->beats[(size_t)number];

	my_name = w->name;
	for (uint64_t round = 0;; round++) {
		w->round(round);
		__atomic_fetch_add(beats, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static const char *who_stands_still(const uint64_t before[])
{
	for (size_t i = 0; i < NR_WORKERS; i++)
		if (__atomic_load_n(&board->beats[i], __ATOMIC_ACQUIRE) < before[i] + 2)
			return workers[i].name;
	return NULL;
}

static bool check(char *text, size_t len)
{
	int64_t until = subject_now_ns() + WAIT_S * 1000000000LL;
	uint64_t before[WORKERS_MAX], sum = 0;
	const char *still;

	memcpy(before, board->beats, sizeof(before));
	while ((still = who_stands_still(before)) && subject_now_ns() < until)
		subject_sleep_us(500);
	for (size_t i = 0; i < NR_WORKERS; i++)
		sum += board->beats[i];
	snprintf(text, len, "beats=%lu cut=%lu wrong=%lu %s%s%s", sum, board->nr_cut,
		 board->nr_wrong, board->first_wrong, still ? " stands still: " : "",
		 still ? still : "");
	/* Told once, so that the next question is about what happened since. */
	if (__atomic_exchange_n(&board->nr_wrong, 0, __ATOMIC_RELAXED))
		return false;
	return !still;
}

/* Open files with a position, one of them deleted. */
static void open_files(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/kept", dir);
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT | O_APPEND, 0644));
	SUBJECT_SYS(write(fd, "kept\n", 5));
	snprintf(path, sizeof(path), "%s/ghost", dir);
	fd = SUBJECT_SYS(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
	SUBJECT_SYS(write(fd, "ghost\n", 6));
	SUBJECT_SYS(unlink(path));
	SUBJECT_SYS(write(silent[1], "", 0));
}

static void set_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { .len = 1, .filter = &allow };

	SUBJECT_SYS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(int argc, char **argv)
{
	sigset_t set;
	pthread_t thread;

	if (argc < 2)
		subject_die("usage: target DIR [lenient] [filter]");
	dir = argv[1];
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "lenient"))
			is_lenient = true;
		else if (!strcmp(argv[i], "filter"))
			set_filter();
	}
	my_name = "main";
	board = subject_map(sizeof(*board), true);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	SUBJECT_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	SUBJECT_SYS(pipe(to_echo));
	SUBJECT_SYS(pipe(from_echo));
	SUBJECT_SYS(pipe(silent));
	open_files();
	for (size_t i = 0; i < NR_WORKERS; i++)
		if (workers[i].is_process && !SUBJECT_SYS(fork()))
			work((void *)i);
	for (size_t i = 0; i < NR_WORKERS; i++)
		if (!workers[i].is_process && pthread_create(&thread, NULL, work, (void *)i))
			subject_die("cannot make thread %zu", i);
	subject_serve(dir, check);
}
