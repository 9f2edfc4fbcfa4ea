/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * POSIX shared memory and named semaphores between two processes, one of them unlinked.  The C library
 * makes a semaphore under another name that it takes away again, so the dump needs --link-remap.
 */
/* needs: cap:sys_admin */
/* dump-opts: --link-remap */
#include "case.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/mount.h>

static sem_t *named, *unlinked;
static volatile int *shared;

static void child(void *arg)
{
	(void)arg;
	case_here();
	CASE_SYS(sem_wait(named));
	*shared = 5;
	CASE_SYS(sem_post(unlinked));
}

static sem_t *make(const char *name, int value)
{
	sem_t *sem = sem_open(name, O_CREAT | O_EXCL, 0600, value);

	CASE_CHECK(sem != SEM_FAILED, "sem_open %s: %s", name, strerror(errno));
	return sem;
}

int main(void)
{
	static const char one[] = "/one", two[] = "/two";
	int fd, value;
	pid_t pid;

	/* A /dev/shm of its own: a dump that leaves the tree running leaves its hard link too. */
	if (mount("case", "/dev/shm", "tmpfs", 0, NULL) < 0)
		case_skip("mount: %s", strerror(errno));
	named = make(one, 0);
	unlinked = make(two, 3);
	CASE_SYS(sem_unlink(two));
	fd = CASE_SYS(shm_open(two, O_RDWR | O_CREAT | O_EXCL, 0600));
	CASE_SYS(ftruncate(fd, 8192));
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CASE_SYS(shm_unlink(two));
	CASE_SYS(close(fd));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_SYS(sem_getvalue(unlinked, &value));
	CASE_EQ(value, 3);
	CASE_CHECK(sem_open(one, 0) == named, "the name leads to another semaphore");
	CASE_SYS(sem_post(named));
	case_join(pid);
	CASE_EQ(*shared, 5);
	CASE_SYS(sem_getvalue(unlinked, &value));
	CASE_EQ(value, 4);
	CASE_SYS(sem_unlink(one));
	CASE_SYS(umount2("/dev/shm", MNT_DETACH));
	return case_pass();
}
