// SPDX-License-Identifier: GPL-2.0-only
#include "task/cgroup_freezer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

#include "proc/scan.h"

enum {
	POLL_US = 500,
	RETRY_US = 20000, /* v1 may stay in FREEZING after a fork; writing again helps */
};

static const char *state_file(const struct cgroup_freezer *c)
{
	return c->is_v2 ? "cgroup.freeze" : "freezer.state";
}

static const char *state_text(const struct cgroup_freezer *c, bool frozen)
{
	if (c->is_v2)
		return frozen ? "1" : "0";
	return frozen ? "FROZEN" : "THAWED";
}

static struct err *write_state(const struct cgroup_freezer *c, bool frozen)
{
	const char *text = state_text(c, frozen);
	AUTO_FD fd = -1;

	TRY(fd_open_at(c->dirfd, O_WRONLY, &fd, "%s", state_file(c)));
	if (write(fd, text, strlen(text)) < 0)
		return err_sys(errno, "cannot write %s to %s of the cgroup", text, state_file(c));
	return NULL;
}

/* Whether everything in the group stands still now. */
static struct err *read_frozen(const struct cgroup_freezer *c, bool *out)
{
	AUTO_FREE char *text = NULL;
	struct scan s, line;
	size_t len;

	TRY(file_slurp_at(c->dirfd, &text, &len, c->is_v2 ? "cgroup.events" : "freezer.state"));
	for (s = scan_init(text, len); scan_line(&s, &line);) {
		if (scan_is(&line, c->is_v2 ? "frozen 1" : "FROZEN")) {
			*out = true;
			return NULL;
		}
	}
	*out = false;
	return NULL;
}

/* What the user asked for, which a v2 group's events do not tell. */
static struct err *read_wanted(const struct cgroup_freezer *c, bool *out)
{
	AUTO_FREE char *text = NULL;

	TRY(file_slurp_at(c->dirfd, &text, NULL, "%s", state_file(c)));
	*out = c->is_v2 ? text[0] == '1' : strncmp(text, "THAWED", 6) != 0;
	return NULL;
}

static bool list_holds(const char *text, size_t len, pid_t pid)
{
	struct scan s = scan_init(text, len), line;
	int found;

	while (scan_line(&s, &line)) {
		if (scan_pid(&line, &found) && found == pid)
			return true;
	}
	return false;
}

/* Whether @pid is in the group at @own_dirfd or in one below it. */
static struct err *group_holds(int own_dirfd, pid_t pid, bool *out)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD fd = own_dirfd;
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	size_t len;

	TRY(file_slurp_at(fd, &text, &len, "cgroup.procs"));
	*out = list_holds(text, len, pid);
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(errno, "cannot list the groups below a cgroup");
	fd = -1;
	while (!*out && (entry = readdir(dir))) {
		int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		TRY(fd_open_at(dirfd(dir), O_RDONLY | O_DIRECTORY, &below, "%s", entry->d_name));
		TRY(group_holds(below, pid, out));
	}
	return NULL;
}

static struct err *refuse_own_group(const char *path)
{
	bool is_own = false;
	int fd;

	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_DIRECTORY, &fd, "%s", path));
	TRY(group_holds(fd, getpid(), &is_own));
	if (!is_own)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "cannot freeze cgroup \"%s\": this tool is in it", path),
			"start the tool from another cgroup");
}

/*
 * The guard: it leaves when told so by a byte and puts the group back when its socket ends without
 * one. It must not be stopped by what stops the tool, and holds none of the tool's descriptors.
 */
static void guard_main(const struct cgroup_freezer *c, int sock, int64_t limit_ms)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct err *e;
	char byte;

	setsid();
	prctl(PR_SET_NAME, "criu-lite-thaw");
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	if (poll(&p, 1, (int)limit_ms) > 0 && read(sock, &byte, 1) == 1)
		_exit(0);
	e = write_state(c, c->was_frozen);
	if (e)
		_exit(1);
	_exit(0);
}

static struct err *guard_start(struct cgroup_freezer *c, int64_t limit_ms)
{
	int fds[2];
	pid_t pid;

	/* Not a pipe: writing to a guard that is gone must not bring SIGPIPE. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_sys(errno, "cannot make a socket pair");
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_sys(errno, "cannot start the guard of the frozen cgroup");
	}
	if (pid == 0) {
		/* Numbers 3 and 4 are free for us: nothing of the tool is used any more. */
		int keep[2] = { fcntl(fds[0], F_DUPFD, 100), fcntl(c->dirfd, F_DUPFD, 100) };

		dup2(keep[0], 0);
		dup2(keep[1], 1);
		syscall(SYS_close_range, 2u, ~0u, 0);
		c->dirfd = 1;
		guard_main(c, 0, limit_ms);
	}
	close(fds[0]);
	c->guard_fd = fds[1];
	c->guard_pid = pid;
	return NULL;
}

/* The group is as it should be: the guard has nothing to do any more. */
static void guard_stop(struct cgroup_freezer *c)
{
	int status;

	if (!c->guard_pid)
		return;
	if (send(c->guard_fd, "q", 1, MSG_NOSIGNAL) != 1)
		log_debug("task", c->guard_pid, "the guard of the cgroup is gone already");
	close(c->guard_fd);
	while (waitpid(c->guard_pid, &status, 0) < 0 && errno == EINTR)
		;
	c->guard_pid = 0;
	c->guard_fd = -1;
}

static struct err *wait_frozen(const struct cgroup_freezer *c, const char *path,
			       uint64_t deadline_us)
{
	uint64_t retry_us = clock_us() + RETRY_US;
	bool frozen = false;

	for (;;) {
		TRY(read_frozen(c, &frozen));
		if (frozen)
			return NULL;
		if (clock_us() >= deadline_us)
			break;
		if (clock_us() >= retry_us) {
			TRY(write_state(c, true));
			retry_us = clock_us() + RETRY_US;
		}
		usleep(POLL_US);
	}
	return err_hint(err_new(ERR_SYS, "cannot freeze cgroup \"%s\" in time", path),
			"look for tasks of it in state D, or give it more time with --timeout");
}

static struct err *group_open(struct cgroup_freezer *c, const char *path)
{
	AUTO_FD fd = -1;

	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_DIRECTORY, &fd, "%s", path));
	c->is_v2 = !faccessat(fd, "cgroup.freeze", F_OK, 0);
	if (!c->is_v2 && faccessat(fd, "freezer.state", F_OK, 0))
		return err_hint(err_new(ERR_USAGE,
					"cannot freeze \"%s\": it has neither freezer.state nor "
					"cgroup.freeze",
					path),
				"name a cgroup's directory below the freezer or cgroup2 mount, not "
				"its root");
	TRY(refuse_own_group(path));
	c->dirfd = fd_take(&fd);
	c->is_used = true;
	return NULL;
}

static int64_t guard_limit_ms(uint64_t deadline_us)
{
	uint64_t now = clock_us();

	if (deadline_us == UINT64_MAX)
		return -1;
	/* A little more than the tool itself would wait. */
	return (int64_t)((deadline_us > now ? deadline_us - now : 0) / 1000 + 1000);
}

struct err *cgroup_freezer_start(struct cgroup_freezer *c, const char *path, uint64_t deadline_us)
{
	struct err *e;

	*c = (struct cgroup_freezer){ .dirfd = -1, .guard_fd = -1 };
	TRY(group_open(c, path));
	e = read_wanted(c, &c->was_frozen);
	if (!e)
		e = guard_start(c, guard_limit_ms(deadline_us));
	if (!e && !c->was_frozen)
		e = write_state(c, true);
	c->is_frozen = !e;
	if (!e)
		e = wait_frozen(c, path, deadline_us);
	if (e)
		cgroup_freezer_end(c);
	return e;
}

bool cgroup_freezer_bars(const struct cgroup_freezer *c, pid_t pid, pid_t tid)
{
	AUTO_FREE char *text = NULL;
	struct err *e;

	if (!c->is_used || !c->is_frozen || c->is_v2)
		return false;
	/* The state in stat is D for all frozen tasks; only the place in the kernel tells. */
	e = file_slurp_at(AT_FDCWD, &text, NULL, "/proc/%d/task/%d/wchan", pid, tid);
	err_drop(e, "attaching to it will tell");
	return text && !strcmp(text, "do_signal_stop");
}

struct err *cgroup_freezer_thaw(struct cgroup_freezer *c)
{
	if (!c->is_used || !c->is_frozen)
		return NULL;
	if (c->was_frozen) {
		/*
		 * The next guard knows no limit: a dump may take long, and its end freezes again.
		 */
		guard_stop(c);
		TRY(guard_start(c, -1));
	}
	TRY(write_state(c, false));
	c->is_frozen = false;
	if (!c->was_frozen)
		guard_stop(c);
	return NULL;
}

void cgroup_freezer_end(struct cgroup_freezer *c)
{
	struct err *e = NULL;

	if (!c->is_used)
		return;
	if (c->is_frozen != c->was_frozen)
		e = write_state(c, c->was_frozen);
	if (e)
		log_warn("task", 0, "the cgroup stays %s: %s", c->was_frozen ? "thawed" : "frozen",
			 err_message(e));
	err_drop(e, "told as a warning");
	guard_stop(c);
	close(c->dirfd);
	c->is_used = false;
}
