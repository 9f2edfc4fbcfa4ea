// SPDX-License-Identifier: GPL-2.0-only
/* base/: failures, arenas, descriptors, steps. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/steps.h"
#include "unit/unit.h"

static void err_keeps_its_parts(void)
{
	struct err *e = err_sys(ENOENT, "cannot open \"%s\"", "/x");

	CHECK(err_code(e) == ERR_SYS && err_errno(e) == ENOENT);
	CHECK_STR(err_message(e), "cannot open \"/x\": No such file or directory");
	CHECK(!err_hint_text(e));
	e = err_hint(e, "create %s", "it");
	e = err_hint(e, "a second hint is less specific");
	e = err_context(e, "task %d", 7);
	CHECK_STR(err_message(e), "task 7: cannot open \"/x\": No such file or directory");
	CHECK_STR(err_hint_text(e), "create it");
	err_drop(e, "test");
	CHECK(!err_hint(NULL, "nothing") && !err_context(NULL, "nothing"));
	CHECK_ERR(err_sys(ESRCH, "gone"), ERR_GONE);
	CHECK_ERR(err_sys(ENOMEM, "large"), ERR_NOMEM);
}

static void err_joins_in_order(void)
{
	struct err *e = NULL;
	const struct err *i;

	e = err_join(e, err_new(ERR_USAGE, "one"));
	e = err_join(e, NULL);
	e = err_join(e, err_join(err_new(ERR_IMAGE, "two"), err_new(ERR_BUG, "three")));
	i = e;
	CHECK_STR(err_message(i), "one");
	i = err_next(i);
	CHECK_STR(err_message(i), "two");
	i = err_next(i);
	CHECK_STR(err_message(i), "three");
	CHECK(!err_next(i));
	err_drop(e, "test");
}

static void err_travels_as_bytes(void)
{
	struct err *e = err_hint(err_sys(EPERM, "cannot a\x1f"
						"b"),
				 "be root");
	const struct err *second;
	char buf[256], tiny[8];

	e = err_join(e, err_new(ERR_IMAGE, "bad, with 7 words in it"));
	err_pack(e, buf, sizeof(buf));
	err_pack(e, tiny, sizeof(tiny));
	CHECK(strlen(tiny) == sizeof(tiny) - 1);
	err_drop(e, "test");
	e = err_unpack(buf);
	CHECK(err_code(e) == ERR_SYS && err_errno(e) == EPERM);
	CHECK_STR(err_message(e), "cannot a b: Operation not permitted");
	CHECK_STR(err_hint_text(e), "be root");
	second = err_next(e);
	CHECK(err_code(second) == ERR_IMAGE && !err_hint_text(second));
	CHECK_STR(err_message(second), "bad, with 7 words in it");
	err_drop(e, "test");
	e = err_unpack(tiny);
	CHECK(err_code(e) == ERR_SYS);
	err_drop(e, "test");
	CHECK_ERR(err_unpack("rubbish"), ERR_BUG);
	err_pack(NULL, buf, sizeof(buf));
	CHECK(!err_unpack(buf));
}

struct wide {
	_Alignas(64) unsigned char first;
	unsigned char last;
};

static void arena_gives_zeroed_aligned_pieces(void)
{
	struct arena *a = arena_new();
	uint64_t *list = NULL;
	size_t nr = 0;

	for (size_t len = 0; len < 200000; len = len * 2 + 1) {
		unsigned char *p = arena_alloc(a, len);

		CHECK((uintptr_t)p % 16 == 0);
		for (size_t i = 0; i < len; i++)
			CHECK(p[i] == 0);
		memset(p, 0xff, len);
	}
	for (uint64_t i = 0; i < 5000; i++) {
		list = arena_grow(a, list, nr, sizeof(*list));
		list[nr++] = i;
	}
	for (uint64_t i = 0; i < 5000; i++)
		CHECK(list[i] == i);
	for (size_t i = 0; i < 20; i++) {
		struct wide *w = ARENA_NEW(a, struct wide);

		CHECK((uintptr_t)w % 64 == 0 && w->first == 0 && w->last == 0);
		w->first = w->last = 255;
		arena_alloc(a, 16);
	}
	CHECK_STR(arena_printf(a, "%d-%s", 5, "x"), "5-x");
	CHECK_STR(arena_strdup(a, "copy"), "copy");
	arena_free(a);
	arena_free(NULL);
}

/* Ends the child it runs in. */
static void ask_too_much(void)
{
	struct arena *a = arena_new();

	close(STDERR_FILENO);
	arena_array(a, SIZE_MAX / 2, 4);
}

static void arena_overflow_ends_the_process(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ask_too_much();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void fd_reads_and_writes_whole(void)
{
	AUTO_FD fd = memfd_create("unit", MFD_CLOEXEC);
	AUTO_FREE char *text = NULL;
	char big[10000], buf[4];
	size_t len;

	memset(big, 'b', sizeof(big));
	CHECK_OK(fd_write_all(fd, big, sizeof(big)));
	CHECK_OK(fd_pwrite_all(fd, "ab", 2, 0));
	CHECK_OK(fd_pread_all(fd, buf, 3, 0));
	CHECK(!memcmp(buf, "abb", 3));
	CHECK_ERR(fd_pread_all(fd, buf, 4, sizeof(big) - 3), ERR_IMAGE);
	lseek(fd, 0, SEEK_SET);
	CHECK_OK(fd_slurp(fd, &text, &len));
	CHECK(len == sizeof(big) && text[len] == 0);
	CHECK_ERR(fd_write_all(-1, "x", 1), ERR_SYS);
}

static void fd_opens_by_path(void)
{
	AUTO_FD dir = -1;
	AUTO_FREE char *text = NULL;
	char link[64], tiny[4];
	int fd = -1;

	CHECK_OK(fd_open_at(AT_FDCWD, O_RDONLY | O_DIRECTORY, &dir, "/proc/%d", getpid()));
	CHECK_OK(file_slurp_at(dir, &text, NULL, "status"));
	CHECK(strstr(text, "Name:"));
	CHECK_ERR(fd_open_at(dir, O_RDONLY, &fd, "nothing"), ERR_SYS);
	CHECK(fd == -1);
	CHECK_OK(link_read_at(dir, link, sizeof(link), "fd/%d", dir));
	CHECK(!strncmp(link, "/proc/", 6));
	CHECK_ERR(link_read_at(dir, tiny, sizeof(tiny), "fd/%d", dir), ERR_SYS);
	CHECK_ERR(fd_open_at(dir, O_RDONLY, &fd, "%*d", 5000, 1), ERR_SYS);
	fd = fd_take(&dir);
	CHECK(dir == -1);
	CHECK_OK(fd_move_up(&fd, 100));
	CHECK(fd >= 100 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
}

struct story {
	char text[64];
	bool is_broken;
};

static struct err *step_a(void *op)
{
	strcat(((struct story *)op)->text, "a");
	return NULL;
}

static void undo_a(void *op)
{
	strcat(((struct story *)op)->text, "A");
}

static struct err *step_b(void *op)
{
	strcat(((struct story *)op)->text, "b");
	return NULL;
}

static struct err *step_c(void *op)
{
	struct story *s = op;

	strcat(s->text, "c");
	return s->is_broken ? err_new(ERR_SYS, "cannot go on") : NULL;
}

static void undo_c(void *op)
{
	strcat(((struct story *)op)->text, "C");
}

static const struct step story_steps[] = {
	{ .name = "a", .run = step_a, .undo = undo_a },
	{ .name = "b", .run = step_b },
	{ .name = "a2", .run = step_a, .undo = undo_a },
	{ .name = "c", .run = step_c, .undo = undo_c },
};

static void steps_undo_what_was_done(void)
{
	struct story good = { .text = "" };
	struct story bad = { .text = "", .is_broken = true };

	CHECK_OK(steps_run(story_steps, ARRAY_SIZE(story_steps), NULL, &good));
	CHECK_STR(good.text, "abac");
	CHECK_ERR(steps_run(story_steps, ARRAY_SIZE(story_steps), NULL, &bad), ERR_SYS);
	CHECK_STR(bad.text, "abacAA");
	CHECK(steps_have(story_steps, ARRAY_SIZE(story_steps), "a2"));
	CHECK(!steps_have(story_steps, ARRAY_SIZE(story_steps), "a3"));
}

static void steps_stop_where_told(void)
{
	struct story *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				    -1, 0);
	const struct steps_control before = { .stop_before = "a2" }, after = { .stop_after = "a2" };
	int status;
	pid_t pid;

	CHECK(shared != MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		shared->text[0] = 0;
		pid = fork();
		if (!pid) {
			close(STDERR_FILENO);
			err_drop(steps_run(story_steps, ARRAY_SIZE(story_steps),
					   i ? &after : &before, shared),
				 "not reached");
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		CHECK_STR(shared->text, i ? "aba" : "ab");
	}
	munmap(shared, 4096);
}

static void steps_fail_where_told(void)
{
	const struct steps_control control = { .fail_at = "c" };
	struct story story = { .text = "" };

	CHECK_ERR(steps_run(story_steps, ARRAY_SIZE(story_steps), &control, &story), ERR_USAGE);
	CHECK_STR(story.text, "abaAA");
}

static void clock_goes_on(void)
{
	uint64_t us = clock_us(), ns = clock_ns();

	CHECK(ns / 1000 >= us && clock_us() >= us);
}

int main(void)
{
	UNIT_RUN(err_keeps_its_parts);
	UNIT_RUN(err_joins_in_order);
	UNIT_RUN(err_travels_as_bytes);
	UNIT_RUN(arena_gives_zeroed_aligned_pieces);
	UNIT_RUN(arena_overflow_ends_the_process);
	UNIT_RUN(fd_reads_and_writes_whole);
	UNIT_RUN(fd_opens_by_path);
	UNIT_RUN(steps_undo_what_was_done);
	UNIT_RUN(steps_stop_where_told);
	UNIT_RUN(steps_fail_where_told);
	UNIT_RUN(clock_goes_on);
	return 0;
}
