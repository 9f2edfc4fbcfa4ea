/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared memory objects: shared anonymous memory and memfds that tasks of the tree map.  The
 * coordinator makes and fills them all before it forks the first worker, so whoever maps one has
 * inherited its descriptor, and nobody has to wait for anybody.
 *
 * Plain shared anonymous memory comes in two encodings: as such, or as a memfd called "/dev/zero"
 * that forbids sealing.  Both are made by mmap, so that the task sees the mapping it had, and
 * reached through map_files.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "fdinfo.pb-c.h"
#include "image/dir.h"
#include "mem/restore_priv.h"

#define MAP_HUGE_BITS (MAP_HUGETLB | (0x3fU << MAP_HUGE_SHIFT))

/* --- finding objects --- */

static int compare_memfds(const void *a, const void *b)
{
	const MemfdInodeEntry *x = *(MemfdInodeEntry *const *)a, *y = *(MemfdInodeEntry *const *)b;

	return x->inode_id < y->inode_id ? -1 : x->inode_id > y->inode_id;
}

static struct err *read_memfds(struct restore *r)
{
	struct mem_restore *m = r->mem;
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_MEMFD, 0, &s));
	for (;;) {
		const MemfdInodeEntry *e;

		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			break;
		e = (const MemfdInodeEntry *)msg;
		if (e->size > INT64_MAX || e->seals & ~(uint32_t)ALL_SEALS || strlen(e->name) > 249)
			return image_stream_err(s, "a memfd has impossible values");
		m->memfds = arena_grow(r->arena, m->memfds, m->nr_memfds, sizeof(*m->memfds));
		m->memfds[m->nr_memfds++] = (MemfdInodeEntry *)msg;
	}
	if (m->nr_memfds)
		qsort(m->memfds, m->nr_memfds, sizeof(*m->memfds), compare_memfds);
	return NULL;
}

static const MemfdInodeEntry *memfd_by_inode(const struct restore *r, uint32_t inode_id)
{
	MemfdInodeEntry want = { .inode_id = inode_id }, *key = &want;
	MemfdInodeEntry **found;

	if (!r->mem->nr_memfds)
		return NULL;
	found = bsearch(&key, r->mem->memfds, r->mem->nr_memfds, sizeof(key), compare_memfds);
	return found ? *found : NULL;
}

static const MemfdInodeEntry *find_memfd(const struct restore *r, const VmaEntry *v)
{
	const FileEntry *file = r->mem->hooks.find_file(r, (uint32_t)v->shmid);

	return file && file->memfd ? memfd_by_inode(r, file->memfd->inode_id) : NULL;
}

static int compare_objects(const void *a, const void *b)
{
	const struct shared_object *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

const struct shared_object *shmem_find(const struct restore *r, const VmaEntry *v)
{
	struct shared_object key = { .id = (uint32_t)v->shmid };

	if (v->status & VMA_AREA_MEMFD) {
		const MemfdInodeEntry *e = find_memfd(r, v);

		if (!e)
			return NULL;
		key.id = e->shmid;
	}
	if (!r->mem->nr_objects)
		return NULL;
	return bsearch(&key, r->mem->objects, r->mem->nr_objects, sizeof(key), compare_objects);
}

/* One object for each mapping at first; mappings of the same one are merged below. */
static struct err *add_object(struct restore *r, const struct task *t, const VmaEntry *v)
{
	struct mem_restore *m = r->mem;
	struct shared_object o = { .id = (uint32_t)v->shmid, .fd = -1 };

	if (v->status & VMA_AREA_MEMFD) {
		o.memfd = find_memfd(r, v);
		if (!o.memfd)
			return err_new(ERR_IMAGE,
				       "cannot restore mapping %#" PRIx64
				       " of task %d: memfd with file id %" PRIu64 " is in no image",
				       v->start, t->ns_pid, v->shmid);
		o.id = o.memfd->shmid;
		o.len = o.memfd->size;
	} else {
		o.len = v->pgoff + vma_len(v);
		o.map_flags = v->flags & (MAP_HUGE_BITS | MAP_NORESERVE);
	}
	m->objects = arena_grow(r->arena, m->objects, m->nr_objects, sizeof(o));
	m->objects[m->nr_objects++] = o;
	return NULL;
}

static struct err *merge_objects(struct mem_restore *m)
{
	size_t nr = 0;

	if (m->nr_objects)
		qsort(m->objects, m->nr_objects, sizeof(*m->objects), compare_objects);
	for (size_t i = 0; i < m->nr_objects; i++) {
		struct shared_object *last = nr ? &m->objects[nr - 1] : NULL, *o = &m->objects[i];

		if (!last || last->id != o->id) {
			m->objects[nr++] = *o;
			continue;
		}
		if ((last->map_flags ^ o->map_flags) & MAP_HUGE_BITS || last->memfd != o->memfd)
			return err_new(ERR_IMAGE,
				       "cannot restore shared memory %u: its mappings contradict "
				       "each other",
				       o->id);
		last->len = MAX(last->len, o->len);
		last->map_flags &= o->map_flags | MAP_HUGE_BITS;
	}
	m->nr_objects = nr;
	return NULL;
}

static struct err *check_file(const struct restore *r, const struct task *t, const VmaEntry *v)
{
	if (!r->mem->hooks.find_file(r, (uint32_t)v->shmid))
		return err_new(ERR_IMAGE,
			       "cannot restore mapping %#" PRIx64 " of task %d: file id %" PRIu64
			       " is in no image",
			       v->start, t->ns_pid, v->shmid);
	return NULL;
}

static struct err *link_task(struct restore *r, const struct task *t)
{
	for (size_t i = 0; i < t->mm->layout->nr_vmas; i++) {
		const VmaEntry *v = t->mm->rec->vmas[i];

		if (!(v->status & VMA_AREA_REGULAR) || vma_is_vdso(v))
			continue;
		if (v->status & (VMA_ANON_SHARED | VMA_AREA_MEMFD))
			TRY(add_object(r, t, v));
		else if (!(v->status & VMA_ANON_PRIVATE))
			TRY(check_file(r, t, v));
	}
	return NULL;
}

int mem_restore_memfd(const struct restore *r, uint32_t inode_id)
{
	const MemfdInodeEntry *e = memfd_by_inode(r, inode_id);
	struct shared_object key = { .id = e ? e->shmid : 0 }, *found = NULL;

	if (e && r->mem->nr_objects)
		found = bsearch(&key, r->mem->objects, r->mem->nr_objects, sizeof(key),
				compare_objects);
	return found ? found->fd : -1;
}

/* A memfd may be open and mapped nowhere. */
static void add_memfds(struct restore *r)
{
	struct mem_restore *m = r->mem;

	for (size_t i = 0; i < m->nr_memfds; i++) {
		const struct shared_object o = { .id = m->memfds[i]->shmid,
						 .len = m->memfds[i]->size,
						 .memfd = m->memfds[i],
						 .fd = -1 };

		m->objects = arena_grow(r->arena, m->objects, m->nr_objects, sizeof(o));
		m->objects[m->nr_objects++] = o;
	}
}

struct err *shmem_link(struct restore *r)
{
	TRY(read_memfds(r));
	add_memfds(r);
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (r->tree.tasks[i]->mm)
			TRY(link_task(r, r->tree.tasks[i]));
	return merge_objects(r->mem);
}
