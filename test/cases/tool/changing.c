/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program of the scripts about incremental dumps: memory of several sorts, which it changes when told.  A link
 * named "do" leads to the command (a link is read without a descriptor); when the command is done, "did" is there and
 * the link is called "command-N".  In the end it makes its memory again from these commands, elsewhere, and compares
 * every byte.
 *
 *	change SEED	writes some pages of each area
 *	drop SEED	gives some pages of each area back (MADV_DONTNEED)
 *	zero SEED	writes zeros to some pages of each area
 *	move		moves an area elsewhere
 *	fork [PID]	a child, which has the memory, changes it and compares it too
 *	crowd N		N children that only wait
 *	end		ends the last child
 *	exec		executes this program again; its memory starts anew
 *	random		overwrites the random bytes that the kernel gave at the execve
 *	thread		a thread that waits
 *	reserve GIB	address space with two pages in it
 *	watch		the program's own userfaultfd, on an area of its own
 *	full		no descriptor may be opened any more
 *	filter		a seccomp filter that kills for what a tracker does
 *	user		becomes nobody
 *	fill MIB	much memory, with a number in each page
 *
 * "changing clear PID" clears the marks of soft-dirty and of write protection of another process, as a second tool
 * would; "changing measure COMMAND..." tells the most memory that the command had, in kB.
 */
#include "case.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "filter.h"

enum { ANON, SPARSE, READ_ONLY, NO_ACCESS, OF_FILE, SHARED, NR_AREAS };
enum { PAGE = 4096, CHILD_SEED = 1000000 };

static const struct {
	const char *name;
	size_t nr_pages;
	int prot;
	uint32_t one_in; /* of its pages have contents at the start */
} sorts[NR_AREAS] = {
	[ANON] = { "anonymous memory", 1024, PROT_READ | PROT_WRITE, 1 },
	[SPARSE] = { "sparse memory", 1024, PROT_READ | PROT_WRITE, 2 },
	[READ_ONLY] = { "read-only memory", 128, PROT_READ, 1 },
	[NO_ACCESS] = { "memory without access", 128, PROT_NONE, 1 },
	[OF_FILE] = { "private memory of a file", 256, PROT_READ | PROT_WRITE, 3 },
	[SHARED] = { "shared memory", 256, PROT_READ | PROT_WRITE, 2 },
};

struct memory {
	bool is_model;
	bool is_child; /* leaves shared memory to its parent */
	char *at[NR_AREAS];
};

static struct memory own;
static int nr_commands, first_command;
static pid_t children[1024];
static int nr_children, nr_here;

static size_t area_len(int i)
{
	return sorts[i].nr_pages * PAGE;
}

/* --- contents --- */

static bool hit(uint32_t seed, int area, size_t page, uint32_t one_in)
{
	uint32_t x = seed * 2654435761u ^ (uint32_t)area * 40503u ^ (uint32_t)page * 2246822519u;

	x ^= x >> 15;
	x *= 2246822519u;
	x ^= x >> 13;
	return x % one_in == 0;
}

static void write_pages(struct memory *m, uint32_t seed, int area, uint32_t one_in)
{
	for (size_t page = 0; page < sorts[area].nr_pages; page++)
		if (hit(seed, area, page, one_in))
			case_fill(m->at[area] + page * PAGE, PAGE,
				  seed * 8191 + (uint32_t)area * 4096 + (uint32_t)page);
}

static void open_area(const struct memory *m, int area, int prot)
{
	if (!m->is_model && sorts[area].prot != (PROT_READ | PROT_WRITE))
		CASE_SYS(mprotect(m->at[area], area_len(area), prot));
}

static void change(struct memory *m, uint32_t seed, uint32_t one_in)
{
	for (int i = 0; i < NR_AREAS; i++) {
		if (m->is_child && i == SHARED)
			continue;
		open_area(m, i, PROT_READ | PROT_WRITE);
		write_pages(m, seed, i, one_in ?: sorts[i].one_in);
		open_area(m, i, sorts[i].prot);
	}
}

static void file_page(char *to, size_t page)
{
	case_fill(to, PAGE, 77000 + (uint32_t)page);
}

static void drop_page(struct memory *m, int area, size_t page)
{
	char *at = m->at[area] + page * PAGE;

	/* Of shared memory only this mapping would lose it. */
	if (area == SHARED)
		return;
	if (!m->is_model)
		CASE_SYS(madvise(at, PAGE, MADV_DONTNEED));
	else if (area == OF_FILE)
		file_page(at, page);
	else
		memset(at, 0, PAGE);
}

static void drop(struct memory *m, uint32_t seed)
{
	for (int i = 0; i < NR_AREAS; i++)
		for (size_t page = 0; page < sorts[i].nr_pages; page++)
			if (hit(seed, i, page, 16))
				drop_page(m, i, page);
}

static void zero(struct memory *m, uint32_t seed)
{
	for (int i = 0; i < NR_AREAS; i++) {
		open_area(m, i, PROT_READ | PROT_WRITE);
		for (size_t page = 0; page < sorts[i].nr_pages; page++)
			if (hit(seed, i, page, 16))
				memset(m->at[i] + page * PAGE, 0, PAGE);
		open_area(m, i, sorts[i].prot);
	}
}

static char *map_file(void)
{
	size_t len = area_len(OF_FILE);
	int fd = CASE_SYS(open(case_path("file"), O_RDWR | O_CREAT | O_TRUNC, 0666));
	char *at, page[PAGE];

	for (size_t i = 0; i < sorts[OF_FILE].nr_pages; i++) {
		file_page(page, i);
		CASE_EQ(write(fd, page, PAGE), PAGE);
	}
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CASE_CHECK(at != MAP_FAILED, "mmap of a file: %s", strerror(errno));
	close(fd);
	return at;
}

static char *map_area(int area)
{
	return area == OF_FILE ? map_file() :
	       area == SHARED  ? case_map_shared(area_len(area)) :
				 case_map(area_len(area));
}

static void begin(struct memory *m)
{
	for (int i = 0; i < NR_AREAS; i++)
		m->at[i] = m->is_model ? case_map(area_len(i)) : map_area(i);
	for (size_t i = 0; m->is_model && i < sorts[OF_FILE].nr_pages; i++)
		file_page(m->at[OF_FILE] + i * PAGE, i);
	change(m, 1, 0);
}

/* --- the comparison --- */

static const char *command_path(int nr)
{
	char name[32];

	snprintf(name, sizeof(name), "command-%d", nr);
	return case_path(name);
}

static void read_command(const char *path, char *word, size_t *number)
{
	char text[64] = "";
	ssize_t len = readlink(path, text, sizeof(text) - 1);

	CASE_CHECK(len > 0, "%s: %s", path, strerror(errno));
	*number = 0;
	CASE_CHECK(sscanf(text, "%31s %zu", word, number) >= 1, "no command in \"%s\"", text);
}

static void replay(struct memory *model)
{
	size_t number;
	char word[32];

	for (int i = first_command; i < nr_commands; i++) {
		read_command(command_path(i), word, &number);
		if (!strcmp(word, "change"))
			change(model, (uint32_t)number, 8);
		else if (!strcmp(word, "drop"))
			drop(model, (uint32_t)number);
		else if (!strcmp(word, "zero"))
			zero(model, (uint32_t)number);
	}
}

static void compare(int area, const struct memory *model)
{
	const char *is = own.at[area], *wanted = model->at[area];

	CASE_SYS(mprotect(own.at[area], area_len(area), PROT_READ | PROT_WRITE));
	for (size_t page = 0; page < sorts[area].nr_pages; page++) {
		const char *a = is + page * PAGE, *b = wanted + page * PAGE;

		CASE_CHECK(!memcmp(a, b, PAGE), "%s: page %zu of %zu differs%s", sorts[area].name,
			   page, sorts[area].nr_pages,
			   !*a && !memcmp(a, a + 1, PAGE - 1) ? ", it is zero" : "");
	}
}

/* @last_seed: of a change that was not ordered by a link; 0: there was none. */
static void check(uint32_t last_seed)
{
	struct memory model = { .is_model = true };

	begin(&model);
	replay(&model);
	if (last_seed)
		change(&model, last_seed, 8);
	for (int i = 0; i < NR_AREAS; i++)
		if (!own.is_child || i != SHARED)
			compare(i, &model);
}

/* --- commands --- */

static uint64_t *filled;
static size_t nr_filled;

static void do_fill(size_t mib)
{
	nr_filled = mib << 8;
	filled = case_map(nr_filled * PAGE);
	for (size_t i = 0; i < nr_filled; i++)
		filled[i * PAGE / 8] = i + 1;
}

static void check_filled(void)
{
	for (size_t i = 0; i < nr_filled; i++)
		CASE_CHECK(filled[i * PAGE / 8] == i + 1, "page %zu of %zu of much memory differs",
			   i, nr_filled);
}

static void child(void *arg)
{
	uint32_t seed = CHILD_SEED + (uint32_t)(uintptr_t)arg;

	own.is_child = true;
	change(&own, seed, 8);
	case_here();
	case_wait_go();
	check(seed);
}

static void do_fork(size_t number)
{
	char last[16];

	snprintf(last, sizeof(last), "%zu", number - 1);
	if (number)
		case_write_file("/proc/sys/kernel/ns_last_pid", last);
	CASE_CHECK(nr_children < (int)CASE_NR(children), "too many children");
	/* It replays what was before it was made. */
	children[nr_children] = case_fork(child, (void *)(uintptr_t)nr_here);
	nr_children++;
	case_wait_here(++nr_here);
}

static void one_of_many(void *arg)
{
	volatile size_t number = (uintptr_t)arg;

	case_here();
	case_wait_go();
	CASE_EQ(number, (uintptr_t)arg);
}

static void do_crowd(size_t number)
{
	for (size_t i = 0; i < number && nr_children < (int)CASE_NR(children); i++)
		children[nr_children++] = case_fork(one_of_many, (void *)(uintptr_t)i);
	nr_here += (int)number;
	case_wait_here(nr_here);
}

static void do_end(size_t number)
{
	(void)number;
	CASE_CHECK(nr_children, "there is no child");
	CASE_SYS(kill(children[--nr_children], SIGKILL));
	CASE_EQ(waitpid(children[nr_children], NULL, 0), children[nr_children]);
}

static void do_move(size_t number)
{
	void *to = case_map(area_len(ANON));

	(void)number;
	own.at[ANON] = mremap(own.at[ANON], area_len(ANON), area_len(ANON),
			      MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CASE_CHECK(own.at[ANON] == to, "mremap: %s", strerror(errno));
}

static void did(void)
{
	char from[4096];

	snprintf(from, sizeof(from), "%s", case_path("do"));
	CASE_SYS(rename(from, command_path(nr_commands++)));
	CASE_SYS(mknod(case_path("did"), S_IFREG | 0666, 0));
}

static void do_exec(size_t number)
{
	char next[16];

	(void)number;
	snprintf(next, sizeof(next), "%d", nr_commands);
	execl("/proc/self/exe", "changing", "from", next, NULL);
	case_fail(__FILE__, __LINE__, "execl: %s", strerror(errno));
}

static void do_random(size_t number)
{
	char *bytes = (char *)getauxval(AT_RANDOM);

	for (int i = 0; i < 16; i++)
		bytes[i] ^= (char)(number + 0x55);
}

static void *thread_body(void *arg)
{
	(void)arg;
	case_thread_wait();
	return NULL;
}

static void do_thread(size_t number)
{
	case_threads((int)(number ?: 1), thread_body);
}

static void do_reserve(size_t gib)
{
	size_t len = gib << 30;
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CASE_CHECK(at != MAP_FAILED, "mmap of %zu GiB: %s", gib, strerror(errno));
	madvise(at, len, MADV_NOHUGEPAGE);
	at[len / 3] = at[len - 1] = 1;
}

static void do_watch(size_t number)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_WP };
	/* 1: UFFD_USER_MODE_ONLY */
	int fd = CASE_SYS((int)syscall(SYS_userfaultfd, O_CLOEXEC | 1));

	(void)number;
	CASE_SYS(ioctl(fd, UFFDIO_API, &api));
	reg.range.start = (uintptr_t)case_map(16 * PAGE);
	reg.range.len = 16 * PAGE;
	CASE_SYS(ioctl(fd, UFFDIO_REGISTER, &reg));
}

static void do_full(size_t number)
{
	struct rlimit limit;

	(void)number;
	CASE_SYS(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 3;
	CASE_SYS(setrlimit(RLIMIT_NOFILE, &limit));
}

static void do_filter(size_t number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { CASE_NR(code), code };

	(void)number;
	CASE_SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CASE_SYS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
}

static void do_user(size_t number)
{
	(void)number;
	CASE_SYS(setgroups(0, NULL));
	CASE_SYS(setresgid(65534, 65534, 65534));
	CASE_SYS(setresuid(65534, 65534, 65534));
}

static void do_change(size_t seed)
{
	change(&own, (uint32_t)seed, 8);
}

static void do_zero(size_t seed)
{
	zero(&own, (uint32_t)seed);
}

static void do_drop(size_t seed)
{
	drop(&own, (uint32_t)seed);
}

static const struct {
	const char *word;
	void (*run)(size_t number);
} commands[] = {
	{ "change", do_change }, { "drop", do_drop },	  { "move", do_move },
	{ "fork", do_fork },	 { "end", do_end },	  { "exec", do_exec },
	{ "random", do_random }, { "thread", do_thread }, { "reserve", do_reserve },
	{ "watch", do_watch },	 { "full", do_full },	  { "filter", do_filter },
	{ "user", do_user },	 { "fill", do_fill },	  { "crowd", do_crowd },
	{ "zero", do_zero },
};

static void do_what_is_told(void)
{
	size_t number, i;
	char word[32];

	if (readlink(case_path("do"), word, 1) < 0)
		return;
	read_command(case_path("do"), word, &number);
	for (i = 0; i < CASE_NR(commands); i++)
		if (!strcmp(word, commands[i].word))
			break;
	CASE_CHECK(i < CASE_NR(commands), "no command \"%s\"", word);
	commands[i].run(number);
	did();
}

/* --- clearing somebody's marks --- */

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof, return_mask;
};

/* PAGEMAP_SCAN, PM_SCAN_WP_MATCHING: puts the protection back on all pages that are there. */
static void protect_all(const char *pid)
{
	uint64_t regions[3 * 256];
	char path[64];
	struct scan_arg arg = { .size = sizeof(arg),
				.flags = 1,
				.end = 0x7fffffffe000,
				.vec = (uintptr_t)regions,
				.vec_len = 256,
				.anyof = 1 << 3 | 1 << 4, /* present, swapped */
				.return_mask = 1 << 3 };
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = CASE_SYS(open(path, O_RDONLY));
	while (arg.start < arg.end) {
		if (ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'f', 16, sizeof(arg)), &arg) < 0) {
			CASE_EQ(errno, ENOTTY);
			break;
		}
		arg.start = arg.walk_end;
	}
	close(fd);
}

static int clear(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/clear_refs", pid);
	case_write_file(path, "4");
	protect_all(pid);
	return case_pass();
}

/* A program that is started by a larger one counts that one's memory as its own. */
static int measure(char *command[])
{
	struct rusage usage;
	int status;
	pid_t pid = CASE_SYS(fork());

	if (!pid) {
		execv(command[0], command);
		_exit(127);
	}
	CASE_EQ(wait4(pid, &status, 0, &usage), pid);
	printf("%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char *argv[])
{
	bool again = argc == 3 && !strcmp(argv[1], "from");

	if (argc == 3 && !strcmp(argv[1], "clear"))
		return clear(argv[2]);
	if (argc > 2 && !strcmp(argv[1], "measure"))
		return measure(argv + 2);
	if (again)
		nr_commands = atoi(argv[2]);
	begin(&own);
	if (again)
		did();
	first_command = nr_commands;
	if (!again)
		case_say_ready();
	while (!case_go()) {
		do_what_is_told();
		case_sleep_ms(2);
	}
	for (int i = 0; i < nr_children; i++)
		case_join(children[i]);
	check(0);
	check_filled();
	case_threads_wake();
	case_threads_join();
	CASE_SYS(mknod(case_path("ok"), S_IFREG | 0666, 0));
	return case_pass();
}
