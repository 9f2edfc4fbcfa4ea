// SPDX-License-Identifier: GPL-2.0-only
#include "mem/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "proc/stat.h"

static int pidfd_open_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* A pidfd of the very process that was a keeper, or -1. */
static int pidfd_of_keeper(pid_t keeper, uint64_t start_time)
{
	AUTO_FD fd = keeper > 0 ? pidfd_open_of(keeper) : -1;
	struct proc_stat st;
	struct err *e;

	if (fd < 0)
		return -1;
	e = proc_stat_read_pid(keeper, &st);
	if (e) {
		err_drop(e, "the keeper has ended");
		return -1;
	}
	return st.start_time == start_time && st.state != 'Z' ? fd_take(&fd) : -1;
}

struct err *keeper_take(pid_t keeper, uint64_t start_time, int keeper_fd, int *fd_out)
{
	AUTO_FD pidfd = pidfd_of_keeper(keeper, start_time);
	int fd;

	if (pidfd < 0)
		return err_new(ERR_GONE, "the keeper, process %d, has ended", keeper);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, keeper_fd, 0);
	if (fd < 0)
		return err_sys(errno, "cannot take descriptor %d of the keeper, process %d",
			       keeper_fd, keeper);
	*fd_out = fd;
	return NULL;
}

void keeper_stop(pid_t keeper, uint64_t start_time)
{
	AUTO_FD pidfd = pidfd_of_keeper(keeper, start_time);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0))
		return;
	poll(&p, 1, 1000);
}

/* --- starting --- */

enum { WORD_LEN = 32 };

/* Everything but what argv names and the standard three is closed; those lead nowhere. */
static bool keep_only(const int *kept, size_t nr)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return false;
	/* Close-on-exec, not close: the copies that are kept lose the flag below. */
	if (syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (fcntl(kept[i], F_SETFD, 0))
			return false;
	return true;
}

struct start {
	char *words; /* argv[1..], WORD_LEN each */
	char **argv;
	int *kept;
	size_t nr_kept, nr_words;
};

static void start_free(struct start *s)
{
	/* The pidfds, every second one, are ours. */
	for (size_t i = 1; i < s->nr_kept; i += 2)
		close(s->kept[i]);
	free(s->words);
	free(s->argv);
	free(s->kept);
}

static struct err *start_fill(struct start *s, const struct keeper_fd *fds, size_t nr)
{
	s->words = calloc(nr, WORD_LEN);
	s->argv = calloc(nr + 2, sizeof(*s->argv));
	s->kept = calloc(2 * nr, sizeof(*s->kept));
	if (!s->words || !s->argv || !s->kept)
		return err_sys(ENOMEM, "cannot start a keeper");
	s->argv[0] = KEEPER_NAME;
	for (size_t i = 0; i < nr; i++) {
		char *word = s->words + s->nr_words * WORD_LEN;
		int pidfd = pidfd_open_of(fds[i].pid);

		if (pidfd < 0 && errno == ESRCH)
			continue;
		if (pidfd < 0)
			return err_sys(errno, "cannot hold task %d", fds[i].pid);
		s->kept[s->nr_kept++] = fds[i].uffd;
		s->kept[s->nr_kept++] = pidfd;
		snprintf(word, WORD_LEN, "%d:%d:%d", fds[i].pid, fds[i].uffd, pidfd);
		s->argv[++s->nr_words] = word;
	}
	return NULL;
}

/*
 * The keeper outlives us and is nobody's child: the one in between ends at once.  It says by a pipe that closes at
 * the exec, or brings an errno, whether it is there.
 */
static void become_keeper(const struct start *s, int report)
{
	sigset_t none;
	pid_t pid = fork();
	int failure;

	if (pid > 0 || pid < 0)
		_exit(pid < 0 ? 127 : 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	pid = getpid();
	if (write(report, &pid, sizeof(pid)) == sizeof(pid) && !chdir("/") &&
	    keep_only(s->kept, s->nr_kept))
		execv("/proc/self/exe", s->argv);
	failure = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

static struct err *read_report(int from, pid_t *pid_out)
{
	int failure;
	ssize_t n;

	if (read(from, pid_out, sizeof(*pid_out)) != sizeof(*pid_out))
		return err_new(ERR_SYS, "cannot start a keeper: it ended at once");
	n = read(from, &failure, sizeof(failure));
	return n > 0 ? err_sys(failure, "cannot execute a keeper") : NULL;
}

static struct err *start_it(const struct start *s, pid_t *pid_out)
{
	int ends[2], status;
	struct err *e;
	pid_t middle;

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(errno, "cannot make a pipe");
	middle = fork();
	if (middle == 0)
		become_keeper(s, ends[1]);
	close(ends[1]);
	e = middle < 0 ? err_sys(errno, "cannot fork a keeper") : read_report(ends[0], pid_out);
	close(ends[0]);
	if (middle > 0)
		waitpid(middle, &status, 0);
	return e;
}

struct err *keeper_start(const struct keeper_fd *fds, size_t nr, pid_t *pid_out,
			 uint64_t *start_time_out)
{
	struct start s = { 0 };
	struct proc_stat st;
	pid_t pid = 0;
	struct err *e = start_fill(&s, fds, nr);

	if (!e)
		e = start_it(&s, &pid);
	start_free(&s);
	if (!e)
		e = proc_stat_read_pid(pid, &st);
	if (e)
		return e;
	*pid_out = pid;
	*start_time_out = st.start_time;
	return NULL;
}

/* --- the keeper itself --- */

int keeper_main(int argc, char *argv[])
{
	size_t nr = argc > 1 ? (size_t)argc - 1 : 0, nr_left = nr;
	struct pollfd *tasks = calloc(nr + 1, sizeof(*tasks));
	int *uffds = calloc(nr + 1, sizeof(*uffds));
	int pid;

	if (!tasks || !uffds)
		return 1;
	/* Else it is called after the link it was executed by. */
	prctl(PR_SET_NAME, "criu-lite-keep");
	for (size_t i = 0; i < nr; i++) {
		tasks[i].events = POLLIN;
		if (sscanf(argv[i + 1], "%d:%d:%d", &pid, &uffds[i], &tasks[i].fd) != 3)
			return 1;
	}
	while (nr_left) {
		if (poll(tasks, nr, -1) < 0 && errno != EINTR)
			return 1;
		for (size_t i = 0; i < nr; i++) {
			if (tasks[i].fd < 0 || !tasks[i].revents)
				continue;
			close(uffds[i]);
			close(tasks[i].fd);
			tasks[i].fd = -1;
			nr_left--;
		}
	}
	return 0;
}
