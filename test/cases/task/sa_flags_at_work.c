/* SPDX-License-Identifier: GPL-2.0-only */
/* What the flags of an action do after the restore: SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_ONSTACK. */
#include "case.h"

#include <fcntl.h>
#include <signal.h>

static volatile int depth, deepest, ran;
static volatile uintptr_t where;

static void nest(int sig)
{
	if (++depth > deepest)
		deepest = depth;
	if (depth < 5)
		raise(sig);
	depth--;
	ran++;
}

/* Each run asks for one more; without SA_NODEFER they follow each other. */
static void follow(int sig)
{
	if (++depth > deepest)
		deepest = depth;
	if (ran++ < 3)
		raise(sig);
	depth--;
}

static void place(int sig)
{
	char here;

	(void)sig;
	where = (uintptr_t)&here;
}

static void action(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	CASE_SYS(sigaction(sig, &sa, NULL));
}

static void kicker(void *sig)
{
	case_sleep_ms(30);
	CASE_SYS(kill(getppid(), *(int *)sig));
	case_sleep_ms(30);
	CASE_SYS(kill(getppid(), SIGUSR2));
}

/* What a read that only signals can end gives: the first signal is @sig, the second has no SA_RESTART. */
static void interrupted(int fd, int sig, bool restarts)
{
	int64_t began = case_now_ns();
	pid_t pid = case_fork(kicker, &sig);
	char c;

	CASE_EQ(read(fd, &c, 1), -1);
	CASE_EQ(errno, EINTR);
	if (restarts)
		CASE_CHECK(case_now_ns() - began >= 60000000, "the read did not restart");
	case_join(pid);
}

int main(void)
{
	struct sigaction now;
	char *stack = case_map(65536);
	stack_t ss = { .ss_sp = stack, .ss_size = 65536 };
	int p[2];

	CASE_SYS(sigaltstack(&ss, NULL));
	CASE_SYS(pipe(p));
	action(SIGHUP, place, SA_RESTART);
	action(SIGUSR2, place, 0);
	action(SIGWINCH, nest, SA_NODEFER);
	action(SIGINT, follow, 0);
	action(SIGTERM, place, SA_RESETHAND);
	action(SIGUSR1, place, SA_ONSTACK);
	case_ready();
	interrupted(p[0], SIGHUP, true);
	interrupted(p[0], SIGUSR2, false);
	raise(SIGWINCH);
	CASE_EQ(deepest, 5);
	CASE_EQ(ran, 5);
	deepest = ran = 0;
	raise(SIGINT);
	CASE_EQ(deepest, 1);
	CASE_EQ(ran, 4);
	raise(SIGTERM);
	CASE_SYS(sigaction(SIGTERM, NULL, &now));
	CASE_CHECK(now.sa_handler == SIG_DFL, "SA_RESETHAND left the handler");
	raise(SIGUSR1);
	CASE_CHECK(where - (uintptr_t)stack < 65536, "the handler ran at %#lx", where);
	raise(SIGHUP);
	CASE_CHECK(where - (uintptr_t)stack >= 65536, "the handler ran at %#lx", where);
	return case_pass();
}
