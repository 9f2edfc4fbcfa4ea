/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that left the common current directory and umask by unshare(CLONE_FS): it is refused by name. */
/* refuse: thread [0-9]+ of task [0-9]+ has a root and working directory of its own */
/* peer: no wrong gives every thread the directory of the process */
#include "case.h"

#include <sched.h>
#include <sys/stat.h>

static void *thread(void *arg)
{
	char cwd[4096];

	CASE_SYS(unshare(CLONE_FS));
	CASE_SYS(chdir("/usr"));
	umask(0123);
	case_here();
	case_wait_go();
	CASE_CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/usr"), "the directory is %s", cwd);
	CASE_EQ(umask(0), 0123);
	return arg;
}

int main(void)
{
	umask(0027);
	case_threads(1, thread);
	case_wait_here(1);
	case_ready();
	CASE_EQ(umask(0), 0027);
	case_threads_join();
	return case_pass();
}
