// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pipes.  Every end is an open file of its own; ends with the same pipe_id are one pipe, whose contents are
 * in pipes-data.img.  Making them again is in pipe_open.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/options.h"
#include "files/pipe_data.h"
#include "files/pipe_open.h"

static bool pipe_matches(const struct fd_probe *p)
{
	return S_ISFIFO(p->st.st_mode) && !strncmp(p->text, "pipe:[", 6) && !(p->flags & O_PATH);
}

static struct err *pipe_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	PipeEntry *r = PB_NEW(d->arena, PipeEntry, pipe_entry);

	r->id = rec->id;
	r->pipe_id = pipe_dump_add(d, p, false)->pipe_id;
	r->flags = p->flags;
	r->has_external = r->external = files_is_external(d->opts, p->text);
	TRY(fown_ask(d, p, &r->fown));
	rec->pipe = r;
	return NULL;
}

/* An end that hears that nobody is at the other side; @p's own side has somebody, us. */
static struct err *other_side_exists(const struct fd_probe *p, short gone, bool *exists_out)
{
	struct pollfd pfd;
	AUTO_FD fd = -1;

	TRY(fd_probe_getfd(p, &fd));
	pfd = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
	if (poll(&pfd, 1, 0) < 0)
		return err_sys(errno, "cannot poll fd %d of task %d", p->fd, p->task->host_pid);
	*exists_out = !(pfd.revents & gone);
	return NULL;
}

static struct err *refuse(struct dump *d, const struct pipe_dump *pd, const struct fd_probe *p)
{
	const char *key = pd->is_fifo ? external_file_key(d, p) : p->text;
	struct err *e = fd_probe_refuse(p, "its %s end is outside of the dumped tree",
					pd->writer ? "read" : "write");

	return err_hint(
		e,
		"pass --external %s and restore with --inherit-fd fd[N]:%s, or dump its other "
		"end too",
		key, key);
}

static struct err *check_one(struct dump *d, struct pipe_dump *pd)
{
	const struct fd_probe *p = pd->reader ? pd->reader : pd->writer;
	bool is_outside = false;

	pd->is_external = pd->is_fifo ? external_is_declared(d, p) :
					files_is_external(d->opts, p->text);
	if (pd->is_external)
		return NULL;
	if (!pd->writer)
		TRY(other_side_exists(p, POLLHUP, &is_outside));
	else if (!pd->reader)
		TRY(other_side_exists(p, POLLERR, &is_outside));
	return is_outside ? files_blocker(d, refuse(d, pd, p)) : NULL;
}

/* Fifos too. */
static struct err *pipe_check(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_pipes; i++)
		TRY(check_one(d, df->pipe_list[i]));
	return NULL;
}

static struct err *pipe_write(struct dump *d)
{
	return pipe_data_write(d, false);
}

const struct file_kind file_kind_pipe = {
	.name = "pipe",
	.type = FD_TYPES__PIPE,
	.member = offsetof(FileEntry, pipe),
	.about = "pipes: both ends, size, packets and what is in them",
	.option = "--external pipe:[INODE] with --inherit-fd when an end is outside of the tree",
	.matches = pipe_matches,
	.dump = pipe_dump,
	.check = pipe_check,
	.write = pipe_write,
	.link_up = pipe_link,
	.open = pipe_open,
};
