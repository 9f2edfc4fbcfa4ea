/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is born after the restore is as before: a child by fork, by vfork and by clone with a parent of
 * its own choice, and a thread; it inherits mask, actions, limits, names and the shared memory.
 */
#include "case.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile int *shared;
static _Thread_local int own = 11;
static int common = 22;

static void *thread(void *arg)
{
	CASE_EQ(own, 11);
	own = 0;
	CASE_CHECK(case_tid() != getpid(), "the thread has the number of the process");
	common++;
	return arg;
}

static void inherited(void *arg)
{
	struct sigaction sa;
	char name[16] = "";
	sigset_t set;

	CASE_CHECK(arg == &common, "another argument");
	CASE_SYS(sigaction(SIGHUP, NULL, &sa));
	CASE_CHECK(sa.sa_handler == SIG_IGN, "SIGHUP is not ignored");
	CASE_SYS(sigprocmask(SIG_SETMASK, NULL, &set));
	CASE_EQ(sigismember(&set, SIGRTMAX), 1);
	CASE_SYS(prctl(PR_GET_NAME, name));
	CASE_CHECK(!strcmp(name, "born before"), "the name is %s", name);
	CASE_EQ(common, 23);
	common = 0;
	++*shared;
}

static void with_parent(void *arg)
{
	pid_t parent = getppid();
	pid_t pid = CASE_SYS(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));

	(void)arg;
	if (!pid) {
		CASE_EQ(getppid(), parent);
		++*shared;
		_exit(0);
	}
}

int main(void)
{
	pthread_t th;
	sigset_t set;
	void *result;
	int status;
	pid_t pid;

	shared = case_map_shared(4096);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	CASE_SYS(prctl(PR_SET_NAME, "born before"));
	case_ready();
	CASE_EQ(pthread_create(&th, NULL, thread, &own), 0);
	CASE_EQ(pthread_join(th, &result), 0);
	CASE_CHECK(result == &own, "another result of the thread");
	case_join(case_fork(inherited, &common));
	CASE_EQ(common, 23);
	pid = vfork();
	if (!pid)
		_exit(5);
	CASE_EQ(waitpid(pid, &status, 0), pid);
	CASE_EQ(status, W_EXITCODE(5, 0));
	case_join(case_fork(with_parent, NULL));
	CASE_CHECK(waitpid(-1, &status, 0) > 0 && status == 0,
		   "the grandchild is no child of ours");
	CASE_EQ(*shared, 2);
	return case_pass();
}
