/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A private mapping of a file that was punched and cut since: its own pages outlive the hole, but not
 * the end of the file.
 */
#include "case.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#define PAGE 4096

int main(void)
{
	int fd = case_make_file("file", 8 * PAGE, 1), sig;
	char *map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	CASE_CHECK(map != MAP_FAILED, "mmap: %s", strerror(errno));
	for (int i = 0; i < 8; i += 2)
		map[i * PAGE] = 'A' + i;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, 3 * PAGE) < 0)
		case_skip("no holes in this file system");
	CASE_SYS(ftruncate(fd, 6 * PAGE));
	case_ready();
	CASE_EQ(map[0], 'A');
	CASE_EQ(map[PAGE], 0);
	CASE_EQ(map[2 * PAGE], 'A' + 2);
	CASE_EQ(map[3 * PAGE + 5], 0);
	CASE_EQ(map[4 * PAGE], 'A' + 4);
	CASE_CHECK(case_faults(map + 6 * PAGE, &sig), "what was cut off can be read");
	CASE_EQ(sig, SIGBUS);
	CASE_SYS(ftruncate(fd, 8 * PAGE));
	CASE_EQ(map[6 * PAGE], 0);
	return case_pass();
}
