/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child that died with a core keeps the core bit in its status, and the restore leaves no core file
 * of its own.
 */
/* peer: no-restore wrong gives the signal without the core bit */
#include "case.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void skip_without_core_files(void)
{
	struct rlimit limit;
	char pattern[256] = "";
	int fd = CASE_SYS(open("/proc/sys/kernel/core_pattern", O_RDONLY));

	CASE_SYS(read(fd, pattern, sizeof(pattern) - 1));
	close(fd);
	CASE_SYS(getrlimit(RLIMIT_CORE, &limit));
	if (pattern[0] == '|' || pattern[0] == '@' || strchr(pattern, '/') || !limit.rlim_max)
		case_skip("no core files in the current directory");
	limit.rlim_cur = limit.rlim_max;
	CASE_SYS(setrlimit(RLIMIT_CORE, &limit));
}

int main(void)
{
	siginfo_t info;
	int status;
	pid_t pid;

	skip_without_core_files();
	pid = CASE_SYS(fork());
	if (!pid)
		for (;;)
			pause();
	CASE_SYS(kill(pid, SIGSEGV));
	CASE_SYS(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	if (info.si_code != CLD_DUMPED)
		case_skip("this kernel wrote no core");
	unlink("core");
	case_ready();
	CASE_EQ(CASE_SYS(waitpid(pid, &status, 0)), pid);
	CASE_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x", status);
	CASE_CHECK(WCOREDUMP(status), "status %#x has lost its core bit", status);
	CASE_CHECK(access("core", F_OK), "the restore left a core file");
	return case_pass();
}
