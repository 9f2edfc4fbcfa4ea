/* SPDX-License-Identifier: GPL-2.0-only */
/* A fanotify group that decides about accesses is refused. */
/* refuse: it decides about accesses */
/* peer: no can dump it */
#include "case.h"

#include <fcntl.h>
#include <sys/fanotify.h>

int main(void)
{
	if (fanotify_init(FAN_CLASS_CONTENT, O_RDONLY) < 0)
		case_skip("fanotify_init: %s", strerror(errno));
	case_ready();
	return case_pass();
}
