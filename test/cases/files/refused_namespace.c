/* SPDX-License-Identifier: GPL-2.0-only */
/* An open namespace is refused by name. */
/* refuse: namespace|ns */
/* peer: no can dump it */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY);

	if (fd < 0)
		case_skip("namespace: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
