/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows f: ways to write. */
#include "tracking.h"

static void write_read(struct bed *b)
{
	char *p = one(b);
	int fd = SUBJECT_SYS(open("/dev/urandom", O_RDONLY | O_CLOEXEC));

	for (size_t i = 0; i < b->len; i += 2 * PAGE)
		if (read(fd, p + i, 16) != 16)
			subject_die("read: %m");
}

static void write_direct(struct bed *b)
{
	int fd = temporary_file("direct", b->len);
	char path[64], *p;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fsync(fd);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		skip("O_DIRECT: %m");
	p = one(b);
	for (size_t i = 0; i < b->len; i += 2 * PAGE)
		if (pread(fd, p + i, PAGE, 0) != (ssize_t)PAGE)
			subject_die("O_DIRECT read: %m");
}

static void as_child(void (*act)(pid_t parent, char *at, size_t len), char *at, size_t len)
{
	pid_t parent = getpid(), child = SUBJECT_SYS(fork());
	int status;

	if (!child) {
		act(parent, at, len);
		_exit(0);
	}
	SUBJECT_SYS(waitpid(child, &status, 0));
	if (status)
		subject_die("the other process failed");
}

static void act_writev(pid_t parent, char *at, size_t len)
{
	for (size_t i = 0; i < len; i += 2 * PAGE) {
		uint64_t tag = 3ull << 56 | i;
		struct iovec from = { &tag, 8 }, to = { at + i, 8 };

		SUBJECT_SYS(process_vm_writev(parent, &from, 1, &to, 1, 0));
	}
}

static void write_other(struct bed *b)
{
	as_child(act_writev, one(b), b->len);
}

static void act_nothing(pid_t parent, char *at, size_t len)
{
	(void)parent;
	fill_step(at, len, 3, 2);
}

static void fork_child_writes(struct bed *b)
{
	as_child(act_nothing, one(b), b->len);
}

static void act_poke(pid_t parent, char *at, size_t len)
{
	int status;

	SUBJECT_SYS(ptrace(PTRACE_SEIZE, parent, 0, 0));
	SUBJECT_SYS(ptrace(PTRACE_INTERRUPT, parent, 0, 0));
	SUBJECT_SYS(waitpid(parent, &status, __WALL));
	for (size_t i = 0; i < len; i += 2 * PAGE)
		SUBJECT_SYS(ptrace(PTRACE_POKEDATA, parent, at + i, (void *)(3ul << 56 | i)));
	SUBJECT_SYS(ptrace(PTRACE_DETACH, parent, 0, 0));
}

static void write_poke(struct bed *b)
{
	as_child(act_poke, one(b), b->len);
}

static void write_poke_readonly(struct bed *b)
{
	char *p = one(b);

	SUBJECT_SYS(mprotect(p, b->len, PROT_READ));
	as_child(act_poke, p, b->len);
}

static void write_mem(struct bed *b)
{
	write_by_mem(one(b), b->len, 3, 2);
}

static void fork_then_write(struct bed *b)
{
	char *p = one(b);
	pid_t child = SUBJECT_SYS(fork());

	if (!child) {
		pause();
		_exit(0);
	}
	fill_step(p, b->len, 3, 2);
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
	*(volatile uint64_t *)(p + PAGE) = 3;
}

/* Forked before the mark, written after it. */
static void forked_write(struct bed *b)
{
	char *p = filled(b, 1);
	pid_t child = SUBJECT_SYS(fork());

	if (!child) {
		pause();
		_exit(0);
	}
	watch(b, p, b->len);
	mark(b);
	fill_step(p, b->len, 3, 2);
	SUBJECT_SYS(kill(child, SIGKILL));
	SUBJECT_SYS(waitpid(child, NULL, 0));
	*(volatile uint64_t *)(p + PAGE) = 3;
}

/* What the child of a marked task has: its own view is judged. */
static void fork_in_child(struct bed *b)
{
	char *p = one(b);
	pid_t child = SUBJECT_SYS(fork());

	if (child) {
		SUBJECT_SYS(waitpid(child, NULL, 0));
		_exit(0);
	}
	b->pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b->mem = SUBJECT_SYS(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
	fill_step(p, b->len, 3, 2);
}

/* Pages given to a pipe are read from it into memory. */
static void write_splice(struct bed *b)
{
	char *p = one(b), *from = filled(b, 4);
	int fds[2];

	SUBJECT_SYS(pipe2(fds, O_CLOEXEC));
	for (size_t i = 0; i < b->len; i += 2 * PAGE) {
		struct iovec in = { from + i, PAGE }, out = { p + i, PAGE };

		SUBJECT_SYS(vmsplice(fds[1], &in, 1, SPLICE_F_GIFT));
		SUBJECT_SYS(vmsplice(fds[0], &out, 1, 0));
	}
}

/* The program's own userfaultfd fills pages that it dropped. */
static void own_uffd(struct bed *b, uint64_t mode, bool before)
{
	char *p = filled(b, 1), *from = filled(b, 5);
	struct uffdio_copy arg = { (uintptr_t)p, (uintptr_t)from, b->len, 0, 0 };
	int own = uffd_open(0);

	watch(b, p, b->len);
	if (before && uffd_register(own, p, b->len, mode))
		skip("register: %m");
	mark(b);
	if (!before)
		note(b, " own: %s", why(uffd_register(own, p, b->len, mode)));
	SUBJECT_SYS(madvise(p, b->len, MADV_DONTNEED));
	if (ioctl(own, UFFDIO_COPY, &arg) < 0)
		note(b, " [copy: %s]", strerrorname_np(errno));
}

static void own_uffd_before(struct bed *b)
{
	own_uffd(b, UFFDIO_REGISTER_MODE_MISSING, true);
}

static void own_uffd_after(struct bed *b)
{
	own_uffd(b, UFFDIO_REGISTER_MODE_MISSING, false);
}

const struct row rows_f[] = {
	{ "f/read", write_read, FLAT | THP, 0 },
	{ "f/read-direct", write_direct, FLAT | THP, 0 },
	{ "f/process_vm_writev", write_other, FLAT | THP, 0 },
	{ "f/mem", write_mem, FLAT | THP, 0 },
	{ "f/poke", write_poke, FLAT | THP, 0 },
	{ "f/poke-readonly", write_poke_readonly, FLAT | THP, 0 },
	{ "f/vmsplice", write_splice, FLAT | THP, 0 },
	{ "f/fork-write", fork_then_write, FLAT | THP, 0 },
	{ "f/fork-child-writes", fork_child_writes, FLAT | THP, 0 },
	{ "f/fork-in-child", fork_in_child, FLAT | THP, 0 },
	{ "f/forked-write", forked_write, FLAT | THP, 0 },
	{ "f/own-uffd-before", own_uffd_before, FLAT | THP, 0 },
	{ "f/own-uffd-after", own_uffd_after, FLAT | THP, 0 },
	{ 0 },
};
