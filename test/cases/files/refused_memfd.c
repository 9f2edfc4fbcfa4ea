/* SPDX-License-Identifier: GPL-2.0-only */
/* A memfd that is open is refused by name (mappings of one are not). */
/* refuse: memfd */
/* peer: no can dump it */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	int fd = memfd_create("name", 0);

	if (fd < 0)
		case_skip("memfd: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
