// SPDX-License-Identifier: GPL-2.0-only
/*
 * task/freeze: whole trees are stopped and let go again, whatever state their tasks are in.  The
 * trees are children of this program, made anew for each group.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/stats.h"
#include "proc/stat.h"
#include "task/freeze.h"
#include "task/task.h"
#include "unit/unit.h"

enum { TIMEOUT_S = 20, SETTLE_US = 5000000 };

struct frozen {
	struct options opts;
	struct dump_stats stats;
	struct dump d;
};

static struct err *freeze(struct frozen *f, pid_t root, unsigned int timeout_s)
{
	*f = (struct frozen){ .opts = { .tree = root, .timeout_s = timeout_s } };
	f->d = (struct dump){ .arena = arena_new(), .opts = &f->opts, .stats = &f->stats };
	return freeze_tree(&f->d);
}

static void frozen_end(struct frozen *f)
{
	arena_free(f->d.arena);
}

static char state_of(pid_t pid)
{
	struct proc_stat st;

	CHECK_OK(proc_stat_read_pid(pid, &st));
	return st.state;
}

/* A task needs a moment to get where it goes. */
static void wait_state(pid_t pid, const char *states)
{
	uint64_t end = clock_us() + SETTLE_US;

	while (!strchr(states, state_of(pid))) {
		CHECK(clock_us() < end);
		usleep(1000);
	}
}

static pid_t spawn(void (*run)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* In an orphaned process group, as of a session leader's test, SIGTSTP does nothing. */
	setpgid(0, 0);
	run();
	_exit(0);
}

/* Where a task says that it is what the test wants. */
static int told_fd = -1;

static void tell_set_up(void)
{
	CHECK(write(told_fd, "", 1) == 1);
	close(told_fd);
}

/* As spawn(), and waits until @run has called tell_set_up(). */
static pid_t spawn_set_up(void (*run)(void))
{
	int told[2];
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	told_fd = told[1];
	pid = spawn(run);
	close(told[1]);
	CHECK(read(told[0], &c, 1) == 1);
	close(told[0]);
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void idle(void)
{
	for (;;)
		pause();
}

static void family(void)
{
	pid_t ended = fork(), stopped;
	siginfo_t info;

	if (!ended)
		_exit(3);
	stopped = fork();
	if (!stopped) {
		if (!fork())
			idle();
		raise(SIGSTOP);
		idle();
	}
	CHECK(!waitid(P_PID, (id_t)ended, &info, WEXITED | WNOWAIT));
	CHECK(!waitid(P_PID, (id_t)stopped, &info, WSTOPPED | WNOWAIT));
	tell_set_up();
	idle();
}

static size_t count(const struct tree *tree, enum task_state state)
{
	size_t nr = 0;

	for (size_t i = 0; i < tree->nr_tasks; i++)
		nr += tree->tasks[i]->state == state;
	return nr;
}

static void states_are_told(void)
{
	struct frozen f;
	pid_t pid = spawn_set_up(family);

	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK(f.d.tree.nr_tasks == 4 && f.d.tree.root->host_pid == pid && !f.d.tree.root->parent);
	CHECK(count(&f.d.tree, TASK_ALIVE) == 2 && count(&f.d.tree, TASK_DEAD) == 1);
	CHECK(count(&f.d.tree, TASK_STOPPED) == 1);
	for (size_t i = 1; i < f.d.tree.nr_tasks; i++) {
		struct task *t = f.d.tree.tasks[i];

		CHECK(t->parent && t->parent->index < t->index && t->nr_threads == 1);
		CHECK(t->state != TASK_STOPPED || t->stop_signal == SIGSTOP);
		CHECK(state_of(t->host_pid) == (t->state == TASK_DEAD ? 'Z' : 't'));
	}
	CHECK_OK(thaw_tree(&f.d));
	CHECK_OK(thaw_tree(&f.d));
	CHECK(f.stats.frozen_us > 0);
	for (size_t i = 0; i < f.d.tree.nr_tasks; i++) {
		struct task *t = f.d.tree.tasks[i];

		wait_state(t->host_pid, t->state == TASK_ALIVE ? "S" :
					t->state == TASK_DEAD  ? "Z" :
								 "T");
	}
	/* Only now: without its parent a zombie is gone as soon as init looks. */
	for (size_t i = 0; i < f.d.tree.nr_tasks; i++)
		if (f.d.tree.tasks[i]->state != TASK_DEAD)
			kill(f.d.tree.tasks[i]->host_pid, SIGKILL);
	waitpid(pid, NULL, 0);
	frozen_end(&f);
}

static void a_tree_stays_stopped(void)
{
	struct frozen f;
	pid_t pid = spawn(idle);

	wait_state(pid, "S");
	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK_OK(stop_tree(&f.d));
	wait_state(pid, "T");
	kill(pid, SIGCONT);
	wait_state(pid, "S");
	finish(pid);
	frozen_end(&f);
}

static void a_killed_tree_is_gone(void)
{
	struct frozen f;
	struct proc_stat st;
	pid_t pid = spawn_set_up(family);

	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK_OK(kill_tree(&f.d));
	for (size_t i = 1; i < f.d.tree.nr_tasks; i++) {
		struct err *e = proc_stat_read_pid(f.d.tree.tasks[i]->host_pid, &st);

		CHECK(e || st.state == 'Z');
		err_drop(e, "gone");
	}
	frozen_end(&f);
}

static void *thread_idle(void *arg)
{
	(void)arg;
	idle();
	return NULL;
}

static void threaded(void)
{
	pthread_t th;

	for (int i = 0; i < 50; i++)
		CHECK(!pthread_create(&th, NULL, thread_idle, NULL));
	tell_set_up();
	idle();
}

static void threads_are_stopped(void)
{
	struct frozen f;
	pid_t pid = spawn_set_up(threaded);

	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK(f.d.tree.nr_tasks == 1 && f.d.tree.root->nr_threads == 51);
	CHECK(f.d.tree.root->threads[0].host_tid == pid);
	CHECK_OK(thaw_tree(&f.d));
	kill(pid, SIGTSTP);
	wait_state(pid, "T");
	frozen_end(&f);
	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK(f.d.tree.root->state == TASK_STOPPED && f.d.tree.root->stop_signal == SIGTSTP);
	CHECK_OK(thaw_tree(&f.d));
	wait_state(pid, "T");
	finish(pid);
	frozen_end(&f);
}

static void vfork_long(void)
{
	struct timespec nap = { .tv_sec = 2 };

	if (!vfork()) {
		nanosleep(&nap, NULL);
		execl("/bin/sleep", "sleep", "100", NULL);
		_exit(1);
	}
	idle();
}

/* The parent cannot be stopped before its child execs, so the child must be let run. */
static void vfork_parents_are_waited_for(void)
{
	struct frozen f;
	pid_t pid = spawn(vfork_long);

	wait_state(pid, "D");
	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK(f.d.tree.nr_tasks == 2 && count(&f.d.tree, TASK_ALIVE) == 2);
	CHECK_OK(kill_tree(&f.d));
	frozen_end(&f);
}

static void vfork_parents_are_refused_in_time(void)
{
	struct frozen f;
	pid_t pid = spawn(vfork_long), child = fork();

	/*
	 * In a process of its own: a thread that never stopped stays attached until its tracer
	 * ends.
	 */
	if (!child) {
		wait_state(pid, "D");
		CHECK_ERR(freeze(&f, pid, 1), ERR_SYS);
		_exit(0);
	}
	int status;

	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
	wait_state(pid, "S");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void traced_tasks_are_refused(void)
{
	struct frozen f;
	int ready[2], byte = 0;
	pid_t pid = spawn(idle), tracer;

	CHECK(!pipe(ready));
	tracer = fork();
	if (!tracer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ptrace(PTRACE_SEIZE, pid, 0, 0) || write(ready[1], "x", 1) != 1)
			_exit(1);
		idle();
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	CHECK_ERR(freeze(&f, pid, TIMEOUT_S), ERR_UNSUPPORTED);
	frozen_end(&f);
	finish(tracer);
	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK_OK(kill_tree(&f.d));
	frozen_end(&f);
}

static void *thread_exits_last(void *arg)
{
	(void)arg;
	idle();
	return NULL;
}

static void leader_leaves(void)
{
	pthread_t th;

	pthread_create(&th, NULL, thread_exits_last, NULL);
	pthread_exit(NULL);
}

static void refused(pid_t root, enum err_code code)
{
	struct frozen f;

	CHECK_ERR(freeze(&f, root, TIMEOUT_S), code);
	frozen_end(&f);
}

static void impossible_roots_are_refused(void)
{
	pid_t pid = spawn(leader_leaves);

	wait_state(pid, "Z");
	refused(pid, ERR_UNSUPPORTED);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	refused(pid, ERR_GONE);
	refused(1, ERR_UNSUPPORTED);
	refused(0, ERR_USAGE);
	refused(getpid(), getpid() == 1 ? ERR_UNSUPPORTED : ERR_USAGE);
}

struct signal_page {
	atomic_long received, out_of_order;
	int last;
};

static struct signal_page *page_of_test(void *set)
{
	static struct signal_page *page;

	if (set)
		page = set;
	return page;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct signal_page *p = page_of_test(NULL);

	(void)sig;
	(void)context;
	if (info->si_value.sival_int != p->last + 1)
		p->out_of_order++;
	p->last = info->si_value.sival_int;
	p->received++;
}

static void take_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	sigaction(SIGRTMIN, &action, NULL);
	tell_set_up();
	for (;;)
		getppid();
}

/* A signal that comes between seize and interrupt is seen once, in order, with its value. */
static void no_signal_is_lost(void)
{
	struct signal_page *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t end;
	int sent = 0;
	pid_t pid, sender;

	CHECK(page != MAP_FAILED);
	page_of_test(page);
	pid = spawn_set_up(take_signals);
	sender = fork();
	if (!sender) {
		for (int i = 0; i < 20; i++) {
			struct frozen f;

			CHECK_OK(freeze(&f, pid, TIMEOUT_S));
			CHECK_OK(thaw_tree(&f.d));
			frozen_end(&f);
		}
		_exit(0);
	}
	while (!waitpid(sender, NULL, WNOHANG)) {
		union sigval value = { .sival_int = sent + 1 };

		if (!sigqueue(pid, SIGRTMIN, value))
			sent++;
		usleep(20);
	}
	end = clock_us() + SETTLE_US;
	while (page->received < sent && clock_us() < end)
		usleep(1000);
	CHECK(page->received == sent && !page->out_of_order && sent > 0);
	finish(pid);
	munmap(page, 4096);
}

static void forker(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 2; i++) {
		if (fork())
			continue;
		for (;;) {
			pid_t pid = fork();

			if (!pid) {
				/* A grandchild that its parent leaves behind. */
				fork();
				_exit(0);
			}
			waitpid(pid, NULL, 0);
		}
	}
	for (;;)
		wait(NULL);
}

static void *thread_nothing(void *arg)
{
	return arg;
}

static void threader(void)
{
	pthread_t th;

	for (;;) {
		if (!pthread_create(&th, NULL, thread_nothing, NULL))
			pthread_join(th, NULL);
	}
}

static void storm(void (*run)(void))
{
	pid_t pid = spawn(run);
	struct frozen f;

	usleep(50000);
	for (int i = 0; i < 20; i++) {
		CHECK_OK(freeze(&f, pid, TIMEOUT_S));
		/* Nobody moves: the same list a moment later. */
		for (size_t k = 0; k < f.d.tree.nr_tasks; k++) {
			const struct task *t = f.d.tree.tasks[k];

			CHECK(state_of(t->host_pid) == (t->state == TASK_DEAD ? 'Z' : 't'));
		}
		CHECK_OK(thaw_tree(&f.d));
		frozen_end(&f);
		usleep(2000);
	}
	CHECK_OK(freeze(&f, pid, TIMEOUT_S));
	CHECK_OK(kill_tree(&f.d));
	frozen_end(&f);
}

static void storms_are_frozen(void)
{
	storm(forker);
	storm(threader);
}

int main(void)
{
	UNIT_RUN(impossible_roots_are_refused);
	UNIT_RUN(states_are_told);
	UNIT_RUN(a_tree_stays_stopped);
	UNIT_RUN(a_killed_tree_is_gone);
	UNIT_RUN(threads_are_stopped);
	UNIT_RUN(traced_tasks_are_refused);
	UNIT_RUN(vfork_parents_are_waited_for);
	UNIT_RUN(vfork_parents_are_refused_in_time);
	UNIT_RUN(no_signal_is_lost);
	UNIT_RUN(storms_are_frozen);
	return 0;
}
