/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptor tables of a tree, dumped and made again by workers that do nothing else: numbers, flags, positions,
 * bytes in pipes and who shares what with whom must be what they were.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/options.h"
#include "files/files.h"
#include "image/dir.h"
#include "task/kobj.h"
#include "task/stage.h"
#include "task/task.h"
#include "unit.h"

enum { MAX_TASKS = 32, MAX_FDS = 400, FIRST_PID = 100 };

/* The tree to make: a parent for each task, in tree order; pids are FIRST_PID and up. */
struct shape {
	const char *name;
	int parents[MAX_TASKS];
	int nr_tasks;
	/* Runs in task @i, with what its parent had when it forked. */
	void (*fill)(int i);
	unsigned long clone_flags[MAX_TASKS];
};

/* Shared with all tasks of the tree. */
static struct {
	int nr_ready;
	int nr_restored;
	int failed;
} * board;

static void wait_for(const int *counter, int value)
{
	for (int i = 0; i < 5000 && __atomic_load_n(counter, __ATOMIC_SEQ_CST) < value; i++)
		usleep(1000);
	CHECK(__atomic_load_n(counter, __ATOMIC_SEQ_CST) >= value);
}

static pid_t make(int index, unsigned long flags)
{
	pid_t pid = FIRST_PID + index;
	struct clone_args args = { .flags = flags,
				   .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&pid,
				   .set_tid_size = 1 };
	pid_t made = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	CHECK(made >= 0);
	return made;
}

/* Makes the children of task @i; the number of the task that this process is then. */
static int make_children(const struct shape *s, int i)
{
	for (int c = 1; c < s->nr_tasks; c++)
		if (s->parents[c] == i && !make(c, s->clone_flags[c]))
			return c;
	return i;
}

static void run_task(const struct shape *s)
{
	for (int i = 0, me = -1; i != me; i = make_children(s, me)) {
		me = i;
		s->fill(me);
	}
	__atomic_add_fetch(&board->nr_ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

/* --- shapes --- */

static int opened(int flags, off_t pos)
{
	int fd = open("data", flags | O_CREAT, 0644);

	CHECK(fd >= 0 && lseek(fd, pos, SEEK_SET) == pos);
	return fd;
}

static void fill_inherit(int i)
{
	for (int n = 0; !i && n < 40; n++)
		CHECK(fcntl(opened(O_RDWR, n), F_DUPFD_CLOEXEC, 100 + 2 * n) >= 0);
	/* Each generation loses, moves and adds some. */
	close(100 + 2 * i);
	CHECK(dup3(110 + 2 * i, 200 + i, i % 2 ? O_CLOEXEC : 0) >= 0);
	CHECK(dup2(200 + i, 50 - i) >= 0);
	CHECK(fcntl(120 + 2 * i, F_SETFD, 0) == 0);
	CHECK(dup2(130, 131 + 10 * (i % 3)) >= 0);
	opened(O_WRONLY | O_APPEND, 0);
}

/* A chain of pipes between siblings, whose parent keeps none of the ends. */
static int chain[8][2];

static void fill_pipeline(int i)
{
	if (!i) {
		for (int n = 0; n < 8; n++) {
			CHECK(!pipe2(chain[n], n % 2 ? O_DIRECT | O_CLOEXEC : O_NONBLOCK));
			CHECK(write(chain[n][1], "in the pipe", 5 + (size_t)n) == 5 + n);
		}
		return;
	}
	for (int n = 0; n < 8; n++) {
		if (n != i)
			close(chain[n][0]);
		if (n != i - 1)
			close(chain[n][1]);
	}
}

static void fill_share(int i)
{
	if (!i)
		for (int n = 0; n < 20; n++)
			opened(O_RDWR, n);
	if (i == 2 || i == 4)
		CHECK(dup2(5, 60 + i) >= 0 && close(6) == 0);
	CHECK(open("/proc/self/status", O_RDONLY) >= 0);
	CHECK(open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0);
}

static void fill_odd(int i)
{
	char name[32];
	int fd, ends[2], other;

	snprintf(name, sizeof(name), "gone%d", i);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0640);
	CHECK(fd >= 0 && pwrite(fd, name, 5, 70000) == 5 && lseek(fd, 3, SEEK_SET) == 3);
	CHECK(!unlink(name));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK(open(name, O_RDONLY) >= 0);
	CHECK(!mkdir("gonedir", 0700) && open("gonedir", O_RDONLY) >= 0 && !rmdir("gonedir"));
	CHECK(!pipe(ends) && fcntl(ends[0], F_SETPIPE_SZ, 1 << 18) > 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	other = open(name, O_RDWR | O_NONBLOCK);
	CHECK(other >= 0 && write(other, "abc", 3) == 3);
	CHECK(!pipe(ends) && write(ends[1], "xyz", 3) == 3 && !close(ends[1]));
	CHECK(!pipe(ends) && !close(ends[0]));
	CHECK(!mkfifo("ff", 0600) || errno == EEXIST);
	fd = open("ff", O_RDWR | O_NONBLOCK);
	CHECK(fd >= 0 && (i || write(fd, "fifo", 4) == 4));
	CHECK(open("ff", O_RDONLY | O_NONBLOCK) >= 0 && open("ff", O_WRONLY) >= 0);
	CHECK(open("data", O_PATH) >= 0);
	CHECK(fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETSIG, SIGUSR1) == 0);
}

#define WITH_FILES (CLONE_FILES | CLONE_FS)

static const struct shape shapes[] = {
	{ .name = "inherited",
	  .parents = { -1, 0, 0, 1, 1, 2, 3, 6 },
	  .nr_tasks = 8,
	  .fill = fill_inherit },
	{ .name = "pipeline",
	  .parents = { -1, 0, 0, 0, 0, 0, 0, 0, 0 },
	  .nr_tasks = 9,
	  .fill = fill_pipeline },
	{ .name = "one table",
	  .parents = { -1, 0, 1, 1, 2, 4 },
	  .nr_tasks = 6,
	  .fill = fill_share,
	  .clone_flags = { 0, WITH_FILES, 0, WITH_FILES, CLONE_FILES, CLONE_FS } },
	{ .name = "odd files", .parents = { -1, 0, 1 }, .nr_tasks = 3, .fill = fill_odd },
};

/* --- what a tree looks like from outside --- */

struct sign {
	int task, fd;
	unsigned int mode;
	char flags_and_pos[64];
	char text[300];
	int queued; /* bytes in a pipe */
	int first;  /* the first entry that is the same open file */
};

struct look {
	struct sign list[MAX_TASKS * MAX_FDS / 8];
	int nr;
};

static int queued(pid_t pid, int number)
{
	int pidfd = pidfd_open(pid, 0), fd = pidfd_getfd(pidfd, number, 0), bytes = 0;

	CHECK(fd >= 0);
	if (ioctl(fd, FIONREAD, &bytes))
		bytes = -1; /* O_PATH */
	close(fd);
	close(pidfd);
	return bytes;
}

static void read_sign(int task, int fd, struct sign *s)
{
	char path[64], text[512];
	struct stat st;
	ssize_t len;
	int info;

	memset(s, 0, sizeof(*s));
	s->task = task;
	s->fd = fd;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", FIRST_PID + task, fd);
	CHECK(!stat(path, &st));
	s->mode = st.st_mode;
	len = readlink(path, s->text, sizeof(s->text) - 1);
	CHECK(len > 0);
	/* The number of a pipe is a new one. */
	if (!strncmp(s->text, "pipe:", 5))
		memset(s->text + 5, 0, sizeof(s->text) - 5);
	s->queued = S_ISFIFO(st.st_mode) ? queued(FIRST_PID + task, fd) : 0;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", FIRST_PID + task, fd);
	info = open(path, O_RDONLY);
	len = read(info, text, sizeof(text) - 1);
	CHECK(len > 0);
	text[len] = '\0';
	close(info);
	snprintf(s->flags_and_pos, sizeof(s->flags_and_pos), "%.*s",
		 (int)(strstr(text, "mnt_id") - text), text);
}

static int find_first(const struct look *l, int i)
{
	const struct sign *s = &l->list[i];

	for (int n = 0; n < i; n++)
		if (!syscall(SYS_kcmp, FIRST_PID + s->task, FIRST_PID + l->list[n].task, KOBJ_FILE,
			     s->fd, l->list[n].fd))
			return n;
	return i;
}

static int by_fd(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void look_at(const struct shape *s, struct look *l)
{
	l->nr = 0;
	for (int t = 0; t < s->nr_tasks; t++) {
		int fds[MAX_FDS], nr = 0;
		char path[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/fd", FIRST_PID + t);
		dir = opendir(path);
		CHECK(dir);
		for (struct dirent *e; (e = readdir(dir));)
			if (e->d_name[0] != '.' && nr < MAX_FDS)
				fds[nr++] = atoi(e->d_name);
		closedir(dir);
		qsort(fds, (size_t)nr, sizeof(*fds), by_fd);
		for (int i = 0; i < nr; i++) {
			read_sign(t, fds[i], &l->list[l->nr]);
			l->list[l->nr].first = find_first(l, l->nr);
			l->nr++;
		}
	}
}

static void compare(const struct look *a, const struct look *b)
{
	for (int i = 0; i < a->nr && i < b->nr; i++) {
		const struct sign *x = &a->list[i], *y = &b->list[i];

		if (memcmp(x, y, sizeof(*x))) {
			fprintf(stderr, "task %d fd %d was %o \"%s\" same as %d\n%s", x->task,
				x->fd, x->mode, x->text, x->first, x->flags_and_pos);
			fprintf(stderr, "task %d fd %d is %o \"%s\" same as %d\n%s", y->task, y->fd,
				y->mode, y->text, y->first, y->flags_and_pos);
			exit(1);
		}
	}
	CHECK(a->nr == b->nr);
}

/* --- dump and restore --- */

static const struct options options = { .ghost_limit = 1 << 20, .file_validation_build_id = true };

static void add_tasks(const struct shape *s, struct tree *tree, struct arena *a)
{
	for (int i = 0; i < s->nr_tasks; i++) {
		struct task *t = tree_add(tree, a, i ? tree->tasks[s->parents[i]] : NULL);

		t->ns_pid = t->host_pid = FIRST_PID + i;
		t->sid = t->pgid = 1;
		t->state = TASK_ALIVE;
	}
}

static void dump_tree(const struct shape *s, const char *path, TaskKobjIdsEntry *ids)
{
	struct dump d = { .arena = arena_new(), .opts = &options };
	InventoryEntry inv = INVENTORY_ENTRY__INIT;

	add_tasks(s, &d.tree, d.arena);
	CHECK_OK(image_dir_create(path, NULL, &d.images));
	CHECK_OK(kobj_ids_assign(&d));
	CHECK_OK(files_probe(&d));
	CHECK_OK(d.blockers);
	CHECK_OK(files_dump(&d));
	inv.img_version = 2;
	inv.has_fdinfo_per_id = inv.fdinfo_per_id = true;
	CHECK_OK(image_dir_commit(d.images, &inv));
	for (int i = 0; i < s->nr_tasks; i++)
		ids[i] = *d.tree.tasks[i]->ids;
	image_dir_close(d.images);
	arena_free(d.arena);
}

static void give_up(const struct worker *w, struct err *e)
{
	fprintf(stderr, "task %d: %s\n", w->task->ns_pid, err_message(e));
	__atomic_store_n(&board->failed, 1, __ATOMIC_SEQ_CST);
	stage_give_up(w->restore->stage, (uint32_t)w->task->index, e);
}

static void be_worker(const struct shape *s, struct restore *r)
{
	struct worker w = { .restore = r, .fd_floor = files_fd_floor(r) };
	struct err *e;

	for (int i = 0, me = -1; i != me; i = make_children(s, me)) {
		me = i;
		w.task = r->tree.tasks[me];
		e = files_restore_early(&w);
		if (e)
			give_up(&w, e);
	}
	e = files_restore_worker(&w);
	if (!e)
		e = files_restore_fs(&w);
	if (e)
		give_up(&w, e);
	__atomic_add_fetch(&board->nr_restored, 1, __ATOMIC_SEQ_CST);
	wait_for(&board->nr_restored, s->nr_tasks);
	close_range((unsigned int)w.fd_floor, ~0u, 0);
	__atomic_add_fetch(&board->nr_ready, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static void restore_tree(const struct shape *s, const char *path, TaskKobjIdsEntry *ids)
{
	struct restore r = { .arena = arena_new(), .opts = &options };
	uint32_t nr = (uint32_t)s->nr_tasks;

	add_tasks(s, &r.tree, r.arena);
	for (int i = 0; i < s->nr_tasks; i++)
		r.tree.tasks[i]->ids = &ids[i];
	CHECK_OK(image_dir_open(path, &r.images));
	CHECK_OK(files_read(&r));
	CHECK_OK(stage_new(nr, nr, nr, files_fd_floor(&r), &r.stage));
	CHECK_OK(files_prepare(&r));
	if (!make(0, 0))
		be_worker(s, &r);
	wait_for(&board->nr_ready, s->nr_tasks);
	CHECK(!board->failed);
	CHECK_OK(files_restore_finish(&r));
	files_restore_commit(&r);
	image_dir_close(r.images);
	arena_free(r.arena);
}

static void kill_tree(const struct shape *s)
{
	for (int i = 0; i < s->nr_tasks; i++)
		CHECK(!kill(FIRST_PID + i, SIGKILL));
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	memset(board, 0, sizeof(*board));
}

static void check_shape(const struct shape *s)
{
	static struct look before, after;
	TaskKobjIdsEntry ids[MAX_TASKS];
	char path[64];

	fprintf(stderr, "  %s\n", s->name);
	snprintf(path, sizeof(path), "images-%d", (int)(s - shapes));
	CHECK(!mkdir(path, 0700));
	if (!make(0, 0)) {
		/* What this test was started with was opened in another mount namespace. */
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd <= 2; fd++)
			CHECK(dup2(null, fd) == fd);
		close_range(3, ~0u, 0);
		run_task(s);
	}
	wait_for(&board->nr_ready, s->nr_tasks);
	look_at(s, &before);
	dump_tree(s, path, ids);
	kill_tree(s);
	restore_tree(s, path, ids);
	look_at(s, &after);
	kill_tree(s);
	CHECK(before.nr > 3);
	compare(&before, &after);
}

static int all_shapes(const char *dir)
{
	CHECK(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mount("proc", "/proc", "proc", 0, NULL));
	CHECK(!chdir(dir));
	CHECK(open("/dev/null", O_RDWR) >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		check_shape(&shapes[i]);
	return 0;
}

int main(void)
{
	struct clone_args args = { .flags = CLONE_NEWPID | CLONE_NEWNS, .exit_signal = SIGCHLD };
	char dir[] = "/tmp/files-tree.XXXXXX", command[64];
	int status = 0;
	pid_t init;

	CHECK(mkdtemp(dir));
	board = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(board != MAP_FAILED);
	init = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (init < 0) {
		rmdir(dir);
		unit_skip("needs root and namespaces");
	}
	if (!init)
		_exit(all_shapes(dir));
	CHECK(waitpid(init, &status, 0) == init);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(!system(command));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
