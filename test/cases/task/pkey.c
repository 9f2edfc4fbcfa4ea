/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection keys: those that the program holds, the key of an area, the rights register of the
 * thread, and the key that the kernel takes for memory that can only be executed.
 */
/* peer: no does not know protection keys */
#include "case.h"

#include <sys/mman.h>

static int key_of(const void *addr)
{
	return atoi(case_smaps(addr, "ProtectionKey"));
}

int main(void)
{
	char *page = case_map(4096), *exec;
	int own[3], kernels;

	for (int i = 0; i < 3; i++) {
		own[i] = pkey_alloc(0, PKEY_DISABLE_WRITE);
		if (own[i] < 0)
			case_skip("pkey_alloc: %s", strerror(errno));
	}
	*page = 1;
	CASE_SYS(pkey_mprotect(page, 4096, PROT_READ | PROT_WRITE, own[2]));
	/* The kernel takes the gap. */
	CASE_SYS(pkey_free(own[1]));
	exec = mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kernels = key_of(exec);
	CASE_EQ(kernels, own[1]);
	case_ready();
	CASE_EQ(pkey_get(own[0]), PKEY_DISABLE_WRITE);
	CASE_EQ(pkey_get(own[2]), PKEY_DISABLE_WRITE);
	CASE_EQ(*page, 1);
	CASE_EQ(key_of(page), own[2]);
	CASE_EQ(key_of(exec), kernels);
	CASE_CHECK(pkey_alloc(0, 0) > own[2], "a key that was held is free");
	CASE_SYS(pkey_free(own[0]));
	CASE_EQ(pkey_alloc(0, 0), own[0]);
	/* Last, as a signal handler that is left by a jump changes the rights. */
	CASE_CHECK(case_faults(exec, NULL), "memory that can only be executed can be read");
	return case_pass();
}
