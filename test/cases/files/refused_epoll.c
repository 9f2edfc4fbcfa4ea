/* SPDX-License-Identifier: GPL-2.0-only */
/* An epoll descriptor is refused by name. */
/* refuse: epoll|eventpoll */
/* peer: no can dump it */
#include "case.h"

#include <sys/epoll.h>

int main(void)
{
	int fd = epoll_create1(0);

	if (fd < 0)
		case_skip("epoll: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
