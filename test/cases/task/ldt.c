/* SPDX-License-Identifier: GPL-2.0-only */
/* A local descriptor table (modify_ldt), as Wine and DOSEMU make it: refused by name. */
/* refuse: cannot dump task [0-9]+: it has a local descriptor table */
/* peer: no wrong does not save it */
#include "case.h"

#include <asm/ldt.h>
#include <sys/syscall.h>

int main(void)
{
	struct user_desc entry = { .entry_number = 5,
				   .base_addr = 0x10000,
				   .limit = 0xfff,
				   .seg_32bit = 1,
				   .useable = 1 };
	char before[8 * 16] = "", now[8 * 16] = "";

	if (syscall(SYS_modify_ldt, 1, &entry, sizeof(entry)) < 0)
		case_skip("modify_ldt: %s", strerror(errno));
	CASE_SYS(syscall(SYS_modify_ldt, 0, before, sizeof(before)));
	case_ready();
	CASE_SYS(syscall(SYS_modify_ldt, 0, now, sizeof(now)));
	CASE_CHECK(!memcmp(now, before, sizeof(now)), "the table differs");
	return case_pass();
}
