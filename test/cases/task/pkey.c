/* SPDX-License-Identifier: GPL-2.0-only */
/* Protection keys: the key of an area and the rights register of the thread. */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key = pkey_alloc(0, PKEY_DISABLE_WRITE);

	if (key < 0)
		case_skip("pkey_alloc: %s", strerror(errno));
	*page = 1;
	CASE_SYS(pkey_mprotect(page, 4096, PROT_READ | PROT_WRITE, key));
	case_ready();
	CASE_EQ(pkey_get(key), PKEY_DISABLE_WRITE);
	CASE_EQ(*page, 1);
	CASE_EQ(atoi(case_smaps(page, "ProtectionKey")), key);
	return case_pass();
}
