/* SPDX-License-Identifier: GPL-2.0-only */
/* Locked mappings that have no page of their own, with and without MLOCK_ONFAULT: VmFlags are compared around it. */
#include <sys/mman.h>

/* peer: no wrong forgets MLOCK_ONFAULT of an area without a page */
#include "case.h"

enum { LEN = 16 * 4096 };

static char *map(int prot)
{
	char *at = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CASE_CHECK(at != MAP_FAILED, "no mapping");
	CASE_SYS(mprotect(at, LEN, prot));
	return at;
}

int main(void)
{
	char *none = map(PROT_NONE), *readable = map(PROT_READ), *late = map(PROT_READ);

	/* It locks, and then finds nothing that it may make present. */
	CASE_CHECK(mlock(none, LEN) != 0, "mlock has changed");
	CASE_SYS(mlock(readable, LEN));
	CASE_SYS(mlock2(late, LEN, MLOCK_ONFAULT));
	case_ready();
	CASE_SYS(mprotect(none, LEN, PROT_READ));
	CASE_EQ(none[0], 0);
	CASE_EQ(readable[0], 0);
	CASE_EQ(late[0], 0);
	return case_pass();
}
