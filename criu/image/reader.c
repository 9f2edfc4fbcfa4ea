// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of an image.  A stream is the loaded file and a position in it; every length is compared
 * with what is left before it is used.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/dir_priv.h"
#include "image/wire.h"

struct image_stream {
	enum image_kind kind;
	char name[IMAGE_NAME_MAX];
	const char *dir_path;
	struct loaded file;
	size_t at;
	size_t entry_at;       /* where the entry read last begins */
	uint64_t payload_left; /* of that entry, to be skipped when it is not taken */
	size_t nr_entries;
};

/* --- streams --- */

__attribute__((format(printf, 2, 0))) static struct err *stream_verr(const struct image_stream *s,
								     const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	return err_new(ERR_IMAGE, "image \"%s/%s\", entry at byte %zu: %s", s->dir_path, s->name,
		       s->entry_at, text);
}

struct err *image_stream_err(const struct image_stream *s, const char *fmt, ...)
{
	va_list args;
	struct err *e;

	va_start(args, fmt);
	e = stream_verr(s, fmt, args);
	va_end(args);
	return e;
}

static struct err *stream_new(const char *dir_path, enum image_kind kind, const char *name,
			      struct image_stream **out)
{
	struct image_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return err_new(ERR_NOMEM, "cannot allocate a reader for \"%s\"", name);
	s->kind = kind;
	s->dir_path = dir_path;
	memcpy(s->name, name, IMAGE_NAME_MAX);
	*out = s;
	return NULL;
}

struct err *image_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
		       struct image_stream **out)
{
	AUTO_STREAM struct image_stream *s = NULL;
	char name[IMAGE_NAME_MAX];
	bool found;

	image_name(kind, id, name);
	TRY(stream_new(dir->path, kind, name, &s));
	TRY(file_load(dir, name, &s->file, &found));
	if (found)
		TRY(err_context(magic_check(dir, kind, s->file.bytes, s->file.len, &s->at),
				"image \"%s/%s\"", dir->path, name));
	*out = PTR_TAKE(s);
	return NULL;
}

void image_close(struct image_stream *s)
{
	if (!s)
		return;
	loaded_fini(&s->file);
	free(s);
}

uint64_t image_left(const struct image_stream *s)
{
	return s->file.len - s->at;
}

const char *image_stream_name(const struct image_stream *s)
{
	return s->name;
}

uint64_t image_stream_offset(const struct image_stream *s)
{
	return s->entry_at;
}

struct err *image_payload(struct image_stream *s, uint64_t len, const void **out)
{
	if (len > image_left(s))
		return image_stream_err(s, "%llu bytes belong to it and the file has %llu more",
					(unsigned long long)len, (unsigned long long)image_left(s));
	*out = s->file.bytes ? s->file.bytes + s->at : NULL;
	s->at += len;
	s->payload_left -= MIN(len, s->payload_left);
	return NULL;
}

struct err *image_next_as(struct image_stream *s, const ProtobufCMessageDescriptor *desc,
			  struct arena *a, ProtobufCMessage **out)
{
	const void *body = NULL;
	uint32_t len;
	struct err *e;

	if (!image_left(s)) {
		*out = NULL;
		return NULL;
	}
	s->entry_at = s->at;
	TRY(image_payload(s, sizeof(len), &body));
	memcpy(&len, body, sizeof(len));
	TRY(image_payload(s, len, &body));
	e = wire_unpack(desc, body, len, a, out);
	return e ? err_context(e, "image \"%s/%s\", entry at byte %zu", s->dir_path, s->name,
			       s->entry_at) :
		   NULL;
}

struct err *image_next(struct image_stream *s, struct arena *a, ProtobufCMessage **out)
{
	const struct image_record *rec = image_record(s->kind);
	const ProtobufCMessageDescriptor *desc = rec->first && !s->nr_entries ? rec->first :
										rec->message;
	ProtobufCMessage *msg = NULL;
	const void *skipped;

	BUG_ON(!desc);
	TRY(image_payload(s, s->payload_left, &skipped));
	TRY(image_next_as(s, desc, a, &msg));
	if (msg) {
		s->nr_entries++;
		s->payload_left = desc == rec->message ? image_payload_len(s->kind, msg) : 0;
		if (s->payload_left > image_left(s))
			return image_stream_err(
				s, "%llu bytes belong to it and the file has %llu more",
				(unsigned long long)s->payload_left,
				(unsigned long long)image_left(s));
	}
	*out = msg;
	return NULL;
}

/* --- images of one entry --- */

/* The only entry of @s; @out is left alone when there is none. */
static struct err *stream_single(struct image_stream *s, struct arena *a, ProtobufCMessage **out)
{
	ProtobufCMessage *msg = NULL;

	TRY(image_next(s, a, &msg));
	if (msg && image_record(s->kind)->payload == PAYLOAD_NONE && image_left(s))
		return image_stream_err(s, "%llu bytes follow it where the file should end",
					(unsigned long long)image_left(s));
	if (msg)
		*out = msg;
	return NULL;
}

struct err *image_read_optional(struct image_dir *dir, enum image_kind kind, uint64_t id,
				struct arena *a, ProtobufCMessage **out)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;

	TRY(image_open(dir, kind, id, &s));
	TRY(stream_single(s, a, &msg));
	*out = msg;
	return NULL;
}

struct err *image_read_single(struct image_dir *dir, enum image_kind kind, uint64_t id,
			      struct arena *a, ProtobufCMessage **out)
{
	ProtobufCMessage *msg = NULL;
	char name[IMAGE_NAME_MAX];

	TRY(image_read_optional(dir, kind, id, a, &msg));
	if (!msg) {
		image_name(kind, id, name);
		return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing or empty", dir->path,
					name),
				"copy all files of the directory");
	}
	*out = msg;
	return NULL;
}

bool image_exists(const struct image_dir *dir, enum image_kind kind, uint64_t id)
{
	char name[IMAGE_NAME_MAX];

	image_name(kind, id, name);
	if (dir->has_manifest)
		return manifest_find(&dir->manifest, name) != NULL;
	return !faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

struct err *image_read_loose(int dirfd, enum image_kind kind, uint64_t id, struct arena *a,
			     ProtobufCMessage **out)
{
	struct image_dir loose = { .fd = dirfd, .path = (char *)".", .has_common = true };
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;

	TRY(image_open(&loose, kind, id, &s));
	TRY(stream_single(s, a, &msg));
	if (!msg)
		return err_new(ERR_IMAGE, "image \"%s\" is missing or empty", s->name);
	*out = msg;
	return NULL;
}
