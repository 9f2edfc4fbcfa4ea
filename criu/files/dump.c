// SPDX-License-Identifier: GPL-2.0-only
/* Writes what files_probe and files_add_path have found. */
#include <errno.h>

#include "base/log.h"
#include "files/locks.h"
#include "image/dir.h"

static FdTypes type_of(const struct files *fs, uint32_t id)
{
	return fs->list[id - 1]->kind->type;
}

static struct err *write_table(struct dump *d, const struct fdtable *table)
{
	FdinfoEntry rec = FDINFO_ENTRY__INIT;

	for (size_t i = 0; i < table->nr_slots; i++) {
		rec.fd = (uint32_t)table->slots[i].fd;
		rec.flags = table->slots[i].is_cloexec;
		rec.id = table->slots[i].id;
		rec.type = type_of(d->files, rec.id);
		TRY(image_write(d->images, IMAGE_FDINFO, table->files_id, &rec.base));
	}
	/* A task without descriptors has an image too, so that a missing one is noticed. */
	if (!table->nr_slots)
		TRY(image_append(d->images, IMAGE_FDINFO, table->files_id, "", 0));
	return NULL;
}

static struct err *write_all(struct dump *d)
{
	const struct files *fs = d->files;

	/* First what can be refused by others: a link in a directory that is full or read-only. */
	TRY(remaps_write(d));
	TRY(ghosts_write(d));
	for (size_t i = 0; file_kinds[i]; i++)
		if (file_kinds[i]->write)
			TRY(file_kinds[i]->write(d));
	TRY(locks_write(d));
	for (size_t i = 0; i < fs->nr; i++)
		TRY(image_write(d->images, IMAGE_FILES, 0, &fs->list[i]->rec->base));
	for (size_t i = 0; i < fs->nr_tables; i++)
		TRY(write_table(d, fs->tables[i]));
	return fs_write(d);
}

struct err *files_dump(struct dump *d)
{
	struct err *e = write_all(d);

	if (e)
		files_dump_undo(d);
	return e;
}
