/* SPDX-License-Identifier: GPL-2.0-only */
/* A descriptor of a namespace that the program does not live in is refused. */
/* refuse: it is of a namespace that the tool does not live in */
#include "case.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>

static void elsewhere(void *arg)
{
	(void)arg;
	if (unshare(CLONE_NEWUTS))
		case_skip("unshare: %s", strerror(errno));
	case_here();
	while (access("opened", F_OK))
		case_sleep_ms(1);
}

int main(void)
{
	pid_t pid = case_fork(elsewhere, NULL);
	char path[64];

	case_wait_here(1);
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", pid);
	CASE_SYS(open(path, O_RDONLY));
	case_write_file("opened", "");
	case_join(pid);
	case_ready();
	return case_pass();
}
