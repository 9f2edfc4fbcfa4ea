// SPDX-License-Identifier: GPL-2.0-only
/*
 * task/cgroup_freezer: a tree is frozen by its cgroup, of both versions; the group is left as it
 * was found, also when the tool is killed while it holds the group.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/options.h"
#include "base/stats.h"
#include "kernel/features.h"
#include "proc/mountinfo.h"
#include "proc/pid.h"
#include "proc/stat.h"
#include "task/freeze.h"
#include "task/task.h"
#include "unit/unit.h"

enum { SETTLE_US = 5000000, HOLD_S = 100 };

struct group {
	bool is_v2;
	char dir[PATH_MAX];
	pid_t root, stranger; /* both are in it; the stranger is not of the tree */
};

static struct group *open_group; /* of this process, or NULL */
static pid_t owner;

static void write_file(const char *dir, const char *name, const char *text)
{
	AUTO_FD fd = -1;

	CHECK_OK(fd_open_at(AT_FDCWD, O_WRONLY, &fd, "%s/%s", dir, name));
	CHECK_OK(fd_write_all(fd, text, strlen(text)));
}

static bool is_frozen(const struct group *g)
{
	AUTO_FREE char *text = NULL;

	CHECK_OK(file_slurp_at(AT_FDCWD, &text, NULL, "%s/%s", g->dir,
			       g->is_v2 ? "cgroup.freeze" : "freezer.state"));
	return g->is_v2 ? text[0] == '1' : strcmp(text, "THAWED\n") != 0;
}

static void set_frozen(const struct group *g, bool frozen)
{
	if (g->is_v2)
		write_file(g->dir, "cgroup.freeze", frozen ? "1" : "0");
	else
		write_file(g->dir, "freezer.state", frozen ? "FROZEN" : "THAWED");
	usleep(50000);
}

static char state_of(pid_t pid)
{
	struct proc_stat st;

	CHECK_OK(proc_stat_read_pid(pid, &st));
	return st.state;
}

static void wait_state(pid_t pid, const char *states)
{
	uint64_t end = clock_us() + SETTLE_US;

	while (!strchr(states, state_of(pid))) {
		CHECK(clock_us() < end);
		usleep(1000);
	}
}

/* Returns when it is in the group, and its child too. */
static pid_t spawn_into(const struct group *g, bool with_child)
{
	int told[2];
	char text[16];
	pid_t pid;

	CHECK(!pipe(told));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(text, sizeof(text), "%d", getpid());
		write_file(g->dir, "cgroup.procs", text);
		if (with_child && !fork())
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		else
			CHECK(write(told[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(told[0], text, 1) == 1);
	close(told[0]);
	close(told[1]);
	return pid;
}

/* After a failure too nothing stays frozen: what lies in a frozen group cannot even be killed. */
static void group_end(void)
{
	struct group *g = open_group;
	uint64_t end = clock_us() + SETTLE_US;

	if (!g || getpid() != owner)
		return;
	open_group = NULL;
	set_frozen(g, false);
	kill(g->stranger, SIGKILL);
	kill(g->root, SIGKILL);
	waitpid(g->stranger, NULL, 0);
	waitpid(g->root, NULL, 0);
	while (rmdir(g->dir) && clock_us() < end)
		usleep(1000);
}

static void group_start(struct group *g, const char *mountpoint, bool is_v2)
{
	g->is_v2 = is_v2;
	snprintf(g->dir, sizeof(g->dir), "%s/criu-lite.unit.%d", mountpoint, getpid());
	CHECK(!mkdir(g->dir, 0700));
	open_group = g;
	g->root = spawn_into(g, true);
	g->stranger = spawn_into(g, false);
}

static struct err *freeze(struct dump *d, const struct group *g, bool by_group)
{
	struct options *opts = ARENA_NEW(d->arena, struct options);

	opts->tree = g->root;
	opts->timeout_s = 10;
	opts->freeze_cgroup = by_group ? g->dir : NULL;
	d->opts = opts;
	return freeze_tree(d);
}

static void a_group_is_thawed_again(struct group *g)
{
	struct dump d = { .arena = arena_new() };

	CHECK_OK(freeze(&d, g, true));
	CHECK(d.tree.nr_tasks == 2 && !is_frozen(g));
	CHECK(state_of(g->root) == 't');
	wait_state(g->stranger, "S");
	CHECK_OK(thaw_tree(&d));
	wait_state(g->root, "S");
	arena_free(d.arena);
}

static void a_stopped_task_is_no_trap(struct group *g)
{
	struct dump d = { .arena = arena_new() };

	kill(g->root, SIGSTOP);
	wait_state(g->root, "T");
	CHECK_OK(freeze(&d, g, true));
	CHECK(d.tree.nr_tasks == 2 && d.tree.root->state == TASK_STOPPED && !is_frozen(g));
	CHECK_OK(thaw_tree(&d));
	wait_state(g->root, "T");
	kill(g->root, SIGCONT);
	wait_state(g->root, "S");
	arena_free(d.arena);
}

static void a_frozen_group_is_frozen_again(struct group *g)
{
	struct dump d = { .arena = arena_new() };

	set_frozen(g, true);
	CHECK_ERR(freeze(&d, g, false), ERR_UNSUPPORTED);
	CHECK_OK(freeze(&d, g, true));
	CHECK(d.tree.nr_tasks == 2 && !is_frozen(g));
	CHECK_OK(thaw_tree(&d));
	CHECK(is_frozen(g));
	set_frozen(g, false);
	wait_state(g->root, "S");
	arena_free(d.arena);
}

/* The tool is killed while the tree is frozen: the guard sees to the group, the kernel to the rest. */
static void a_killed_tool_leaves_no_trace(struct group *g, bool was_frozen)
{
	struct dump d = { .arena = arena_new() };
	uint64_t end = clock_us() + SETTLE_US;
	int ready[2];
	char byte;
	pid_t tool;

	set_frozen(g, was_frozen);
	CHECK(!pipe2(ready, O_CLOEXEC));
	tool = fork();
	if (!tool) {
		CHECK_OK(freeze(&d, g, true));
		CHECK(write(ready[1], "x", 1) == 1);
		sleep(HOLD_S);
		_exit(0);
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	kill(tool, SIGKILL);
	waitpid(tool, NULL, 0);
	while (is_frozen(g) != was_frozen) {
		CHECK(clock_us() < end);
		usleep(1000);
	}
	set_frozen(g, false);
	wait_state(g->root, "S");
	close(ready[0]);
	close(ready[1]);
	arena_free(d.arena);
}

static void our_own_group_is_refused(struct group *g)
{
	struct dump d = { .arena = arena_new() };
	int status;
	char text[16];
	pid_t pid = fork();

	if (!pid) {
		snprintf(text, sizeof(text), "%d", getpid());
		write_file(g->dir, "cgroup.procs", text);
		CHECK_ERR(freeze(&d, g, true), ERR_USAGE);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK(!is_frozen(g));
	arena_free(d.arena);
}

static void a_group_can_be_killed(struct group *g)
{
	struct dump d = { .arena = arena_new() };

	CHECK_OK(freeze(&d, g, true));
	CHECK_OK(kill_tree(&d));
	CHECK(!is_frozen(g) && state_of(g->stranger) == 'S');
	arena_free(d.arena);
}

static void run_all(const char *mountpoint, bool is_v2)
{
	static struct group g;

	fprintf(stderr, "  %s\n", is_v2 ? "cgroup v2" : "cgroup v1");
	group_start(&g, mountpoint, is_v2);
	a_group_is_thawed_again(&g);
	a_stopped_task_is_no_trap(&g);
	a_frozen_group_is_frozen_again(&g);
	a_killed_tool_leaves_no_trace(&g, false);
	a_killed_tool_leaves_no_trace(&g, true);
	our_own_group_is_refused(&g);
	a_group_can_be_killed(&g);
	group_end();
}

static const char *find_mount(const struct proc_mounts *mounts, bool is_v2)
{
	for (size_t i = 0; i < mounts->nr; i++) {
		const struct proc_mount *m = &mounts->list[i];

		if (is_v2 ? !strcmp(m->fs_type, "cgroup2") :
			    !strcmp(m->fs_type, "cgroup") && strstr(m->fs_options, "freezer"))
			return m->mountpoint;
	}
	return NULL;
}

int main(void)
{
	static const enum kernel_feature set[] = { KF_CGROUP_FREEZER_V1, KF_CGROUP_FREEZER_V2 };
	struct kernel_features k = { 0 };
	struct arena *a = arena_new();
	struct proc_mounts mounts;
	int dirfd;

	owner = getpid();
	CHECK(!atexit(group_end));
	kernel_probe(&k, set, ARRAY_SIZE(set));
	CHECK_OK(proc_open(getpid(), &dirfd));
	CHECK_OK(proc_mounts_read(dirfd, a, &mounts));
	if (!kernel_has(&k, KF_CGROUP_FREEZER_V1) && !kernel_has(&k, KF_CGROUP_FREEZER_V2))
		unit_skip("no cgroup freezer is mounted here, or we may not make groups");
	for (int is_v2 = 0; is_v2 < 2; is_v2++) {
		if (kernel_has(&k, set[is_v2]))
			run_all(find_mount(&mounts, is_v2), is_v2);
	}
	close(dirfd);
	arena_free(a);
	return 0;
}
