/* SPDX-License-Identifier: GPL-2.0-only */
/* An inotify descriptor is refused by name. */
/* refuse: inotify */
/* peer: no can dump it */
#include "case.h"

#include <sys/inotify.h>

int main(void)
{
	int fd = inotify_init1(0);

	if (fd < 0)
		case_skip("inotify: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
