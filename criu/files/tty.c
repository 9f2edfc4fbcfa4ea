// SPDX-License-Identifier: GPL-2.0-only
/*
 * Terminals on dump: the one the tree was started on (--shell-job), consoles, serial lines.  A terminal is a
 * TTY entry, a REG entry for the path, and one tty_info entry for each device.  Pseudo-terminals whose master is
 * in the tree are refused.  Restore is in tty_open.c.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "tty.pb-c.h"

#include "base/fd.h"
#include "base/options.h"
#include "files/tty_priv.h"
#include "image/dir.h"
#include "proc/stat.h"

enum { MAJOR_TTY = 4, MAJOR_TTYAUX = 5, MAJOR_PTS_FIRST = 136, MAJOR_PTS_LAST = 143, NR_VTS = 64 };

/* CRIU numbers terminals by index * 2 + is_master; these indices are its own for those that are no ptys. */
enum {
	INDEX_CONSOLE = 1002,
	INDEX_VT = 1004,
	INDEX_CTTY = 1006,
	INDEX_SERIAL = 1010,
	INDEX_EXTERNAL = 1012
};

static bool is_pts(dev_t rdev)
{
	return major(rdev) >= MAJOR_PTS_FIRST && major(rdev) <= MAJOR_PTS_LAST;
}

static bool is_tty(dev_t rdev)
{
	return major(rdev) == MAJOR_TTY || (major(rdev) == MAJOR_TTYAUX && minor(rdev) <= 2) ||
	       is_pts(rdev);
}

static bool tty_matches(const struct fd_probe *p)
{
	return S_ISCHR(p->st.st_mode) && is_tty(p->st.st_rdev) && p->text[0] == '/' &&
	       !(p->flags & O_PATH);
}

/* The low 32 bits of st_rdev and st_dev in hex. */
static bool is_external(struct dump *d, const struct fd_probe *p)
{
	char key[64];

	snprintf(key, sizeof(key), "tty[%x:%x]", (uint32_t)p->st.st_rdev, (uint32_t)p->st.st_dev);
	return files_is_external(d->opts, key);
}

static TtyType classify(struct dump *d, const struct fd_probe *p, uint32_t *index_out)
{
	dev_t rdev = p->st.st_rdev;

	if (is_external(d, p)) {
		*index_out = INDEX_EXTERNAL;
		return TTY_TYPE__EXT_TTY;
	}
	if (is_pts(rdev)) {
		*index_out = minor(rdev) + (major(rdev) - MAJOR_PTS_FIRST) * 256;
		return TTY_TYPE__PTY;
	}
	if (major(rdev) == MAJOR_TTYAUX) {
		*index_out = minor(rdev) ? INDEX_CONSOLE : INDEX_CTTY;
		return minor(rdev) ? TTY_TYPE__CONSOLE : TTY_TYPE__CTTY;
	}
	*index_out = minor(rdev) < NR_VTS ? INDEX_VT : INDEX_SERIAL;
	return minor(rdev) < NR_VTS ? TTY_TYPE__VT : TTY_TYPE__SERIAL;
}

static struct err *refuse(struct dump *d, const struct fd_probe *p)
{
	if (major(p->st.st_rdev) == MAJOR_TTYAUX && minor(p->st.st_rdev) == 2)
		return err_hint(
			fd_probe_refuse(p, "pseudo-terminal masters are not supported yet"),
			"dump the program that runs in the terminal instead, with --shell-job");
	if (d->opts->shell_job || is_external(d, p))
		return NULL;
	if (is_pts(p->st.st_rdev) || minor(p->st.st_rdev) == 0)
		return err_hint(
			fd_probe_refuse(p, "its terminal is outside of the dumped tree"),
			"pass --shell-job to move it to the terminal of the restore, or start the "
			"program with its input and output redirected (setsid PROGRAM < /dev/null "
			"> LOG "
			"2>&1)");
	return NULL;
}

/*
 * c_cc of the images is a list of 19 words, but the bytes of the kernel's c_cc lie in it one after another.
 * Seen in sets by CRIU 4.1.1.
 */
static TermiosEntry *termios_record(struct arena *a, const struct termios *t)
{
	TermiosEntry *rec = PB_NEW(a, TermiosEntry, termios_entry);

	rec->c_iflag = t->c_iflag;
	rec->c_oflag = t->c_oflag;
	rec->c_cflag = t->c_cflag;
	rec->c_lflag = t->c_lflag;
	rec->c_line = t->c_line;
	rec->n_c_cc = NCCS;
	rec->c_cc = arena_array(a, NCCS, sizeof(*rec->c_cc));
	memcpy(rec->c_cc, t->c_cc, NCCS);
	return rec;
}

static void read_modes(struct dump *d, int fd, TtyInfoEntry *info)
{
	struct termios t;
	struct winsize ws;
	int on;

	/* A terminal that was hung up answers nothing; then the record has no modes. */
	if (ioctl(fd, TCGETS, &t))
		return;
	info->termios = termios_record(d->arena, &t);
	memset(&t, 0, sizeof(t));
	if (!ioctl(fd, TIOCGLCKTRMIOS, &t))
		info->termios_locked = termios_record(d->arena, &t);
	if (!ioctl(fd, TIOCGWINSZ, &ws)) {
		info->winsize = PB_NEW(d->arena, WinsizeEntry, winsize_entry);
		info->winsize->ws_row = ws.ws_row;
		info->winsize->ws_col = ws.ws_col;
		info->winsize->ws_xpixel = ws.ws_xpixel;
		info->winsize->ws_ypixel = ws.ws_ypixel;
	}
	if (!ioctl(fd, TIOCGEXCL, &on))
		info->exclusive = on;
}

/* TIOCGSID answers only tasks of the session, so the session is looked for in the tree. */
static struct err *find_session(struct dump *d, const struct fd_probe *p, TtyInfoEntry *info)
{
	bool is_ctty = info->type == TTY_TYPE__CTTY;

	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const struct task *t = d->tree.tasks[i];
		struct proc_stat st;

		if (t->state == TASK_DEAD || (is_ctty && t != p->task))
			continue;
		TRY(proc_stat_read_pid(t->host_pid, &st));
		/* tty_nr has the layout that stat(2) once had: major 8 to 15, minor around it. */
		if (!is_ctty && (uint32_t)st.tty_nr != (uint32_t)p->st.st_rdev)
			continue;
		info->sid = (uint32_t)t->sid;
		info->pgrp = st.tty_pgrp > 0 ? (uint32_t)st.tty_pgrp : 0;
		return NULL;
	}
	return NULL;
}

static struct err *add_info(struct dump *d, const struct fd_probe *p, int fd, TtyType type,
			    uint32_t index, uint32_t *id_out)
{
	struct dump_files *df = d->files->dump;
	TtyInfoEntry *info;

	*id_out = index << 1;
	for (size_t i = 0; i < df->nr_ttys; i++)
		if (df->tty_infos[i]->id == *id_out)
			return NULL;
	info = PB_NEW(d->arena, TtyInfoEntry, tty_info_entry);
	info->id = *id_out;
	info->type = type;
	info->rdev = (uint32_t)p->st.st_rdev;
	info->has_dev = info->has_uid = info->has_gid = true;
	info->dev = (uint32_t)p->st.st_dev;
	info->uid = p->st.st_uid;
	info->gid = p->st.st_gid;
	if (type == TTY_TYPE__PTY) {
		info->pty = PB_NEW(d->arena, TtyPtyEntry, tty_pty_entry);
		info->pty->index = index;
	}
	read_modes(d, fd, info);
	TRY(find_session(d, p, info));
	df->tty_infos = arena_grow(d->arena, df->tty_infos, df->nr_ttys, sizeof(*df->tty_infos));
	df->tty_infos[df->nr_ttys++] = info;
	return NULL;
}

static struct err *tty_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	TtyFileEntry *r = PB_NEW(d->arena, TtyFileEntry, tty_file_entry);
	struct file *reg;
	uint32_t index;
	TtyType type;

	TRY(refuse(d, p));
	type = classify(d, p, &index);
	reg = files_new(d, &file_kind_regular, p);
	r->id = rec->id;
	r->flags = p->flags;
	r->has_regf_id = true;
	r->regf_id = reg->id;
	TRY(fown_ask(d, p, &r->fown));
	TRY(add_info(d, p, p->dup, type, index, &r->tty_info_id));
	TRY(reg_record(d, p, reg->id, fown_none(d), &reg->rec->reg));
	rec->tty = r;
	return NULL;
}

static struct err *tty_write(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_ttys; i++)
		TRY(image_write(d->images, IMAGE_TTY_INFO, 0, &df->tty_infos[i]->base));
	return NULL;
}

const struct file_kind file_kind_tty = {
	.name = "tty",
	.type = FD_TYPES__TTY,
	.member = offsetof(FileEntry, tty),
	.matches = tty_matches,
	.dump = tty_dump,
	.write = tty_write,
	.link_up = tty_link,
	.open = tty_open,
};
