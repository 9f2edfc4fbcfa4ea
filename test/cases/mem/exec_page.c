/* SPDX-License-Identifier: GPL-2.0-only */
/* Code made at run time in anonymous memory runs afterwards. */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	static const unsigned char code[] = {
		0xb8, 0x67, 0x45, 0x23, 0x01, 0xc3
	}; /* mov $0x1234567, %eax; ret */
	unsigned char *page = case_map(4096);
	int (*call)(void) = (int (*)(void))page;

	memcpy(page, code, sizeof(code));
	CASE_SYS(mprotect(page, 4096, PROT_READ | PROT_EXEC));
	case_ready();
	CASE_EQ(call(), 0x1234567);
	return case_pass();
}
