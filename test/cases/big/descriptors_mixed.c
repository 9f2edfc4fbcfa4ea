/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 50 tasks with descriptors of mixed kinds, shared by fork, dup and SCM_RIGHTS in a pattern that a seed decides.
 * CASE_DESCRIPTORS says how many all tasks have together (2000; the full count is 10000), CASE_SEED the pattern, CASE_KINDS
 * the kinds, a letter each.  Before and after, each descriptor is the same open file as the first of its object, by
 * kcmp(2), and its neighbour is another; the object has its mark.
 */
/* budget: 120s */
/* peer: no loses O_DIRECTORY of directories; with CASE_KINDS=rpfetsmu it can */
#include "case.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

enum { TASKS = 50, FDS = 1024, OBJECTS = 65536, MAX_SENT = 200, LONG_S = 1000000 };

struct object {
	char kind;
	int task, fd; /* who has it first */
};

/* What all tasks see. */
static struct shared {
	int nr_objects, nr_there;
	pid_t pids[TASKS];
	int table[TASKS][FDS]; /* the object under each number, and 1 */
	struct object objects[OBJECTS];
} * all;

static const char *kinds = "rdpfevtsPimu";
static int me, share;
static uint32_t seed;

static uint32_t random_below(uint32_t end)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % end;
}

/* Returns when all tasks have come here @round times. */
static void barrier(int round)
{
	__atomic_add_fetch(&all->nr_there, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&all->nr_there, __ATOMIC_SEQ_CST) < round * TASKS)
		case_sleep_ms(2);
}

static void note(int fd, int id)
{
	CASE_CHECK(fd >= 0 && fd < FDS, "descriptor %d", fd);
	all->table[me][fd] = id + 1;
}

static int new_object(char kind, int fd)
{
	int id = __atomic_fetch_add(&all->nr_objects, 1, __ATOMIC_SEQ_CST);

	CASE_CHECK(id < OBJECTS, "too many objects");
	all->objects[id] = (struct object){ kind, me, fd };
	note(fd, id);
	return id;
}

/* --- the objects; marks follow from the number --- */

static int mark_bytes(int id)
{
	return id % 997 + 1;
}

static void fill_queue(int fd, int id)
{
	char bytes[1000];

	case_fill(bytes, sizeof(bytes), id);
	CASE_EQ(write(fd, bytes, mark_bytes(id)), mark_bytes(id));
}

/* Both ends; what the second one is given is read from the first. */
static void make_pair(char kind)
{
	int fd[2], id;

	CASE_SYS(kind == 'p' ? pipe(fd) : socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	id = new_object(kind, fd[0]);
	new_object('-', fd[1]);
	fill_queue(fd[1], id);
}

static void make_fifo(void)
{
	char name[32];
	int fd, id;

	snprintf(name, sizeof(name), "fifo-%d-%d", me, all->nr_objects);
	CASE_SYS(mkfifo(name, 0600));
	fd = CASE_SYS(open(name, O_RDWR));
	id = new_object('f', fd);
	fill_queue(fd, id);
}

static void make_eventfd(void)
{
	int fd = CASE_SYS(eventfd(0, EFD_NONBLOCK));
	uint64_t count = 1 + new_object('e', fd);

	CASE_EQ(write(fd, &count, sizeof(count)), sizeof(count));
}

static void make_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = CASE_SYS(epoll_create1(0)), event = CASE_SYS(eventfd(1, 0));

	ev.data.u64 = new_object('v', fd);
	new_object('-', event);
	CASE_SYS(epoll_ctl(fd, EPOLL_CTL_ADD, event, &ev));
}

static void make_timerfd(void)
{
	int fd = CASE_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	struct itimerspec t = { .it_value.tv_sec = LONG_S };

	t.it_interval.tv_sec = 1 + new_object('t', fd);
	CASE_SYS(timerfd_settime(fd, 0, &t, NULL));
}

static uint64_t signals_of(int id)
{
	return (1ull << (SIGUSR1 - 1)) | (uint64_t)(id & 0xffff) << 40;
}

static void make_signalfd(void)
{
	int fd = CASE_SYS(signalfd(-1, &(sigset_t){}, 0));
	uint64_t mask = signals_of(new_object('s', fd));

	CASE_EQ(syscall(SYS_signalfd4, fd, &mask, sizeof(mask), 0), fd);
}

static void make_inotify(void)
{
	int fd = inotify_init1(IN_NONBLOCK);

	/* A user may have 128. */
	if (fd < 0) {
		make_eventfd();
		return;
	}
	CASE_SYS(inotify_add_watch(fd, "/", IN_DELETE_SELF));
	new_object('i', fd);
}

static void make_regular(void)
{
	int fd = CASE_SYS(open("file", O_RDWR));

	CASE_SYS(lseek(fd, 1 + new_object('r', fd), SEEK_SET));
}

static void make_memfd(void)
{
	int fd = CASE_SYS(memfd_create("mixed", 0));

	CASE_SYS(ftruncate(fd, mark_bytes(new_object('m', fd))));
}

static void make(char kind)
{
	switch (kind) {
	case 'r':
		return make_regular();
	case 'd':
		new_object(kind, CASE_SYS(open(".", O_RDONLY | O_DIRECTORY)));
		return;
	case 'p':
	case 'u':
		return make_pair(kind);
	case 'f':
		return make_fifo();
	case 'v':
		return make_epoll();
	case 't':
		return make_timerfd();
	case 's':
		return make_signalfd();
	case 'P':
		new_object(kind, CASE_SYS(pidfd_open(getpid(), 0)));
		return;
	case 'i':
		return make_inotify();
	case 'm':
		return make_memfd();
	}
	make_eventfd();
}

/* --- checks --- */

static void check_fdinfo(int fd, const char *line)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	CASE_CHECK(strstr(case_read_file(path), line), "fd %d has no \"%s\"", fd, line);
}

/* Marks that can be looked at by everybody. */
static void check_mark(int fd, int id)
{
	struct itimerspec t;
	struct epoll_event ev;
	struct stat st;
	char line[64];
	int waiting;

	CASE_SYS(fstat(fd, &st));
	switch (all->objects[id].kind) {
	case 'r':
		CASE_EQ(lseek(fd, 0, SEEK_CUR), 1 + id);
		break;
	case 'd':
		CASE_CHECK(S_ISDIR(st.st_mode), "fd %d is no directory", fd);
		break;
	case 'p':
	case 'f':
	case 'u':
		CASE_SYS(ioctl(fd, FIONREAD, &waiting));
		CASE_EQ(waiting, mark_bytes(id));
		break;
	case 'v':
		CASE_EQ(epoll_wait(fd, &ev, 1, 0), 1);
		CASE_EQ(ev.data.u64, id);
		break;
	case 't':
		CASE_SYS(timerfd_gettime(fd, &t));
		CASE_EQ(t.it_interval.tv_sec, 1 + id);
		CASE_CHECK(t.it_value.tv_sec > LONG_S / 2, "fd %d goes off too early", fd);
		break;
	case 's':
		snprintf(line, sizeof(line), "sigmask:\t%016llx",
			 (unsigned long long)signals_of(id));
		check_fdinfo(fd, line);
		break;
	case 'P':
		snprintf(line, sizeof(line), "Pid:\t%d\n", all->pids[all->objects[id].task]);
		check_fdinfo(fd, line);
		break;
	case 'i':
		check_fdinfo(fd, "inotify wd:1 ");
		break;
	case 'm':
		CASE_EQ(st.st_size, mark_bytes(id));
		break;
	}
}

/* Marks that are gone when they were read: by the first owner, when all others have looked. */
static void check_content(int fd, int id)
{
	char bytes[1000];
	uint64_t count;

	switch (all->objects[id].kind) {
	case 'p':
	case 'f':
	case 'u':
		CASE_EQ(read(fd, bytes, sizeof(bytes)), mark_bytes(id));
		case_check_fill(bytes, mark_bytes(id), id, "queue");
		break;
	case 'e':
		CASE_EQ(read(fd, &count, sizeof(count)), sizeof(count));
		CASE_EQ(count, 1 + id);
		break;
	}
}

static void check_sharing(void)
{
	const int *table = all->table[me];
	int before = -1;

	for (int fd = 0; fd < FDS; fd++) {
		const struct object *o = &all->objects[table[fd] - 1];

		if (!table[fd])
			continue;
		CASE_EQ(syscall(SYS_kcmp, getpid(), all->pids[o->task], KCMP_FILE, fd, o->fd), 0);
		if (before >= 0 && table[before] != table[fd])
			CASE_CHECK(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, before) > 0,
				   "fd %d is the same as %d", fd, before);
		check_mark(fd, table[fd] - 1);
		before = fd;
	}
}

static void check_contents(void)
{
	for (int id = 0; id < all->nr_objects; id++)
		if (all->objects[id].task == me)
			check_content(all->objects[id].fd, id);
}

/* --- sharing --- */

static int count(void)
{
	int nr = 0;

	for (int fd = 0; fd < FDS; fd++)
		nr += all->table[me][fd] != 0;
	return nr;
}

static int pick(void)
{
	int fd;

	do
		fd = (int)random_below(FDS);
	while (!all->table[me][fd]);
	return fd;
}

static void make_until(int nr)
{
	while (count() < nr)
		make(kinds[random_below(strlen(kinds))]);
}

static void dup_until(int nr)
{
	for (int have = count(), fd; have < nr; have++) {
		fd = pick();
		note(CASE_SYS(dup(fd)), all->table[me][fd] - 1);
	}
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(MAX_SENT * sizeof(int))];
};

static void send_some(int sk, int nr)
{
	int id[MAX_SENT], fd[MAX_SENT];
	union control c = { .head = { CMSG_LEN(nr * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { id, nr * sizeof(*id) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &c,
			    .msg_controllen = CMSG_SPACE(nr * sizeof(int)) };

	for (int i = 0; i < nr; i++) {
		fd[i] = pick();
		id[i] = all->table[me][fd[i]] - 1;
	}
	memcpy(CMSG_DATA(&c.head), fd, nr * sizeof(*fd));
	CASE_EQ(CASE_SYS(sendmsg(sk, &m, 0)), iov.iov_len);
}

static void receive_some(int sk, int nr)
{
	int id[MAX_SENT], fd[MAX_SENT];
	union control c;
	struct iovec iov = { id, sizeof(id) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)
	};

	CASE_EQ(recvmsg(sk, &m, 0), nr * sizeof(*id));
	memcpy(fd, CMSG_DATA(&c.head), nr * sizeof(*fd));
	for (int i = 0; i < nr; i++)
		note(fd[i], id[i]);
}

/* --- tasks --- */

static int links[TASKS][2]; /* task i hears at its [0], the one before it speaks at [1] */

static void share_and_check(void)
{
	int nr_sent = share / 4 < MAX_SENT ? share / 4 : MAX_SENT;

	seed += 7919 * me;
	all->pids[me] = getpid();
	make_until(share / 2);
	dup_until(share - nr_sent);
	send_some(links[(me + 1) % TASKS][1], nr_sent);
	receive_some(links[me][0], nr_sent);
	for (int i = 0; i < TASKS; i++) {
		close(links[i][0]);
		close(links[i][1]);
	}
	barrier(1);
	check_sharing();
	barrier(2);
}

static void check_again(void)
{
	check_sharing();
	barrier(3);
	check_contents();
	barrier(4);
}

/* Has what its parent had, but for a quarter. */
static void child(void *arg)
{
	me = (int)(intptr_t)arg;
	for (int i = 0; i < share / 16; i++) {
		int fd = pick();

		close(fd);
		all->table[me][fd] = 0;
	}
	share_and_check();
	case_wait_go();
	check_again();
}

static void set_up(void)
{
	const char *nr = getenv("CASE_DESCRIPTORS"), *start = getenv("CASE_SEED");
	struct rlimit r;

	kinds = getenv("CASE_KINDS") ? getenv("CASE_KINDS") : kinds;
	seed = start ? (uint32_t)atoi(start) : 1;
	share = (nr ? atoi(nr) : 2000) / TASKS;
	if (share > 600)
		case_skip("%d descriptors in each task are too many for this case", share);
	CASE_SYS(getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = FDS;
	CASE_SYS(setrlimit(RLIMIT_NOFILE, &r));
	all = case_map_shared(sizeof(*all));
	close(case_make_file("file", 4096, 1));
	for (int i = 0; i < TASKS; i++)
		CASE_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, links[i]));
}

int main(void)
{
	pid_t pids[TASKS];

	set_up();
	make_until(share / 4);
	/* Before the first one runs on: what the parent makes later is its own. */
	for (int i = 1; i < TASKS; i++)
		memcpy(all->table[i], all->table[0], sizeof(all->table[0]));
	for (int i = 1; i < TASKS; i++)
		pids[i] = case_fork(child, (void *)(intptr_t)i);
	share_and_check();
	case_ready();
	check_again();
	for (int i = 1; i < TASKS; i++)
		case_join(pids[i]);
	return case_pass();
}
