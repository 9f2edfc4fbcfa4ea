/* SPDX-License-Identifier: GPL-2.0-only */
/* A memfd: content, name, seals, position, and a mapping of it that is the same memory. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(void)
{
	int fd = CASE_SYS(memfd_create("a name", MFD_ALLOW_SEALING | MFD_CLOEXEC)),
	    plain = memfd_create("plain", 0);
	char *map, link[64] = "";

	CASE_SYS(ftruncate(fd, 10000));
	map = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	case_fill(map, 10000, 70);
	CASE_SYS(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	CASE_SYS(lseek(fd, 1234, SEEK_SET));
	case_ready();
	case_check_fill(map, 10000, 70, "memfd");
	CASE_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
	CASE_EQ(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
	CASE_EQ(ftruncate(fd, 20000), -1);
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 1234);
	CASE_EQ(pwrite(fd, "new", 3, 5000), 3);
	CASE_CHECK(!memcmp(map + 5000, "new", 3), "mapping and descriptor are apart");
	CASE_SYS(readlink("/proc/self/fd/3", link, sizeof(link) - 1));
	CASE_CHECK(!strcmp(link, "/memfd:a name (deleted)"), "the name became %s", link);
	return case_pass();
}
