// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that have a path: regular files, directories, plain devices, files of /proc, and whatever O_PATH
 * names.  How a path that leads nowhere is handled is in path.c and ghost.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/options.h"
#include "files/locks.h"
#include "files/restore_priv.h"

static bool regular_matches(const struct fd_probe *p)
{
	return p->text[0] == '/';
}

/* A log that others append to grows between dump and restore. */
static bool size_matters(const struct fd_probe *p)
{
	return S_ISREG(p->st.st_mode) &&
	       !((p->flags & O_ACCMODE) == O_WRONLY && p->flags & O_APPEND);
}

struct err *reg_record(struct dump *d, const struct fd_probe *p, uint32_t id, FownEntry *fown,
		       RegFileEntry **out)
{
	RegFileEntry *r = PB_NEW(d->arena, RegFileEntry, reg_file_entry);
	const uint32_t *words;
	const char *name;

	r->id = id;
	r->flags = p->flags;
	r->pos = p->pos;
	if (fown)
		r->fown = fown;
	else
		TRY(fown_ask(d, p, &r->fown));
	if (external_is_declared(d, p)) {
		name = external_file_key(d, p);
		r->has_ext = r->ext = true;
	} else {
		TRY(path_resolve(d, p, id, &name));
	}
	r->name = (char *)name;
	r->has_mode = true;
	r->mode = p->st.st_mode;
	if (size_matters(p)) {
		r->has_size = true;
		r->size = (uint64_t)p->st.st_size;
	}
	TRY(build_id_dump(d, p, &words, &r->n_build_id));
	if (r->n_build_id)
		r->build_id = (uint32_t *)words;
	*out = r;
	return NULL;
}

static struct err *regular_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	return reg_record(d, p, rec->id, NULL, &rec->reg);
}

struct named_file {
	struct lookup_node node;
	struct file *file;
};

static struct file *find_named(struct dump *d, const struct fd_probe *p, uint64_t hash)
{
	struct lookup *l = &d->files->dump->by_named;

	for (struct lookup_node *n = lookup_first(l, hash); n; n = lookup_next(n)) {
		struct file *f = CONTAINER_OF(n, struct named_file, node)->file;

		if (f->probe->st.st_dev == p->st.st_dev && f->probe->st.st_ino == p->st.st_ino &&
		    f->probe->flags == p->flags && !strcmp(f->probe->text, p->text))
			return f;
	}
	return NULL;
}

/* What can be mapped but not opened by a path is as little supported as its descriptors. */
static const struct file_kind *kind_of_link(const struct fd_probe *p)
{
	const struct file_kind *const kinds[] = { &file_kind_memfd, &file_kind_unsupported };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i]->matches(p))
			return kinds[i];
	return &file_kind_regular;
}

/* A mapping keeps the file open once more than the lease allows: the kernel would not give it again. */
static struct err *refuse_leased(const struct fd_probe *p)
{
	return err_hint(
		fd_probe_refuse(p, "a write lease is held on the file"),
		"let the program give up the lease (F_SETLEASE, F_UNLCK) or the mapping before "
		"the dump");
}

struct err *files_add_path(struct dump *d, const struct task *t, const char *proc_link,
			   int open_flags, uint32_t *id_out)
{
	char text[4096 + 64], path[96];
	struct fd_probe p = { .task = t,
			      .fd = -1,
			      .link = proc_link,
			      .text = text,
			      .flags = (uint32_t)(open_flags & ~O_CLOEXEC),
			      .mnt_id = -1,
			      .dup = -1 };
	struct named_file *named;
	struct file *f;
	uint64_t hash;

	*id_out = 0;
	TRY(link_read_at(AT_FDCWD, text, sizeof(text), "/proc/%d/%s", t->host_pid, proc_link));
	snprintf(path, sizeof(path), "/proc/%d/%s", t->host_pid, proc_link);
	if (stat(path, &p.st))
		return err_sys(errno, "cannot stat %s", path);
	hash = lookup_hash_u64(lookup_hash_text(p.flags, text), p.st.st_ino);
	f = find_named(d, &p, hash);
	if (!f) {
		const struct file_kind *kind = kind_of_link(&p);

		if (locks_forbid_opening(d, &p.st))
			return files_blocker(d, refuse_leased(&p));
		named = ARENA_NEW(d->arena, struct named_file);
		named->file = f = files_new(d, kind, &p);
		lookup_add(&d->files->dump->by_named, &named->node, hash);
		TRY(files_blocker(d, kind->dump(d, f->probe, f->rec)));
	}
	*id_out = f->rec->reg || f->rec->memfd ? f->id : 0;
	return NULL;
}

const struct file_kind file_kind_regular = {
	.name = "regular",
	.type = FD_TYPES__REG,
	.member = offsetof(FileEntry, reg),
	.about = "files and directories by path, the devices of the /dev/null family, and what "
		 "O_PATH names: path, flags and position; contents only of what was deleted",
	.option = "--ghost-limit and --link-remap for deleted files, --evasive-devices for a "
		  "device that lost its name, --file-locks for locks, --file-validation, "
		  "--skip-file-rwx-check, --external file[MNT:INODE] with --inherit-fd",
	.matches = regular_matches,
	.dump = regular_dump,
	.link_up = regular_link,
	.open = regular_open,
};
