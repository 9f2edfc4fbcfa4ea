/* SPDX-License-Identifier: GPL-2.0-only */
/* g, h: which mappings take write protection, asked from outside. */
#include "tracking.h"

enum { MAX_KINDS = 32 };

/* Written by the task, read by the parent. */
struct kind {
	char name[40], *at;
	size_t len;
	int error;
	bool can_write;
};

struct kinds {
	struct kind list[MAX_KINDS];
	size_t nr;
	int uffd; /* its number in the task */
	uint64_t features;
	volatile int step;
};

static void add_kind(struct kinds *k, const char *name, void *at, size_t len, bool can_write)
{
	struct kind *new = &k->list[k->nr++];

	snprintf(new->name, sizeof(new->name), "%s", name);
	new->error = at == MAP_FAILED ? errno : 0;
	new->at = at;
	new->len = len;
	new->can_write = can_write;
	if (at != MAP_FAILED && can_write)
		*(volatile char *)at = 1;
}

static void map_kind(struct kinds *k, const char *name, int prot, int flags, int fd)
{
	size_t len = flags & MAP_HUGETLB ? TABLE : 8 * PAGE;
	char *at = (char *)(PLACES + (k->nr + 1) * PLACE_STEP);

	at = mmap(at, len, prot, flags, fd, 0);
	add_kind(k, name, at, len, at != MAP_FAILED && prot & PROT_WRITE);
}

static void add_special(struct kinds *k)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	static const char *const names[] = { "[stack]", "[vdso]", "[vvar]", "[heap]" };
	char line[512];
	uint64_t from, to;

	while (fgets(line, sizeof(line), maps))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strstr(line, names[i]) && sscanf(line, "%lx-%lx", &from, &to) == 2)
				add_kind(k, names[i], (void *)from, to - from, false);
	fclose(maps);
}

static void map_files(struct kinds *k)
{
	enum { RW = PROT_READ | PROT_WRITE };
	int file = temporary_file("kinds", 8 * PAGE), memfd = memfd_create("kinds", MFD_CLOEXEC);
	char path[64];
	int readonly;

	SUBJECT_SYS(ftruncate(memfd, 8 * PAGE));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	readonly = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	map_kind(k, "file private", RW, MAP_PRIVATE, file);
	map_kind(k, "file shared", RW, MAP_SHARED, file);
	map_kind(k, "file shared, opened read-only", PROT_READ, MAP_SHARED, readonly);
	map_kind(k, "memfd private", RW, MAP_PRIVATE, memfd);
	map_kind(k, "memfd shared", RW, MAP_SHARED, memfd);
	map_kind(k, "/dev/zero private", RW, MAP_PRIVATE, open("/dev/zero", O_RDWR | O_CLOEXEC));
	map_kind(k, "memory of the device null", RW, MAP_SHARED, open("/dev/null", O_RDWR));
}

static void map_kinds(struct kinds *k)
{
	enum { RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

	map_kind(k, "private", RW, ANON, -1);
	map_kind(k, "private, no access", PROT_NONE, ANON, -1);
	map_kind(k, "private, read-only", PROT_READ, ANON, -1);
	map_kind(k, "private, grows down", RW, ANON | MAP_GROWSDOWN, -1);
	map_kind(k, "private, locked", RW, ANON | MAP_LOCKED, -1);
	map_kind(k, "private, droppable", RW, MAP_DROPPABLE | MAP_ANONYMOUS, -1);
	map_kind(k, "shared", RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	map_kind(k, "hugetlb private", RW, ANON | MAP_HUGETLB, -1);
	map_kind(k, "hugetlb shared", RW, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	map_files(k);
	add_special(k);
}

static void wait_for(struct kinds *k, int step)
{
	while (k->step != step)
		subject_sleep_us(1000);
}

/* An unprivileged task that sets up its mappings and a userfaultfd and then waits to be killed, or to execute. */
__attribute__((noreturn)) static void be_task(struct kinds *k, bool is_root)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURE_WP_ASYNC };

	map_kinds(k);
	if (!is_root) {
		SUBJECT_SYS(setresgid(65534, 65534, 65534));
		SUBJECT_SYS(setresuid(65534, 65534, 65534));
	}
	k->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (k->uffd < 0 || ioctl(k->uffd, UFFDIO_API, &api) < 0)
		skip("no userfaultfd with asynchronous write protection: %m");
	k->features = api.features;
	SUBJECT_SYS(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	k->step = 1;
	wait_for(k, 2);
	execl("/bin/sleep", "sleep", "100", NULL);
	_exit(1);
}

static int take_fd(pid_t pid, int fd)
{
	int pidfd = (int)SUBJECT_SYS(syscall(SYS_pidfd_open, pid, 0)), taken;

	taken = (int)SUBJECT_SYS(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
	close(pidfd);
	return taken;
}

static const char *cats_text(uint64_t cats, char *text, size_t len)
{
	static const char *const names[] = { "WPALLOWED", "WRITTEN", "FILE", "PRESENT",
					     "SWAPPED",	  "PFNZERO", "HUGE", "SOFT_DIRTY" };
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; i < 7; i++)
		if (cats >> i & 1)
			n += (size_t)snprintf(text + n, len - n, "%s%s", n ? " " : "", names[i]);
	return n ? text : "-";
}

/* The categories of the first page. */
static const char *first_page(const struct bed *b, const char *at, char *text, size_t len)
{
	struct scan_arg arg = { .returned = CAT_ALL & ~CAT_SOFT_DIRTY };
	struct scan_run run = { 0 };

	if (scan(b, &arg, at, PAGE, &run, 1) < 0)
		return strerrorname_np(errno);
	return cats_text(run.cats, text, len);
}

long arm(const struct bed *b, const char *at, size_t len, uint64_t anyof, uint64_t flags)
{
	struct scan_arg arg = { .flags = SCAN_PROTECT | flags,
				.anyof = anyof,
				.returned = CAT_WRITTEN };
	struct scan_run runs[64]; /* more than there are, or the walk would end early */
	long nr = scan(b, &arg, at, len, runs, 64);

	return nr < 0 ? -errno : nr;
}

static void try_kind(struct bed *b, pid_t pid, const struct kind *kind)
{
	struct iovec from = { "x", 1 }, to = { kind->at, 1 };
	char text[128];
	long armed;

	printf("h/%-30s ", kind->name);
	if (kind->error) {
		printf("mmap: %s\n", why(kind->error));
		return;
	}
	printf("unregistered: %s", first_page(b, kind->at, text, sizeof(text)));
	armed = arm(b, kind->at, kind->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("; arm %ld: %s", armed, first_page(b, kind->at, text, sizeof(text)));
	printf("; register %s",
	       why(uffd_register(b->uffd, kind->at, kind->len, UFFDIO_REGISTER_MODE_WP)));
	printf(": %s", first_page(b, kind->at, text, sizeof(text)));
	armed = arm(b, kind->at, kind->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("; arm %ld: %s", armed, first_page(b, kind->at, text, sizeof(text)));
	if (kind->can_write && process_vm_writev(pid, &from, 1, &to, 1, 0) != 1)
		printf("; write: %s", strerrorname_np(errno));
	else if (kind->can_write)
		printf("; written: %s", first_page(b, kind->at, text, sizeof(text)));
	printf("\n");
}

static const struct kind *kind_named(const struct kinds *k, const char *name)
{
	for (size_t i = 0; i < k->nr; i++)
		if (!strcmp(k->list[i].name, name))
			return &k->list[i];
	subject_die("no kind %s", name);
}

static pid_t start_task(struct bed *b, struct kinds *k, bool is_root)
{
	char path[64];
	pid_t pid;

	memset(k, 0, sizeof(*k));
	fflush(stdout);
	pid = SUBJECT_SYS(fork());
	if (!pid)
		be_task(k, is_root);
	for (int i = 0; k->step != 1 && i < 10000 && !waitpid(pid, NULL, WNOHANG); i++)
		subject_sleep_us(1000);
	if (k->step != 1)
		return -1;
	*b = (struct bed){ .tracker = UFFD_WP, .uffd = take_fd(pid, k->uffd) };
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	b->pagemap = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	return pid;
}

static void end_task(struct bed *b, pid_t pid)
{
	close(b->uffd);
	close(b->pagemap);
	SUBJECT_SYS(kill(pid, SIGKILL));
	SUBJECT_SYS(waitpid(pid, NULL, 0));
}

static void try_all_kinds(struct kinds *k, bool is_root)
{
	struct bed b;
	pid_t pid = start_task(&b, k, is_root);

	if (pid < 0)
		return;
	printf("# a %s task's userfaultfd, taken with pidfd_getfd; asked for WP_ASYNC, got "
	       "features %#lx "
	       "(WP_UNPOPULATED %s)\n",
	       is_root ? "privileged" : "unprivileged", k->features,
	       k->features & FEATURE_WP_UNPOPULATED ? "with it" : "not with it");
	for (size_t i = 0; i < k->nr; i++)
		try_kind(&b, pid, &k->list[i]);
	end_task(&b, pid);
}

/* Does a mapping that refuses, where the kernel has one, leave the ones before it registered? */
static void try_refused(struct bed *b, const struct kinds *k, char *at)
{
	const struct kind *drop = kind_named(k, "private, droppable");
	char text[128];

	if (!drop->error)
		printf("h/with a droppable one at the end: %s\n",
		       why(uffd_register(b->uffd, at, (size_t)(drop->at - at) + 8 * PAGE,
					 UFFDIO_REGISTER_MODE_WP)));
	for (size_t i = 0; i < k->nr && k->list[i].at <= drop->at; i++)
		if (!k->list[i].error)
			printf("h/  %s: %s\n", k->list[i].name,
			       first_page(b, k->list[i].at, text, sizeof(text)));
}

/* One call over several mappings. */
static void try_ranges(struct kinds *k)
{
	struct bed b;
	pid_t pid = start_task(&b, k, false);
	char *at = kind_named(k, "private")->at, *none = kind_named(k, "private, no access")->at;

	printf("h/range with a hole in the middle: %s\n",
	       why(uffd_register(b.uffd, at, (size_t)(none - at) + 8 * PAGE,
				 UFFDIO_REGISTER_MODE_WP)));
	printf("h/range that begins in a hole: %s\n",
	       why(uffd_register(b.uffd, at - PAGE, 2 * PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/range that ends in a hole: %s\n",
	       why(uffd_register(b.uffd, at, 16 * PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/range without a mapping: %s\n",
	       why(uffd_register(b.uffd, at + 16 * PAGE, PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/the same again: %s\n",
	       why(uffd_register(b.uffd, at, 8 * PAGE, UFFDIO_REGISTER_MODE_WP)));
	printf("h/everything: %s\n",
	       why(uffd_register(b.uffd, (char *)(16 * PAGE), (1ul << 47) - 17 * PAGE,
				 UFFDIO_REGISTER_MODE_WP)));
	try_refused(&b, k, at);
	end_task(&b, pid);
}

static void try_unregistered(struct kinds *k)
{
	struct bed b;
	pid_t pid = start_task(&b, k, false);
	const struct kind *one = kind_named(k, "private");
	char text[128];
	long nr = arm(&b, one->at, one->len, CAT_PRESENT | CAT_SWAPPED, SCAN_REQUIRE_WPASYNC);

	printf("g/arm, unregistered, WP_ASYNC required: %ld\n", nr);
	nr = arm(&b, one->at, one->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("g/arm, unregistered: %ld, then %s\n", nr,
	       first_page(&b, one->at, text, sizeof(text)));
	uffd_register(b.uffd, one->at, one->len, UFFDIO_REGISTER_MODE_WP);
	printf("g/registered after that: %s\n", first_page(&b, one->at, text, sizeof(text)));
	arm(&b, one->at, one->len, CAT_PRESENT | CAT_SWAPPED, 0);
	printf("g/armed: %s\n", first_page(&b, one->at, text, sizeof(text)));
	close(b.uffd);
	printf("g/one copy closed, the task has its own: %s\n",
	       first_page(&b, one->at, text, sizeof(text)));
	b.uffd = take_fd(pid, k->uffd);
	end_task(&b, pid);
}

/* What the program itself can do to a range that another descriptor has registered. */
static void try_other(void)
{
	struct bed b = { .tracker = UFFD_WP, .shape = &shapes[0], .len = 8 * PAGE, .places = 1 };
	char *p = filled(&b, 1), text[128];
	struct uffdio_range range = { (uintptr_t)p, b.len };
	int other = uffd_open(FEATURE_WP_ASYNC), error;

	b.pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	uffd_register(b.uffd, p, b.len, UFFDIO_REGISTER_MODE_WP);
	arm(&b, p, b.len, CAT_PRESENT, 0);
	error = uffd_register(other, p, b.len, UFFDIO_REGISTER_MODE_MISSING);
	printf("g/another descriptor registers the same: %s", why(error));
	error = ioctl(other, UFFDIO_UNREGISTER, &range) < 0 ? errno : 0;
	printf("; unregisters it: %s", why(error));
	printf(": %s\n", first_page(&b, p, text, sizeof(text)));
	close(other);
	close(b.uffd);
	close(b.pagemap);
}

static void try_closed(void)
{
	struct bed b = { .tracker = UFFD_WP, .shape = &shapes[0], .len = 8 * PAGE };
	char *p = filled(&b, 1), text[128];

	b.pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	uffd_register(b.uffd, p, b.len, UFFDIO_REGISTER_MODE_WP);
	arm(&b, p, b.len, CAT_PRESENT, 0);
	printf("g/armed by itself: %s", first_page(&b, p, text, sizeof(text)));
	close(b.uffd);
	printf("; all copies closed: %s", first_page(&b, p, text, sizeof(text)));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	printf("; another registers: %s",
	       why(uffd_register(b.uffd, p, b.len, UFFDIO_REGISTER_MODE_WP)));
	printf(": %s\n", first_page(&b, p, text, sizeof(text)));
	close(b.uffd);
	close(b.pagemap);
}

/* The first mapping of the executed program's own. */
static void try_exec(struct kinds *k)
{
	struct bed b;
	pid_t pid = start_task(&b, k, false);
	const struct kind *one = kind_named(k, "private");
	char text[128], path[64];

	uffd_register(b.uffd, one->at, one->len, UFFDIO_REGISTER_MODE_WP);
	arm(&b, one->at, one->len, CAT_PRESENT, 0);
	printf("g/armed: %s", first_page(&b, one->at, text, sizeof(text)));
	k->step = 2;
	subject_sleep_us(500000);
	printf("; executed, old page map: %s", first_page(&b, one->at, text, sizeof(text)));
	close(b.pagemap);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	b.pagemap = SUBJECT_SYS(open(path, O_RDONLY | O_CLOEXEC));
	printf("; new page map: %s", first_page(&b, one->at, text, sizeof(text)));
	printf("; register through the old descriptor: %s\n",
	       why(uffd_register(b.uffd, one->at, one->len, UFFDIO_REGISTER_MODE_WP)));
	end_task(&b, pid);
}

static long status_kb(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %ld", &kb);
	fclose(f);
	return kb;
}

static void try_reservation(size_t len, uint64_t anyof, int fd)
{
	struct bed b = { .tracker = UFFD_WP };
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	long before, registered, nr;
	int64_t begun;

	if (p == MAP_FAILED)
		skip("cannot reserve %zu bytes: %m", len);
	*p = 1;
	p[len / 2] = 1;
	b.pagemap = SUBJECT_SYS(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	b.uffd = uffd_open(FEATURE_WP_ASYNC);
	before = status_kb("VmPTE");
	uffd_register(b.uffd, p, len, UFFDIO_REGISTER_MODE_WP);
	registered = status_kb("VmPTE");
	begun = subject_now_ns();
	nr = arm(&b, p, len, anyof, 0);
	printf("g/%s of %zu GiB with two pages, armed %s: VmPTE %ld kB, registered %ld kB, armed "
	       "%ld kB, %ld us "
	       "(%ld)\n",
	       fd < 0 ? "reservation" : "private memfd", len >> 30, anyof ? "what is there" : "all",
	       before, registered, status_kb("VmPTE"), (long)(subject_now_ns() - begun) / 1000, nr);
	close(b.uffd);
	close(b.pagemap);
	munmap(p, len);
}

void run_kinds(void)
{
	struct kinds *k = subject_map(sizeof(*k), true);
	char saved[NR_SETTINGS][SETTING_BYTES];
	int memfd = memfd_create("reservation", MFD_CLOEXEC);

	save_settings(saved);
	write_text("/proc/sys/vm/nr_hugepages", "4");
	SUBJECT_SYS(ftruncate(memfd, 8l << 30));
	try_all_kinds(k, false);
	if (k->step == 1) {
		try_all_kinds(k, true);
		try_ranges(k);
		try_unregistered(k);
		try_closed();
		try_other();
		try_exec(k);
		try_reservation(1ul << 40, CAT_PRESENT | CAT_SWAPPED, -1);
		try_reservation(8ul << 30, CAT_PRESENT | CAT_SWAPPED, -1);
		try_reservation(8ul << 30, 0, -1);
		try_reservation(8ul << 30, CAT_PRESENT | CAT_SWAPPED, memfd);
		try_reservation(8ul << 30, 0, memfd);
	}
	restore_settings(saved);
}
