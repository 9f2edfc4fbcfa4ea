/* SPDX-License-Identifier: GPL-2.0-only */
/* A signalfd is refused by name. */
/* refuse: signalfd */
/* peer: no can dump it */
#include "case.h"

#include <signal.h>
#include <sys/signalfd.h>

int main(void)
{
	int fd = signalfd(-1, &(sigset_t){}, 0);

	if (fd < 0)
		case_skip("signalfd: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
