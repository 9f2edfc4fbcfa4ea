// SPDX-License-Identifier: GPL-2.0-only
/*
 * Terminals on restore.  Pairs of the tree are in tty_make.c.  What was the terminal of the dumped tree becomes the one the tool runs on: each
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

const TtyInfoEntry *tty_find_info(const struct restore_files *rf, uint32_t id)
{
	for (size_t i = 0; i < rf->nr_ttys; i++)
		if (rf->ttys[i]->id == id)
			return rf->ttys[i];
	return NULL;
}

static struct err *check_lines(const struct image_stream *s, const TtyDataEntry *rec)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rec->n_line_len; i++)
		sum += rec->line_len[i];
	if (sum <= rec->data.len)
		return NULL;
	return image_stream_err(s, "terminal %u: %llu bytes in lines, %zu in all", rec->tty_id,
				(unsigned long long)sum, rec->data.len);
}

static struct err *read_data(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_TTY_DATA, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		TRY(check_lines(s, (TtyDataEntry *)msg));
		rf->tty_data = arena_grow(r->arena, rf->tty_data, rf->nr_tty_data,
					  sizeof(*rf->tty_data));
		rf->tty_data[rf->nr_tty_data++] = (TtyDataEntry *)msg;
	}
}

struct err *ttys_read(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(read_data(r));
	TRY(image_open(r->images, IMAGE_TTY_INFO, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		rf->ttys = arena_grow(r->arena, rf->ttys, rf->nr_ttys, sizeof(*rf->ttys));
		rf->ttys[rf->nr_ttys++] = (TtyInfoEntry *)msg;
	}
}

/* A pair of the tree: with a master, or hung up because there is none. */
static bool is_pair(const struct restore_files *rf, const TtyInfoEntry *info)
{
	return info->type == TTY_TYPE__PTY &&
	       (info->id & 1 || !info->termios || tty_find_info(rf, info->id | 1));
}

static bool controls(const struct restore_files *rf, uint32_t sid)
{
	for (size_t i = 0; sid && i < rf->nr_ttys; i++)
		if (is_pair(rf, rf->ttys[i]) && rf->ttys[i]->sid == sid)
			return true;
	return false;
}

/* Is it the terminal of the shell that the tree was started by? */
static bool is_from_outside(const struct restore_files *rf, const TtyInfoEntry *info)
{
	if (info->type == TTY_TYPE__CTTY)
		return !controls(rf, info->sid);
	return info->type == TTY_TYPE__PTY && !is_pair(rf, info);
}

/* Its path is there only when the tool has made the pair. */
static struct err *link_pair(struct restore *r, const TtyInfoEntry *info, struct file *f,
			     struct file *reg)
{
	if (info->id >> 1 > MAX_INDEX)
		return err_new(ERR_IMAGE, "tty-info.img: no terminal can have number %u",
			       info->id >> 1);
	if (reg->rec->reg->name[0] != '/')
		return err_new(ERR_IMAGE, "cannot restore %s: \"%s\" is no absolute path",
			       file_user(r, f), reg->rec->reg->name);
	reg->path_of = f;
	pty_add(r, info, f);
	return NULL;
}

struct err *tty_link(struct restore *r, struct file *f)
{
	const TtyFileEntry *rec = f->rec->tty;
	const TtyInfoEntry *info = tty_find_info(r->files->restore, rec->tty_info_id);
	struct file *reg = rec->has_regf_id ? file_by_id(r->files, rec->regf_id) : NULL;
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
	if (is_pair(r->files->restore, info))
		return link_pair(r, info, f, reg);
	if (info->type == TTY_TYPE__CTTY && f->user &&
	    controls(r->files->restore, (uint32_t)f->user->sid)) {
		/* When the session has it. */
		f->is_late = true;
		return NULL;
	}
	if (!is_from_outside(r->files->restore, info))
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

	TRY(ptys_make(r));
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
	const TtyInfoEntry *info = tty_find_info(fs->restore, rec->tty_info_id);
	const char *path = file_by_id(fs, rec->regf_id)->rec->reg->name;
	int flags = (int)rec->flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_TMPFILE | O_ASYNC);
	bool is_outside = is_from_outside(fs->restore, info) || info->type == TTY_TYPE__CTTY;
	int fd;

	if (is_pair(fs->restore, info))
		return pty_open(w, f, fd_out);
	flags |= O_NOCTTY | O_CLOEXEC;
	/* A serial line may wait for a carrier. */
	fd = is_outside ? open_outside(fs->restore, info, flags) : open(path, flags | O_NONBLOCK);
	if (fd < 0)
		return err_sys(errno, "cannot open terminal %s", path);
	if (!is_outside && !(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags & ~O_ACCMODE)) {
		close(fd);
		return err_sys(errno, "cannot set the flags of terminal %s", path);
	}
	take_as_controlling(w, info, fd);
	*fd_out = fd;
	return NULL;
}

bool tty_set_modes(int fd, const TermiosEntry *rec, bool is_lock)
{
	struct termios t = { .c_iflag = rec->c_iflag,
			     .c_oflag = rec->c_oflag,
			     .c_cflag = rec->c_cflag,
			     .c_lflag = rec->c_lflag,
			     .c_line = (cc_t)rec->c_line };

	/* The bytes lie one after another in the words, see tty.c. */
	memcpy(t.c_cc, rec->c_cc, MIN(sizeof(t.c_cc), rec->n_c_cc * sizeof(*rec->c_cc)));
	return !ioctl(fd, is_lock ? TIOCSLCKTRMIOS : TCSETS, &t);
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
		if (is_from_outside(rf, rf->ttys[i]) && rf->ttys[i]->termios &&
		    !tty_set_modes(rf->terminal, rf->ttys[i]->termios, false))
			log_warn("files", 0, "cannot set the modes of the terminal: %s",
				 strerror(errno));
	sigprocmask(SIG_SETMASK, &saved, NULL);
}
