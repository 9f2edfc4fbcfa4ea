/* SPDX-License-Identifier: GPL-2.0-only */
/* A sealed area (mseal) could not be put back and is refused by name. */
/* refuse: seal */
/* peer: no wrong restores the area without its seal */
#include "case.h"

#include <sys/syscall.h>

int main(void)
{
	char *area = case_map(4096);

	*(volatile char *)area = 1;
	if (syscall(462 /* mseal */, area, 4096, 0) < 0)
		case_skip("mseal: %s", strerror(errno));
	case_ready();
	CASE_EQ(*area, 1);
	return case_pass();
}
