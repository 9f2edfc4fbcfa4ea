/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sealed memfds that are mapped: with F_SEAL_FUTURE_WRITE the mapping of before may be written and no new
 * one, with F_SEAL_WRITE there is a private one that was changed.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

static int make(const char *name)
{
	int fd = CASE_SYS(memfd_create(name, MFD_ALLOW_SEALING));
	char buf[8192];

	case_fill(buf, sizeof(buf), 1);
	CASE_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	return fd;
}

static char *map(int fd, int kind)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, kind, fd, 0);

	CASE_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

int main(void)
{
	int future = make("future"), sealed = make("sealed");
	char *shared = map(future, MAP_SHARED), *own, byte;

	CASE_SYS(fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK));
	CASE_SYS(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL));
	own = map(sealed, MAP_PRIVATE);
	own[10] = 'o';
	case_ready();
	shared[20] = 's';
	CASE_EQ(pread(future, &byte, 1, 20), 1);
	CASE_EQ(byte, 's');
	CASE_EQ(write(future, "x", 1), -1);
	CASE_EQ(errno, EPERM);
	CASE_CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, future, 0) == MAP_FAILED,
		   "a new mapping may be written");
	CASE_EQ(own[10], 'o');
	CASE_EQ(pread(sealed, &byte, 1, 10), 1);
	CASE_CHECK(byte != 'o', "the private change is in the memfd");
	CASE_EQ(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK), -1);
	CASE_EQ(fcntl(future, F_GET_SEALS), F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK);
	return case_pass();
}
