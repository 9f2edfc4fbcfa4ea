/* SPDX-License-Identifier: GPL-2.0-only */
/* A fanotify descriptor is refused by name. */
/* refuse: fanotify */
/* peer: no can dump it */
#include "case.h"

#include <sys/fanotify.h>

int main(void)
{
	int fd = fanotify_init(0, 0);

	if (fd < 0)
		case_skip("fanotify: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
