// SPDX-License-Identifier: GPL-2.0-only
/* Restore of unix sockets: reads and checks records and queues, and finds them again. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "files/sk_opts.h"
#include "files/sk_restore.h"
#include "image/dir.h"

/* The most that a message carries: include/net/scm.h. */
enum { MAX_RIGHTS = 253 };

struct unix_restore *unix_restore_get(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	if (!rf->unix_sks) {
		rf->unix_sks = ARENA_NEW(r->arena, struct unix_restore);
		rf->unix_sks->by_ino.arena = rf->unix_sks->by_addr.arena = r->arena;
	}
	return rf->unix_sks;
}

struct unix_sock *unix_by_ino(const struct unix_restore *ur, uint32_t ino)
{
	struct lookup_node *n = lookup_first(&ur->by_ino, lookup_hash_u64(0, ino));

	for (; n; n = lookup_next(n)) {
		struct unix_sock *s = CONTAINER_OF(n, struct unix_sock, by_ino);

		if (s->rec->ino == ino)
			return s;
	}
	return NULL;
}

uint64_t unix_addr_hash(const uint8_t *addr, size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = lookup_hash_u64(hash, addr[i]);
	return hash;
}

/* --- records --- */

static struct err *check_record(const struct restore *r, const struct file *f)
{
	const UnixSkEntry *rec = f->rec->usk;
	bool is_path = rec->name.len && rec->name.data[0];

	if (rec->type != SOCK_STREAM && rec->type != SOCK_DGRAM && rec->type != SOCK_SEQPACKET)
		return err_new(ERR_IMAGE, "files.img: unix socket %u has type %u", f->id,
			       rec->type);
	if (rec->name.len > UNIX_NAME_LEN)
		return err_new(ERR_IMAGE, "files.img: unix socket %u has a name of %zu bytes",
			       f->id, rec->name.len);
	if (is_path &&
	    memchr(rec->name.data, 0, rec->name.len) != rec->name.data + rec->name.len - 1)
		return err_new(ERR_IMAGE,
			       "files.img: unix socket %u is bound to a path that does "
			       "not end with its only NUL",
			       f->id);
	if (rec->path && rec->path[0] != '/')
		return err_new(ERR_IMAGE, "files.img: unix socket %u has a relative path", f->id);
	if (unix_by_ino(r->files->restore->unix_sks, rec->ino))
		return err_new(ERR_IMAGE, "files.img: unix socket with inode %u is there twice",
			       rec->ino);
	return err_context(sk_opts_check(rec->opts), "files.img: unix socket %u", f->id);
}

int unix_find_inherited(struct restore *r, uint32_t ino)
{
	char key[32];

	snprintf(key, sizeof(key), "socket:[%u]", ino);
	return inherited_find(r, key);
}

struct err *unix_link(struct restore *r, struct file *f)
{
	struct unix_restore *ur = unix_restore_get(r);
	struct unix_sock *s = ARENA_NEW(r->arena, struct unix_sock);

	TRY(check_record(r, f));
	s->file = f;
	s->rec = f->rec->usk;
	s->joined = s;
	s->fd = s->gone = -1;
	f->inherited = unix_find_inherited(r, s->rec->ino);
	ur->list = arena_grow(r->arena, ur->list, ur->nr, sizeof(*ur->list));
	ur->list[ur->nr++] = s;
	lookup_add(&ur->by_ino, &s->by_ino, lookup_hash_u64(0, s->rec->ino));
	if (s->rec->name.len)
		lookup_add(&ur->by_addr, &s->by_addr,
			   unix_addr_hash(s->rec->name.data, s->rec->name.len));
	return NULL;
}

bool unix_is_made(const struct unix_sock *s)
{
	return s->role != UNIX_EXTERNAL && s->file->inherited < 0;
}

/* --- queues --- */

static struct err *read_rights(struct restore *r, const struct image_stream *s,
			       struct unix_packet *p)
{
	const ScmEntry *scm = p->rec->n_scm ? p->rec->scm[0] : NULL;

	if (!scm)
		return NULL;
	if (p->rec->n_scm > 1 || scm->type != SCM_RIGHTS || scm->n_rights > MAX_RIGHTS)
		return image_stream_err(s, "a message carries what no message can");
	p->rights = arena_array(r->arena, scm->n_rights, sizeof(*p->rights));
	p->nr_rights = scm->n_rights;
	for (size_t i = 0; i < scm->n_rights; i++) {
		p->rights[i] = file_by_id(r->files, scm->rights[i]);
		if (!p->rights[i])
			return image_stream_err(s,
						"a message carries file %u, which does not exist",
						scm->rights[i]);
	}
	return NULL;
}

/* Whoever has the socket has what is in its queue; sockets in queues have queues again. */
static void spread_users(const struct unix_restore *ur)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < ur->nr_packets; i++) {
			const struct unix_packet *p = ur->packets[i];

			for (size_t k = 0; k < p->nr_rights; k++) {
				if (p->rights[k]->user || !p->to_file->user)
					continue;
				p->rights[k]->user = p->to_file->user;
				p->rights[k]->user_fd = p->to_file->user_fd;
				changed = true;
			}
		}
	}
}

struct err *unix_queues_read(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	struct unix_restore *ur = unix_restore_get(r);
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_SK_QUEUES, 0, &rf->streams[STREAM_SK_QUEUES]));
	for (;;) {
		struct image_stream *s = rf->streams[STREAM_SK_QUEUES];
		struct unix_packet *p;

		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			break;
		p = ARENA_NEW(r->arena, struct unix_packet);
		p->rec = (SkPacketEntry *)msg;
		TRY(image_payload(s, p->rec->length, &p->bytes));
		p->to_file = file_by_id(r->files, p->rec->id_for);
		if (!p->to_file || p->to_file->rec->type != FD_TYPES__UNIXSK)
			return image_stream_err(s,
						"a message is for file %u, which is no unix socket",
						p->rec->id_for);
		TRY(read_rights(r, s, p));
		ur->packets = arena_grow(r->arena, ur->packets, ur->nr_packets,
					 sizeof(*ur->packets));
		ur->packets[ur->nr_packets++] = p;
	}
	spread_users(ur);
	return NULL;
}
