// SPDX-License-Identifier: GPL-2.0-only
/*
 * Terminals on restore.  What was the terminal of the dumped tree becomes the one the tool runs on: each
 * descriptor is opened anew on it, so its flags are its own.  The modes (termios) are set at the commit, so that a
 * restore that fails leaves the user's terminal alone.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tty.pb-c.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "files/tty_priv.h"
#include "image/dir.h"

static const TtyInfoEntry *find_info(const struct restore_files *rf, uint32_t id)
{
	for (size_t i = 0; i < rf->nr_ttys; i++)
		if (rf->ttys[i]->id == id)
			return rf->ttys[i];
	return NULL;
}

struct err *ttys_read(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_TTY_INFO, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		rf->ttys = arena_grow(r->arena, rf->ttys, rf->nr_ttys, sizeof(*rf->ttys));
		rf->ttys[rf->nr_ttys++] = (TtyInfoEntry *)msg;
	}
}

/* Is it the terminal of the shell that the tree was started by? */
static bool is_from_outside(const TtyInfoEntry *info)
{
	return info->type == TTY_TYPE__PTY || info->type == TTY_TYPE__CTTY;
}

struct err *tty_link(struct restore *r, struct file *f)
{
	const TtyFileEntry *rec = f->rec->tty;
	const TtyInfoEntry *info = find_info(r->files->restore, rec->tty_info_id);
	const struct file *reg = rec->has_regf_id ? file_by_id(r->files, rec->regf_id) : NULL;
	char key[64];

	if (!info)
		return err_new(ERR_IMAGE, "tty-info.img: no terminal %u of %s", rec->tty_info_id,
			       file_user(r, f));
	snprintf(key, sizeof(key), "tty[%x:%x]", info->rdev, info->dev);
	f->inherited = inherited_find(r, key);
	if (f->inherited >= 0)
		return NULL;
	if (info->type == TTY_TYPE__EXT_TTY)
		return err_hint(err_new(ERR_USAGE, "cannot restore %s: its terminal is external",
					file_user(r, f)),
				"pass --inherit-fd fd[N]:%s", key);
	/* CRIU writes none for what comes from outside. */
	if (!reg || !reg->rec->reg)
		return err_new(ERR_IMAGE, "files.img: terminal %u has no record of its path",
			       f->id);
	if (info->type == TTY_TYPE__PTY && info->id & 1)
		return err_new(ERR_UNSUPPORTED,
			       "cannot restore %s: pseudo-terminal masters are not supported "
			       "yet",
			       file_user(r, f));
	if (!is_from_outside(info))
		return NULL;
	if (!r->opts->shell_job)
		return err_hint(err_new(ERR_USAGE,
					"cannot restore %s: it was dumped on terminal %s",
					file_user(r, f), reg->rec->reg->name),
				"pass --shell-job to restore on the current terminal, or "
				"--inherit-fd fd[N]:%s",
				key);
	r->files->restore->needs_terminal = true;
	return NULL;
}

struct err *ttys_make(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	if (!rf->needs_terminal)
		return NULL;
	for (int fd = 0; fd < 3 && rf->terminal < 0; fd++)
		if (isatty(fd))
			rf->terminal = fcntl(fd, F_DUPFD_CLOEXEC, files_fd_floor(r));
	if (rf->terminal < 0)
		rf->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (rf->terminal < 0)
		return err_hint(err_new(ERR_USAGE,
					"cannot restore a program that was on a terminal: there is "
					"none here"),
				"run the restore on a terminal (ssh -t, docker run -t, script)");
	return fd_move_up(&rf->terminal, files_fd_floor(r));
}

static int open_outside(const struct restore_files *rf, const TtyInfoEntry *info, int flags)
{
	char path[64];
	int fd = -1;

	if (info->type == TTY_TYPE__CTTY)
		fd = open("/dev/tty", flags);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", rf->terminal);
	return open(path, flags);
}

/* A session leader of the tree gets its terminal as such, if no other session has it. */
static void take_as_controlling(const struct worker *w, const TtyInfoEntry *info, int fd)
{
	const struct task *t = w->task;

	if (t->sid != t->ns_pid || info->sid != (uint32_t)t->sid || getsid(0) != getpid())
		return;
	if (ioctl(fd, TIOCSCTTY, 0))
		log_debug("files", t->ns_pid, "the terminal belongs to another session: %s",
			  strerror(errno));
}

struct err *tty_open(struct worker *w, struct file *f, int *fd_out)
{
	const struct files *fs = w->restore->files;
	const TtyFileEntry *rec = f->rec->tty;
	const TtyInfoEntry *info = find_info(fs->restore, rec->tty_info_id);
	const char *path = file_by_id(fs, rec->regf_id)->rec->reg->name;
	int flags = (int)rec->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_TMPFILE | O_ASYNC);
	int fd;

	flags |= O_NOCTTY | O_CLOEXEC;
	/* A serial line may wait for a carrier. */
	fd = is_from_outside(info) ? open_outside(fs->restore, info, flags) :
				     open(path, flags | O_NONBLOCK);
	if (fd < 0)
		return err_sys(errno, "cannot open terminal %s", path);
	if (!is_from_outside(info) && !(flags & O_NONBLOCK) &&
	    fcntl(fd, F_SETFL, flags & ~O_ACCMODE)) {
		close(fd);
		return err_sys(errno, "cannot set the flags of terminal %s", path);
	}
	take_as_controlling(w, info, fd);
	*fd_out = fd;
	return NULL;
}

static void set_modes(const struct restore_files *rf, const TtyInfoEntry *info)
{
	const TermiosEntry *rec = info->termios;
	struct termios t = { .c_iflag = rec->c_iflag,
			     .c_oflag = rec->c_oflag,
			     .c_cflag = rec->c_cflag,
			     .c_lflag = rec->c_lflag,
			     .c_line = (cc_t)rec->c_line };

	/* The bytes lie one after another in the words, see tty.c. */
	memcpy(t.c_cc, rec->c_cc, MIN(sizeof(t.c_cc), rec->n_c_cc * sizeof(*rec->c_cc)));
	if (ioctl(rf->terminal, TCSETS, &t))
		log_warn("files", 0, "cannot set the modes of the terminal: %s", strerror(errno));
}

void ttys_commit(struct restore *r)
{
	const struct restore_files *rf = r->files->restore;
	sigset_t ttou, saved;

	if (rf->terminal < 0)
		return;
	/* A tool in the background would be stopped for it. */
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &saved);
	for (size_t i = 0; i < rf->nr_ttys; i++)
		if (is_from_outside(rf->ttys[i]) && rf->ttys[i]->termios)
			set_modes(rf, rf->ttys[i]);
	sigprocmask(SIG_SETMASK, &saved, NULL);
}
