/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * launch [-k USEC] [-t SECONDS] OUTPUT PROGRAM ARGS...: runs a program and measures it.
 *
 * A small program does this because ru_maxrss counts what the process was before its execve(): a fork of an
 * interpreter would tell the interpreter's size.  -k sends SIGKILL that long after the fork, -t gives up.
 * Prints "status wall_us maxrss_kb user_us system_us verdict"; the verdict is ended, killed or hung.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void redirect(int fd, const char *path, int flags)
{
	int opened = open(path, flags | O_CLOEXEC, 0666);

	if (opened < 0 || dup2(opened, fd) < 0) {
		dprintf(STDERR_FILENO, "launch: cannot open %s: %s\n", path, strerror(errno));
		_exit(126);
	}
}

static void become(const char *output, char **argv)
{
	struct rlimit limit;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	setsid();
	redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
	redirect(STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "launch: cannot execute %s: %s\n", argv[0], strerror(errno));
	_exit(126);
}

/* Waits until @until (0: for ever) for the child to end; false when it did not. */
static int wait_child(pid_t pid, int64_t until, int *status, struct rusage *usage)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		int64_t left = until - now_ns();
		struct timespec ts;

		if (wait4(pid, status, WNOHANG, usage) == pid)
			return 1;
		if (!until)
			left = 1000000000;
		else if (left <= 0)
			return 0;
		ts = (struct timespec){ left / 1000000000, left % 1000000000 };
		sigtimedwait(&chld, NULL, &ts);
	}
}

int main(int argc, char **argv)
{
	long kill_us = -1, timeout_s = 0;
	const char *verdict = "ended";
	struct rusage usage;
	int opt, status;
	int64_t start, end;
	sigset_t chld;
	pid_t pid;

	while ((opt = getopt(argc, argv, "+k:t:")) != -1) {
		if (opt == 'k')
			kill_us = atol(optarg);
		else if (opt == 't')
			timeout_s = atol(optarg);
		else
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	start = now_ns();
	pid = fork();
	if (!pid)
		become(argv[optind], argv + optind + 1);
	if (kill_us >= 0 && !wait_child(pid, start + kill_us * 1000, &status, &usage)) {
		verdict = "killed";
		kill(pid, SIGKILL);
		wait_child(pid, 0, &status, &usage);
	} else if (kill_us < 0 && !wait_child(pid, timeout_s ? start + timeout_s * 1000000000 : 0,
					      &status, &usage)) {
		verdict = "hung";
		kill(pid, SIGKILL);
		wait_child(pid, 0, &status, &usage);
	}
	end = now_ns();
	printf("%d %lld %ld %lld %lld %s\n",
	       WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
	       (long long)(end - start) / 1000, usage.ru_maxrss,
	       usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec,
	       usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec, verdict);
	return 0;
}
