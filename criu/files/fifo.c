// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named pipes.  A fifo has a REG entry of its own for the path, and shares the buffer of its inode with
 * whoever has it open; contents are in fifo-data.img.
 */
#include <fcntl.h>

#include "files/pipe_data.h"
#include "files/pipe_open.h"

static bool fifo_matches(const struct fd_probe *p)
{
	return S_ISFIFO(p->st.st_mode) && p->text[0] == '/' && !(p->flags & O_PATH);
}

static struct err *fifo_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	FifoEntry *r = PB_NEW(d->arena, FifoEntry, fifo_entry);
	struct file *reg = files_new(d, &file_kind_regular, p);

	r->id = rec->id;
	r->pipe_id = pipe_dump_add(d, p, true)->pipe_id;
	r->has_regf_id = true;
	r->regf_id = reg->id;
	TRY(reg_record(d, p, reg->id, NULL, &reg->rec->reg));
	rec->fifo = r;
	return NULL;
}

static struct err *fifo_write(struct dump *d)
{
	return pipe_data_write(d, true);
}

const struct file_kind file_kind_fifo = {
	.name = "fifo",
	.type = FD_TYPES__FIFO,
	.member = offsetof(FileEntry, fifo),
	.about = "named pipes: path, size and what is in them",
	.option = "--external file[MNT:INODE] with --inherit-fd",
	.matches = fifo_matches,
	.dump = fifo_dump,
	.write = fifo_write,
	.link_up = pipe_link,
	.open = pipe_open,
};
