/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory files in every state of their seals, mapped and not, executable and not: bytes, seals and mode are the same, and
 * what a seal forbids stays forbidden.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC 0x10U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif

enum { PAGE = 4096, LEN = 3 * PAGE };

static const struct {
	unsigned flags;
	int seals;
	bool is_mapped;
} rows[] = {
	{ 0, 0, false }, /* cannot be sealed: F_SEAL_SEAL */
	{ MFD_ALLOW_SEALING, 0, false },
	{ MFD_ALLOW_SEALING, F_SEAL_SEAL, false },
	{ MFD_ALLOW_SEALING, F_SEAL_SHRINK, true },
	{ MFD_ALLOW_SEALING, F_SEAL_GROW, false },
	{ MFD_ALLOW_SEALING, F_SEAL_WRITE, false },
	{ MFD_ALLOW_SEALING, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, true },
	{ MFD_ALLOW_SEALING, F_SEAL_FUTURE_WRITE, true },
	{ MFD_ALLOW_SEALING | MFD_CLOEXEC, F_SEAL_SHRINK | F_SEAL_GROW, true },
	{ MFD_NOEXEC_SEAL, 0, false },
	{ MFD_NOEXEC_SEAL, F_SEAL_WRITE, true },
	{ MFD_EXEC | MFD_ALLOW_SEALING, F_SEAL_SEAL, false },
	{ MFD_EXEC | MFD_ALLOW_SEALING, F_SEAL_EXEC, false },
};

struct made {
	int fd, seals, fd_flags;
	mode_t mode;
	unsigned char *map;
};

static bool make(size_t i, struct made *m)
{
	bool stays_writable = rows[i].seals & F_SEAL_FUTURE_WRITE;
	struct stat st;

	m->fd = memfd_create("sealed", rows[i].flags);
	/* Flags that this kernel does not know. */
	if (m->fd < 0)
		return false;
	CASE_SYS(ftruncate(m->fd, LEN));
	for (int page = 0; page < 2; page++)
		CASE_EQ(pwrite(m->fd, &(char){ (char)(i + 1) }, 1, page * PAGE + 7), 1);
	if (rows[i].is_mapped) {
		m->map = mmap(NULL, LEN, PROT_READ | (stays_writable ? PROT_WRITE : 0),
			      stays_writable ? MAP_SHARED : MAP_PRIVATE, m->fd, 0);
		CASE_CHECK(m->map != MAP_FAILED, "mmap: %s", strerror(errno));
	}
	if (rows[i].seals && fcntl(m->fd, F_ADD_SEALS, rows[i].seals))
		return false;
	m->seals = CASE_SYS(fcntl(m->fd, F_GET_SEALS));
	m->fd_flags = CASE_SYS(fcntl(m->fd, F_GETFD));
	CASE_SYS(fstat(m->fd, &st));
	m->mode = st.st_mode;
	return true;
}

static void check(size_t i, const struct made *m)
{
	struct stat st;
	char c = 0;

	CASE_EQ(fcntl(m->fd, F_GET_SEALS), m->seals);
	CASE_EQ(fcntl(m->fd, F_GETFD), m->fd_flags);
	CASE_SYS(fstat(m->fd, &st));
	CASE_EQ(st.st_size, LEN);
	CASE_EQ(st.st_mode, m->mode);
	CASE_EQ(pread(m->fd, &c, 1, PAGE + 7), 1);
	CASE_EQ(c, (char)(i + 1));
	if (m->map)
		CASE_EQ(m->map[7], i + 1);
	if (m->map && m->seals & F_SEAL_FUTURE_WRITE) {
		m->map[8] = 99;
		CASE_EQ(pread(m->fd, &c, 1, 8), 1);
		CASE_EQ(c, 99);
	}
	CASE_EQ(pwrite(m->fd, "x", 1, 0), m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ? -1 : 1);
	CASE_EQ(ftruncate(m->fd, LEN + PAGE), m->seals & F_SEAL_GROW ? -1 : 0);
	CASE_EQ(ftruncate(m->fd, PAGE), m->seals & F_SEAL_SHRINK ? -1 : 0);
	if (m->seals & F_SEAL_SEAL) {
		CASE_EQ(fcntl(m->fd, F_ADD_SEALS, F_SEAL_GROW), -1);
		CASE_EQ(errno, EPERM);
	}
}

int main(void)
{
	struct made made[CASE_NR(rows)] = { 0 };
	bool is_made[CASE_NR(rows)];

	for (size_t i = 0; i < CASE_NR(rows); i++)
		is_made[i] = make(i, &made[i]);
	case_ready();
	for (size_t i = 0; i < CASE_NR(rows); i++)
		if (is_made[i])
			check(i, &made[i]);
	return case_pass();
}
