// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is promised to be on the disk before what: the system calls of a child are watched, and each removal or new
 * name must come behind the sync of what it relies on.
 */
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/dedup.h"
#include "image/dir_priv.h"
#include "image/pages.h"
#include "image/squash.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42, NR_PAGES = 40, MAX_EVENTS = 4096 };

enum act { WRITE, SYNC_FS, SYNC_FILE, RENAME, PUNCH };

struct event {
	enum act act;
	char path[PATH_MAX]; /* of a new name: the new one */
};

static struct event events[MAX_EVENTS];
static size_t nr_events;
static char base[64];
static const char *run_path; /* of the set that the child works on */

/* --- watching --- */

static bool fd_path(pid_t pid, uint64_t fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, (int)fd);
	len = readlink(link, out, PATH_MAX - 1);
	if (len < 0)
		return false;
	out[len] = 0;
	return true;
}

static void add(enum act act, const char *path)
{
	if (strncmp(path, base, strlen(base)))
		return; /* the log, and what else is none of the images */
	CHECK(nr_events < MAX_EVENTS);
	events[nr_events].act = act;
	snprintf(events[nr_events++].path, PATH_MAX, "%s", path);
}

static void add_fd(pid_t pid, enum act act, uint64_t fd)
{
	char path[PATH_MAX];

	if (fd_path(pid, fd, path))
		add(act, path);
}

static void add_rename(pid_t pid, uint64_t dirfd, uint64_t name_at)
{
	char dir[PATH_MAX], name[256] = "", path[PATH_MAX + 256];
	struct iovec to = { name, sizeof(name) - 1 }, from = { (void *)name_at, sizeof(name) - 1 };

	CHECK(process_vm_readv(pid, &to, 1, &from, 1, 0) > 0 && fd_path(pid, dirfd, dir));
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	add(RENAME, path);
}

/* One behind the end of the file takes nothing away. */
static void add_punch(pid_t pid, const uint64_t *args)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, (int)args[0]);
	CHECK(!stat(link, &st));
	if (args[1] & FALLOC_FL_PUNCH_HOLE && args[2] < (uint64_t)st.st_size)
		add_fd(pid, PUNCH, args[0]);
}

static void note(pid_t pid, uint64_t nr, const uint64_t *args)
{
	switch (nr) {
	case SYS_write:
	case SYS_pwrite64:
	case SYS_writev:
	case SYS_pwritev:
	case SYS_ftruncate:
	case SYS_sendfile:
		add_fd(pid, WRITE, args[0]);
		break;
	case SYS_copy_file_range:
		add_fd(pid, WRITE, args[2]);
		break;
	case SYS_ioctl:
		if (args[1] == FICLONERANGE)
			add_fd(pid, WRITE, args[0]);
		break;
	case SYS_syncfs:
		add_fd(pid, SYNC_FS, args[0]);
		break;
	case SYS_fsync:
	case SYS_fdatasync:
		add_fd(pid, SYNC_FILE, args[0]);
		break;
	case SYS_renameat:
	case SYS_renameat2:
		add_rename(pid, args[2], args[3]);
		break;
	case SYS_fallocate:
		add_punch(pid, args);
		break;
	}
}

/* All that @run does, in a child, in the order in which it is done. */
static void watch(void (*run)(void))
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid) {
		CHECK(!ptrace(PTRACE_TRACEME, 0, 0, 0) && !raise(SIGSTOP));
		run();
		_exit(0);
	}
	nr_events = 0;
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	for (;;) {
		struct __ptrace_syscall_info info = { 0 };

		CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, 0) && waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			break;
		CHECK(WSTOPSIG(status) == (SIGTRAP | 0x80));
		CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			note(pid, info.entry.nr, (const uint64_t *)info.entry.args);
	}
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* --- what was seen --- */

static bool ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len >= end_len && !strcmp(path + len - end_len, end);
}

/* Places count from 1; 0: it was not seen. */
static size_t first_of(enum act act, const char *end)
{
	for (size_t i = 0; i < nr_events; i++)
		if (events[i].act == act && ends_with(events[i].path, end))
			return i + 1;
	return 0;
}

static size_t last_of(enum act act, const char *end)
{
	for (size_t i = nr_events; i--;)
		if (events[i].act == act && ends_with(events[i].path, end))
			return i + 1;
	return 0;
}

/* Something of that sort between the two places. */
static bool is_between(size_t after, size_t before, enum act act, const char *end)
{
	for (size_t i = after; i + 1 < before; i++)
		if (events[i].act == act && ends_with(events[i].path, end))
			return true;
	return false;
}

/* --- sets --- */

static const char *sub(const char *name)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn++ % 4];

	file_path(path, sizeof(paths[0]), base, name);
	return path;
}

static void set_make(const char *name, const char *parent, bool is_durable)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	char page[PAGE];
	uint64_t at;

	CHECK(!mkdir(sub(name), 0700));
	CHECK_OK(image_dir_create(sub(name), parent, &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	for (uint64_t p = 0; p < NR_PAGES; p++) {
		CHECK_OK(page_sink_run(sink, p * PAGE, 1, PAGE_PRESENT, &at));
		memset(page, (int)p + 1, PAGE);
		CHECK_OK(page_sink_data(sink, at, 1, page));
	}
	CHECK_OK(page_sink_finish(sink));
	image_dir_set_durable(dir, is_durable);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

/* Of a set @name: all of it is on the disk before it is called a set, and so is the name before the end. */
static void check_commit(const char *name)
{
	char dir[64], inventory[128], manifest[128], pages[128];
	size_t named, written;

	snprintf(dir, sizeof(dir), "/%s", name);
	snprintf(inventory, sizeof(inventory), "%s/inventory.img", dir);
	snprintf(manifest, sizeof(manifest), "%s/%s", dir, MANIFEST_NAME);
	snprintf(pages, sizeof(pages), "%s/pages-1.img", dir);
	named = last_of(RENAME, inventory);
	CHECK(named && named == first_of(RENAME, inventory));
	CHECK(last_of(WRITE, pages) && last_of(WRITE, pages) < named);
	CHECK(last_of(WRITE, manifest) && last_of(WRITE, manifest) < named);
	written = last_of(WRITE, "");
	CHECK(written < named && is_between(written, named, SYNC_FS, dir));
	CHECK(last_of(SYNC_FILE, dir) > named);
}

/* --- the promises --- */

static void make_durable(void)
{
	set_make("durable", NULL, true);
}

static void make_quick(void)
{
	set_make("quick", NULL, false);
}

static void a_durable_set_is_whole_before_it_is_one(void)
{
	watch(make_durable);
	check_commit("durable");
}

/* The tree stands still meanwhile: criu/image/commit.c tells what a sync would cost. */
static void a_dump_waits_for_no_disk(void)
{
	watch(make_quick);
	CHECK(first_of(RENAME, "/quick/inventory.img"));
	CHECK(!first_of(SYNC_FS, "") && !first_of(SYNC_FILE, ""));
}

static void squash(void)
{
	struct image_dir *dir = NULL;
	struct squash_stats stats;

	CHECK_OK(image_dir_open(run_path, &dir));
	CHECK_OK(image_squash(dir, sub("squashed"), NULL, &stats));
	image_dir_close(dir);
}

static void squashed_sets_may_be_removed(void)
{
	CHECK(!mkdir(sub("squashed"), 0700));
	run_path = sub("quick");
	watch(squash);
	check_commit("squashed");
}

static void dedup(void)
{
	struct dedup_stats stats = { 0 };
	struct image_dir *dir = NULL;

	CHECK_OK(image_dir_open(run_path, &dir));
	CHECK_OK(image_dedup(dir, &stats));
	CHECK(stats.nr_pages == NR_PAGES);
	image_dir_close(dir);
}

/* Files of the older set that are written anew: synced behind the last write and in front of @before. */
static void check_renewed(const char *name, size_t before)
{
	size_t written = last_of(WRITE, name);

	CHECK(written && is_between(written, before, SYNC_FILE, name));
}

static void older_pages_go_when_newer_ones_are_safe(void)
{
	size_t punched, named;

	set_make("newer", "../quick", false);
	run_path = sub("newer");
	watch(dedup);
	punched = first_of(PUNCH, "/quick/pages-1.img");
	named = first_of(RENAME, "/quick/inventory.img");
	CHECK(named && punched > named);
	CHECK(first_of(SYNC_FS, "/newer") && first_of(SYNC_FS, "/newer") < first_of(WRITE, ""));
	check_renewed("/quick/" MANIFEST_NEW_NAME, named);
	check_renewed("/quick/" INVENTORY_PART_NAME, named);
	CHECK(is_between(last_of(RENAME, "/quick/" MANIFEST_NAME), punched, SYNC_FILE, "/quick"));
}

int main(void)
{
	static const char *const subs[] = { "durable", "quick", "squashed", "newer" };

	scratch_make(base);
	UNIT_RUN(a_durable_set_is_whole_before_it_is_one);
	UNIT_RUN(a_dump_waits_for_no_disk);
	UNIT_RUN(squashed_sets_may_be_removed);
	UNIT_RUN(older_pages_go_when_newer_ones_are_safe);
	for (size_t i = 0; i < ARRAY_SIZE(subs); i++)
		scratch_remove(sub(subs[i]));
	CHECK(!rmdir(base));
	return 0;
}
