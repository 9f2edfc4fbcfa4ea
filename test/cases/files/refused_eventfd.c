/* SPDX-License-Identifier: GPL-2.0-only */
/* An eventfd is refused by name. */
/* refuse: eventfd */
/* peer: no can dump it */
#include "case.h"

#include <sys/eventfd.h>

int main(void)
{
	int fd = eventfd(5, 0);

	if (fd < 0)
		case_skip("eventfd: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
