// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfd: files of memory without a path, open as descriptors or mapped.  A MEMFD entry is a description of one,
 * memfd.img has the files themselves; contents are shared memory and belong to mem/.  Shared anonymous memory is written
 * as a memfd called "/dev/zero", as CRIU does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "memfd.pb-c.h"

#include "base/fd.h"
#include "files/restore_priv.h"
#include "image/dir.h"
#include "mem/dump.h"
#include "mem/restore.h"

static const char prefix[] = "/memfd:";
static const char huge_name[] = "/anon_hugepage";
static const char zero_name[] = "/dev/zero";
static const char deleted[] = " (deleted)";

struct memfd {
	struct lookup_node node;
	dev_t dev;
	MemfdInodeEntry *rec;
};

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool memfd_matches(const struct fd_probe *p)
{
	if (!S_ISREG(p->st.st_mode) || p->flags & O_PATH || p->st.st_nlink)
		return false;
	/* Shared anonymous memory has no descriptors, and a link of map_files instead. */
	return starts(p->text, prefix) ||
	       (p->fd < 0 && (starts(p->text, huge_name) || starts(p->text, zero_name)));
}

static const char *name_of(struct dump *d, const struct fd_probe *p)
{
	const char *name = p->text + sizeof(prefix) - 1;
	size_t len = strlen(name), cut = sizeof(deleted) - 1;

	if (!starts(p->text, prefix))
		return (char *)zero_name;
	if (len >= cut && !strcmp(name + len - cut, deleted))
		len -= cut;
	return arena_printf(d->arena, "%.*s", (int)len, name);
}

/* Flags that memfd_create needs for huge pages: their size is the block size of the file system. */
static struct err *huge_flag(const struct fd_probe *p, int fd, MemfdInodeEntry *rec)
{
	struct statfs sfs;

	if (fstatfs(fd, &sfs))
		return err_sys(errno, "cannot ask for the file system of %s", p->text);
	if (sfs.f_type != HUGETLBFS_MAGIC)
		return NULL;
	rec->has_hugetlb_flag = true;
	rec->hugetlb_flag = MFD_HUGETLB | (uint32_t)__builtin_ctzl((unsigned long)sfs.f_bsize)
						  << MAP_HUGE_SHIFT;
	return NULL;
}

static struct err *fill_record(struct dump *d, const struct fd_probe *p, MemfdInodeEntry *rec)
{
	AUTO_FD fd = -1;
	int seals;

	TRY(lease_check_reading(p));
	TRY(fd_probe_reopen(p, O_RDONLY, &fd));
	rec->name = (char *)name_of(d, p);
	rec->uid = p->st.st_uid;
	rec->gid = p->st.st_gid;
	rec->size = (uint64_t)p->st.st_size;
	rec->shmid = (uint32_t)p->st.st_ino;
	rec->has_mode = true;
	rec->mode = p->st.st_mode;
	/* What was not made by memfd_create has no seals and answers with an error. */
	seals = fcntl(fd, F_GET_SEALS);
	rec->seals = seals < 0 ? F_SEAL_SEAL : (uint32_t)seals;
	return huge_flag(p, fd, rec);
}

/* The file's record; a new one when it was not seen before. */
static struct err *add_inode(struct dump *d, const struct fd_probe *p, const MemfdInodeEntry **out)
{
	struct dump_files *df = d->files->dump;
	uint64_t hash = lookup_hash_u64(lookup_hash_u64(0, p->st.st_dev), p->st.st_ino);
	struct memfd *m;

	for (struct lookup_node *n = lookup_first(&df->memfds, hash); n; n = lookup_next(n)) {
		m = CONTAINER_OF(n, struct memfd, node);
		if (m->dev == p->st.st_dev && m->rec->shmid == (uint32_t)p->st.st_ino) {
			*out = m->rec;
			return NULL;
		}
	}
	m = ARENA_NEW(d->arena, struct memfd);
	m->dev = p->st.st_dev;
	m->rec = PB_NEW(d->arena, MemfdInodeEntry, memfd_inode_entry);
	TRY(fill_record(d, p, m->rec));
	df->memfd_list = arena_grow(d->arena, df->memfd_list, df->nr_memfds,
				    sizeof(*df->memfd_list));
	df->memfd_list[df->nr_memfds++] = m->rec;
	m->rec->inode_id = df->nr_memfds;
	lookup_add(&df->memfds, &m->node, hash);
	TRY(mem_shared_add(d, m->rec->shmid,
			   arena_printf(d->arena, "/proc/%d/%s", p->task->host_pid, p->link)));
	*out = m->rec;
	return NULL;
}

static struct err *memfd_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	MemfdFileEntry *r = PB_NEW(d->arena, MemfdFileEntry, memfd_file_entry);
	const MemfdInodeEntry *inode;

	TRY(add_inode(d, p, &inode));
	r->id = rec->id;
	r->flags = p->flags;
	r->pos = p->pos;
	r->inode_id = (uint32_t)inode->inode_id;
	TRY(fown_ask(d, p, &r->fown));
	rec->memfd = r;
	return NULL;
}

static struct err *memfd_write(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_memfds; i++)
		TRY(image_write(d->images, IMAGE_MEMFD, 0, &df->memfd_list[i]->base));
	return NULL;
}

/* The key of --inherit-fd is "/memfd:NAME"; what else there is to check, mem/ does. */
static struct err *memfd_link(struct restore *r, struct file *f)
{
	const struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < rf->nr_memfds; i++) {
		if (rf->memfds[i]->inode_id != f->rec->memfd->inode_id)
			continue;
		f->inherited =
			inherited_find(r, arena_printf(r->arena, "/memfd:%s", rf->memfds[i]->name));
		return NULL;
	}
	return err_new(ERR_IMAGE, "memfd.img: no memfd %u for %s", f->rec->memfd->inode_id,
		       file_user(r, f));
}

struct err *memfds_read(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_MEMFD, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		rf->memfds = arena_grow(r->arena, rf->memfds, rf->nr_memfds, sizeof(*rf->memfds));
		rf->memfds[rf->nr_memfds++] = (MemfdInodeEntry *)msg;
	}
}

static struct err *memfd_open(struct worker *w, struct file *f, int *fd_out)
{
	const MemfdFileEntry *rec = f->rec->memfd;
	int lent = mem_restore_memfd(w->restore, rec->inode_id);
	AUTO_FD fd = -1;
	char path[64];

	if (lent < 0)
		return err_new(ERR_IMAGE, "memfd.img: no memfd %u", rec->inode_id);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", w->restore->files->restore->coordinator,
		 lent);
	fd = open(path,
		  (int)(rec->flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_NOATIME)) | O_CLOEXEC);
	if (fd < 0)
		return err_sys(errno, "cannot open memfd %u", rec->inode_id);
	if (rec->pos && lseek(fd, (off_t)rec->pos, SEEK_SET) < 0)
		return err_sys(errno, "cannot go to byte %llu of memfd %u",
			       (unsigned long long)rec->pos, rec->inode_id);
	*fd_out = fd_take(&fd);
	return NULL;
}

const struct file_kind file_kind_memfd = {
	.name = "memfd",
	.type = FD_TYPES__MEMFD,
	.member = offsetof(FileEntry, memfd),
	.about = "files of memfd_create(2): name, seals, size, contents",
	.since = "3.17",
	.matches = memfd_matches,
	.dump = memfd_dump,
	.write = memfd_write,
	.link_up = memfd_link,
	.open = memfd_open,
};
