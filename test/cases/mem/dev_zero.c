/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of /dev/zero, private and shared with a child, with the device closed. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

static char *shared;

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	while (*(volatile char *)shared != 'P')
		case_sleep_ms(1);
	case_check_fill(shared + 4096, 4096, 2, "the shared area");
	shared[8192] = 'C';
}

int main(void)
{
	int fd = CASE_SYS(open("/dev/zero", O_RDWR));
	char *own = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	pid_t pid;

	shared = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CASE_CHECK(own != MAP_FAILED && shared != MAP_FAILED, "mmap: %s", strerror(errno));
	CASE_SYS(close(fd));
	case_fill(own + 4096, 4096, 1);
	case_fill(shared + 4096, 4096, 2);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_EQ(own[0], 0);
	case_check_fill(own + 4096, 4096, 1, "the private area");
	own[12288] = 1;
	shared[0] = 'P';
	case_join(pid);
	CASE_EQ(shared[8192], 'C');
	CASE_EQ(own[8192], 0);
	return case_pass();
}
