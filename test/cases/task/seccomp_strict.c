/* SPDX-License-Identifier: GPL-2.0-only */
/* Strict seccomp: only read, write, exit and sigreturn are allowed, before and after. */
#include "case.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Spins on reading a file: nothing that sleeps is allowed.  The parent writes it. */
static void child(void *arg)
{
	int fd = CASE_SYS(open("word", O_RDONLY)), *state = arg;
	char c;

	CASE_SYS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	*state = 1;
	while (read(fd, &c, 1) == 0)
		;
	*state = 2;
	syscall(SYS_exit, 0);
}

int main(void)
{
	int *state = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	case_write_file("word", "");
	pid = case_fork(child, state);
	while (!*(volatile int *)state)
		case_sleep_ms(1);
	case_ready();
	CASE_EQ(*(volatile int *)state, 1);
	case_write_file("word", "!");
	case_join(pid);
	CASE_EQ(*(volatile int *)state, 2);
	return case_pass();
}
