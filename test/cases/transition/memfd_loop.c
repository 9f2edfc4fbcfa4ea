/* SPDX-License-Identifier: GPL-2.0-only */
/* Memfds are made, sealed, mapped, punched and closed all the time. */
/* busy: it changes all the time */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

#define LEN (16 * 4096)

static void one(unsigned round)
{
	int fd = CASE_SYS(memfd_create("loop", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	char *map, *read_only;

	CASE_SYS(ftruncate(fd, LEN));
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CASE_CHECK(map != MAP_FAILED, "mmap: %s", strerror(errno));
	case_fill(map, LEN, round);
	CASE_SYS(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	case_check_fill(map, LEN, round, "the whole");
	CASE_SYS(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
	CASE_EQ(map[4096 + round % 4096], 0);
	CASE_SYS(munmap(map, LEN));
	CASE_SYS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	read_only = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, fd, 0);
	CASE_CHECK(read_only != MAP_FAILED, "mmap: %s", strerror(errno));
	CASE_SYS(close(fd));
	case_check_fill(read_only, 4096, round, "the first page");
	CASE_EQ(read_only[8191], 0);
	CASE_SYS(munmap(read_only, LEN));
}

int main(void)
{
	for (unsigned round = 0; round < 100 || !case_go(); round++) {
		one(round);
		if (round == 20)
			case_say_ready();
	}
	return case_pass();
}
