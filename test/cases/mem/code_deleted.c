/* SPDX-License-Identifier: GPL-2.0-only */
/* Code in a mapped file that was deleted: it runs, in parent and child. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

/* mov $value, %eax; ret */
static unsigned char code[] = { 0xb8, 0x39, 0x30, 0, 0, 0xc3 };
static int (*function)(void);

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(function(), 12345);
}

int main(void)
{
	int fd = CASE_SYS(open("lib.so", O_RDWR | O_CREAT, 0755));
	pid_t pid;

	CASE_EQ(pwrite(fd, code, sizeof(code), 4096 + 64), sizeof(code));
	CASE_SYS(ftruncate(fd, 8192));
	CASE_SYS(close(fd));
	fd = CASE_SYS(open("lib.so", O_RDONLY));
	function = (int (*)(void))(
		(char *)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 4096) + 64);
	CASE_SYS(close(fd));
	CASE_SYS(unlink("lib.so"));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_EQ(function(), 12345);
	case_join(pid);
	return case_pass();
}
