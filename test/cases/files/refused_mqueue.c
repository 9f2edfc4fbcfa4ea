/* SPDX-License-Identifier: GPL-2.0-only */
/* A POSIX message queue is refused by name, also when its name is gone. */
/* refuse: POSIX message queues are not supported yet */
/* peer: no takes it for a file */
#include "case.h"

#include <fcntl.h>
#include <mqueue.h>

int main(void)
{
	char name[64] = "/criu-lite-case-";

	name[16] = (char)('a' + getpid() % 26);
	if (mq_open(name, O_RDWR | O_CREAT, 0600, NULL) < 0)
		case_skip("mq_open: %s", strerror(errno));
	CASE_SYS(mq_unlink(name));
	case_ready();
	return case_pass();
}
