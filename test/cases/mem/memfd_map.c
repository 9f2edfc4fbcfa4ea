/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of a memfd: shared in two tasks with the descriptor closed, and private with a changed page. */
#include "case.h"

#include <sys/mman.h>

static char *shared;

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	while (*(volatile char *)shared != 'P')
		case_sleep_ms(1);
	shared[1] = 'C';
}

int main(void)
{
	int fd = CASE_SYS(memfd_create("some name", 0));
	char *private;
	pid_t pid;

	CASE_SYS(ftruncate(fd, 16 * 4096));
	shared = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	case_fill(shared, 16 * 4096, 16);
	private = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 8 * 4096);
	case_fill(private, 4096, 17);
	close(fd);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	case_check_fill(shared, 16 * 4096, 16, "memfd");
	case_check_fill(private, 4096, 17, "private page");
	shared[9 * 4096] = 'x';
	CASE_EQ(private[4096], 'x');
	shared[0] = 'P';
	case_join(pid);
	CASE_EQ(shared[1], 'C');
	return case_pass();
}
