// SPDX-License-Identifier: GPL-2.0-only
/*
 * Terminals on dump.  A terminal is a TTY entry, a REG entry for the path, and one tty_info entry for each side of
 * a device.  What shows only when both sides are known is in tty_check.c, what is in the buffers in tty_data.c;
 * restore is in tty_open.c and tty_make.c.
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

static bool is_ptmx(dev_t rdev)
{
	return major(rdev) == MAJOR_TTYAUX && minor(rdev) == 2;
}

/* The low 32 bits of st_rdev and st_dev in hex. */
static bool is_external(struct dump *d, const struct fd_probe *p)
{
	char key[64];

	snprintf(key, sizeof(key), "tty[%x:%x]", (uint32_t)p->st.st_rdev, (uint32_t)p->st.st_dev);
	return files_is_external(d->opts, key);
}

/* An index of /dev/pts, or one of CRIU's. */
static TtyType classify(struct dump *d, const struct fd_probe *p, uint32_t *index_out)
{
	dev_t rdev = p->st.st_rdev;

	if (is_external(d, p)) {
		*index_out = INDEX_EXTERNAL;
		return TTY_TYPE__EXT_TTY;
	}
	if (is_ptmx(rdev))
		return TTY_TYPE__PTY;
	if (is_pts(rdev)) {
		*index_out = tty_index(rdev);
		return TTY_TYPE__PTY;
	}
	if (major(rdev) == MAJOR_TTYAUX) {
		*index_out = minor(rdev) ? INDEX_CONSOLE : INDEX_CTTY;
		return minor(rdev) ? TTY_TYPE__CONSOLE : TTY_TYPE__CTTY;
	}
	*index_out = minor(rdev) < NR_VTS ? INDEX_VT : INDEX_SERIAL;
	return minor(rdev) < NR_VTS ? TTY_TYPE__VT : TTY_TYPE__SERIAL;
}

uint32_t tty_index(dev_t rdev)
{
	return minor(rdev) + (major(rdev) - MAJOR_PTS_FIRST) * 256;
}

static const struct {
	TtyType type;
	const char *why, *hint;
} devices[] = {
	{ TTY_TYPE__VT, "the screen and the keyboard of a virtual console stay with this machine",
	  "run the program in a terminal of its own (script, tmux), or redirect its input and "
	  "output" },
	{ TTY_TYPE__CONSOLE, "the system console belongs to this machine",
	  "redirect the program's input and output to files" },
	{ TTY_TYPE__SERIAL, "the state of a serial line is in its device",
	  "let the program close the line before the dump, and open it again afterwards" },
};

/* What is known without the other files of the tree. */
static struct err *refuse_device(const struct fd_probe *p, TtyType type)
{
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].type == type)
			return err_hint(fd_probe_refuse(p, "%s", devices[i].why), "%s",
					devices[i].hint);
	return NULL;
}

/*
 * TIOCGPTPEER leaves O_CLOEXEC among the flags of the open file, where fdinfo shows it for each of its descriptors,
 * whether it is closed on exec or not.
 */
static struct err *refuse_sticky(const struct fd_probe *p)
{
	int flags = fcntl(p->dup, F_GETFL);

	if (flags < 0 || !(flags & O_CLOEXEC))
		return NULL;
	return err_hint(fd_probe_refuse(p,
					"it was opened by TIOCGPTPEER with O_CLOEXEC, which hides "
					"whether a descriptor is closed on exec"),
			"let the program open the terminal by its name, or without that flag");
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

/* Through a slave, TIOCGSID answers only tasks of the session, so the session is looked for in the tree. */
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

/* A master answers everybody. */
static void ask_master(int fd, TtyInfoEntry *info)
{
	pid_t sid = 0, pgrp = 0;
	int on = 0;

	if (!ioctl(fd, TIOCGSID, &sid) && sid > 0)
		info->sid = (uint32_t)sid;
	if (info->sid && !ioctl(fd, TIOCGPGRP, &pgrp) && pgrp > 0)
		info->pgrp = (uint32_t)pgrp;
	if (!ioctl(fd, TIOCGPTLCK, &on))
		info->locked = on;
	if (!ioctl(fd, TIOCGPKT, &on))
		info->packet_mode = on;
}

static TtyInfoEntry *find_info(const struct dump_files *df, uint32_t id)
{
	for (size_t i = 0; i < df->nr_ttys; i++)
		if (df->tty_infos[i]->id == id)
			return df->tty_infos[i];
	return NULL;
}

TtyInfoEntry *tty_info_new(struct dump *d, uint32_t id, TtyType type, const struct stat *st)
{
	struct dump_files *df = d->files->dump;
	TtyInfoEntry *info = PB_NEW(d->arena, TtyInfoEntry, tty_info_entry);

	info->id = id;
	info->type = type;
	info->rdev = (uint32_t)st->st_rdev;
	info->has_dev = info->has_uid = info->has_gid = true;
	info->dev = (uint32_t)st->st_dev;
	info->uid = st->st_uid;
	info->gid = st->st_gid;
	if (type == TTY_TYPE__PTY) {
		info->pty = PB_NEW(d->arena, TtyPtyEntry, tty_pty_entry);
		info->pty->index = id >> 1;
	}
	df->tty_infos = arena_grow(d->arena, df->tty_infos, df->nr_ttys, sizeof(*df->tty_infos));
	df->tty_infos[df->nr_ttys++] = info;
	return info;
}

static struct err *add_info(struct dump *d, const struct fd_probe *p, TtyType type, uint32_t id,
			    TtyInfoEntry **out)
{
	*out = find_info(d->files->dump, id);
	if (*out)
		return NULL;
	*out = tty_info_new(d, id, type, &p->st);
	read_modes(d, p->dup, *out);
	if (!is_ptmx(p->st.st_rdev))
		return find_session(d, p, *out);
	ask_master(p->dup, *out);
	return NULL;
}

/* The node of a hung-up slave is gone, and it is no file that could be kept. */
static RegFileEntry *gone_record(struct dump *d, const struct fd_probe *p, uint32_t id)
{
	RegFileEntry *r = PB_NEW(d->arena, RegFileEntry, reg_file_entry);
	const char *deleted = strstr(p->text, " (deleted)");

	r->id = id;
	r->flags = p->flags;
	r->fown = fown_none(d);
	r->name = arena_printf(d->arena, "%.*s",
			       deleted ? (int)(deleted - p->text) : (int)strlen(p->text), p->text);
	r->has_mode = true;
	r->mode = p->st.st_mode;
	return r;
}

/* Notes what can be asked only while p->dup is there. */
static struct tty_dump *note(struct dump *d, const struct fd_probe *p, TtyInfoEntry *info)
{
	struct dump_files *df = d->files->dump;
	struct tty_dump *t = ARENA_NEW(d->arena, struct tty_dump);
	struct termios modes;
	uint32_t rdev;

	t->probe = p;
	t->info = info;
	t->is_master = is_ptmx(p->st.st_rdev);
	t->is_hung = ioctl(p->dup, TCGETS, &modes) && errno == EIO;
	t->index = info->id >> 1;
	t->node = p->st;
	if (info->type == TTY_TYPE__CTTY && !ioctl(p->dup, TIOCGDEV, &rdev) && is_pts(rdev))
		t->index = tty_index(rdev);
	df->tty_list = arena_grow(d->arena, df->tty_list, df->nr_tty_list, sizeof(*df->tty_list));
	df->tty_list[df->nr_tty_list++] = t;
	return t;
}

static struct err *tty_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	TtyFileEntry *r = PB_NEW(d->arena, TtyFileEntry, tty_file_entry);
	bool is_master = is_ptmx(p->st.st_rdev);
	TtyInfoEntry *info;
	struct tty_dump *t;
	struct file *reg;
	uint32_t index;
	TtyType type = classify(d, p, &index);

	TRY(refuse_device(p, type));
	TRY(refuse_sticky(p));
	if (is_master && ioctl(p->dup, TIOCGPTN, &index))
		return err_sys(errno,
			       "cannot ask for the number of the pseudo-terminal of fd %d "
			       "of task %d",
			       p->fd, p->task->host_pid);
	reg = files_new(d, &file_kind_regular, p);
	r->id = rec->id;
	r->flags = p->flags;
	r->has_regf_id = true;
	r->regf_id = reg->id;
	TRY(fown_ask(d, p, &r->fown));
	TRY(add_info(d, p, type, index << 1 | is_master, &info));
	r->tty_info_id = info->id;
	t = note(d, p, info);
	if (is_master)
		TRY(tty_find_node(t));
	rec->tty = r;
	if (!p->st.st_nlink) {
		reg->rec->reg = gone_record(d, p, reg->id);
		return NULL;
	}
	return reg_record(d, p, reg->id, fown_none(d), &reg->rec->reg);
}

static struct err *tty_write(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_ttys; i++)
		TRY(image_write(d->images, IMAGE_TTY_INFO, 0, &df->tty_infos[i]->base));
	return tty_data_write(d);
}

const struct file_kind file_kind_tty = {
	.name = "tty",
	.type = FD_TYPES__TTY,
	.member = offsetof(FileEntry, tty),
	.about = "pseudo-terminals of the tree with what waits in them, the terminal that it was "
		 "started on, consoles and serial lines: settings, window size, session",
	.option = "--shell-job; or --external tty[RDEV:DEV] with --inherit-fd",
	.matches = tty_matches,
	.dump = tty_dump,
	.check = tty_check,
	.write = tty_write,
	.link_up = tty_link,
	.open = tty_open,
};
