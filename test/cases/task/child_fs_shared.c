/* SPDX-License-Identifier: GPL-2.0-only */
/* A child made with CLONE_FS: both have one current directory and one umask. */
/* peer: no refuses does not know shared file system contexts */
#include "case.h"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

static int child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	CASE_SYS(chdir("/"));
	umask(0123);
	return 0;
}

int main(void)
{
	static char stack[65536];
	char cwd[64];
	pid_t pid = CASE_SYS(clone(child, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL));

	case_wait_here(1);
	case_ready();
	case_join(pid);
	CASE_CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/"), "the directory is not shared");
	CASE_EQ(umask(0), 0123);
	return case_pass();
}
