// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations that keep the framing: a file, an entry of it, and in that one field of the message or of a message inside.
 * Lengths on the way back are put right.
 */
#include <string.h>

#include "image/wire.h"
#include "fuzz/lib/set.h"

enum { MAX_ENTRIES = 512, MAX_FIELDS = 128, MAX_BODY = 32768, DEEP = 8 };

struct bytes {
	uint8_t at[MAX_BODY];
	size_t len;
};

static void append(struct bytes *b, const void *from, size_t len)
{
	len = MIN(len, sizeof(b->at) - b->len);
	memcpy(b->at + b->len, from, len);
	b->len += len;
}

static void append_varint(struct bytes *b, uint64_t value)
{
	uint8_t buf[10];

	append(b, buf, (size_t)(wire_put_varint(buf, value) - buf));
}

/* --- one message --- */

struct field {
	uint32_t number;
	enum wire_type type;
	const uint8_t *start, *value, *end; /* of the value: without the length of bytes */
};

/* The fields of a message, as far as they can be told. */
static size_t split_fields(const uint8_t *msg, size_t len, struct field *out)
{
	struct wire w = { msg, msg + len };
	size_t nr = 0;

	for (; w.at < w.end && nr < MAX_FIELDS; nr++) {
		struct field *f = &out[nr];
		uint64_t inner;

		f->start = w.at;
		if (!wire_key(&w, &f->number, &f->type))
			break;
		f->value = w.at;
		if (f->type == WIRE_BYTES) {
			if (!wire_varint(&w, &inner) || inner > (uint64_t)(w.end - w.at))
				break;
			f->value = w.at;
			w.at += inner;
		} else if (!wire_skip(&w, f->type)) {
			break;
		}
		f->end = w.at;
	}
	return nr;
}

static uint64_t any_number(uint64_t *rnd, uint64_t old)
{
	static const uint64_t odd[] = { 0,
					1,
					2,
					3,
					4096,
					0x7fffffff,
					0x80000000,
					0xffffffff,
					0x100000000,
					0x7ffffffff000,
					0x8000000000000000,
					UINT64_MAX,
					UINT64_MAX - 4095 };

	switch (dice(rnd, 6)) {
	case 0:
		return odd[dice(rnd, sizeof(odd) / sizeof(*odd))];
	case 1:
		return old + dice(rnd, 9) - 4;
	case 2:
		return old ^ (1ULL << dice(rnd, 64));
	case 3:
		return old + 4096 * ((uint64_t)dice(rnd, 9) - 4);
	case 4:
		return dice(rnd, 300);
	default:
		return old << dice(rnd, 13);
	}
}

static void put_field(struct bytes *out, const struct field *f)
{
	append(out, f->start, (size_t)(f->end - f->start));
}

static void put_number(struct bytes *out, const struct field *f, uint64_t *rnd)
{
	struct wire w = { f->value, f->end };
	uint64_t value = 0;

	append(out, f->start, (size_t)(f->value - f->start));
	if (f->type == WIRE_VARINT) {
		wire_varint(&w, &value);
		append_varint(out, any_number(rnd, value));
		return;
	}
	memcpy(&value, f->value, (size_t)(f->end - f->value));
	value = any_number(rnd, value);
	append(out, &value, (size_t)(f->end - f->value));
}

static void mutate_message(const ProtobufCMessageDescriptor *desc, const uint8_t *msg, size_t len,
			   struct bytes *out, uint64_t *rnd, int depth);

static void put_bytes(struct bytes *out, const ProtobufCFieldDescriptor *desc,
		      const struct field *f, uint64_t *rnd, int depth)
{
	static struct bytes levels[DEEP + 1];
	struct bytes *inner = &levels[depth];
	size_t len = (size_t)(f->end - f->value);

	inner->len = 0;
	if (desc && desc->type == PROTOBUF_C_TYPE_MESSAGE && depth < DEEP && dice(rnd, 20)) {
		mutate_message(desc->descriptor, f->value, len, inner, rnd, depth + 1);
	} else {
		append(inner, f->value, len);
		inner->len = LLVMFuzzerMutate(inner->at, inner->len, MIN(2 * len + 16, MAX_BODY));
	}
	append_varint(out, (uint64_t)f->number << 3 | WIRE_BYTES);
	append_varint(out, inner->len);
	append(out, inner->at, inner->len);
}

/* A field that the definition knows, with any value. */
static void put_new(struct bytes *out, const ProtobufCMessageDescriptor *desc, uint64_t *rnd)
{
	const ProtobufCFieldDescriptor *f;
	uint64_t value = any_number(rnd, 0);

	if (!desc->n_fields)
		return;
	f = &desc->fields[dice(rnd, desc->n_fields)];
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		append_varint(out, (uint64_t)f->id << 3 | WIRE_BYTES);
		append_varint(out, value % 9);
		append(out, "/\0\0\0\0\0\0\0\0", value % 9);
		return;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		append_varint(out, (uint64_t)f->id << 3 | WIRE_32);
		append(out, &value, 4);
		return;
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		append_varint(out, (uint64_t)f->id << 3 | WIRE_64);
		append(out, &value, 8);
		return;
	default:
		append_varint(out, (uint64_t)f->id << 3 | WIRE_VARINT);
		append_varint(out, value);
	}
}

static void change_field(const ProtobufCMessageDescriptor *desc, const struct field *f,
			 struct bytes *out, uint64_t *rnd, int depth)
{
	const ProtobufCFieldDescriptor *d = protobuf_c_message_descriptor_get_field(desc,
										    f->number);

	switch (dice(rnd, 12)) {
	case 0: /* gone */
		return;
	case 1: /* twice */
		put_field(out, f);
		put_field(out, f);
		return;
	}
	if (f->type == WIRE_BYTES)
		put_bytes(out, d, f, rnd, depth);
	else
		put_number(out, f, rnd);
}

static void mutate_message(const ProtobufCMessageDescriptor *desc, const uint8_t *msg, size_t len,
			   struct bytes *out, uint64_t *rnd, int depth)
{
	struct field fields[MAX_FIELDS];
	size_t nr = split_fields(msg, len, fields);
	size_t chosen = nr ? dice(rnd, (uint32_t)nr) : 0;

	for (size_t i = 0; i < nr; i++) {
		if (i == chosen && dice(rnd, 8))
			change_field(desc, &fields[i], out, rnd, depth);
		else
			put_field(out, &fields[i]);
	}
	if (!nr || !dice(rnd, 10))
		put_new(out, desc, rnd);
}

/* --- one file --- */

struct entry {
	const uint8_t *start, *end; /* with its length in front */
};

/* Entries as far as they are framed; the rest of the file, a payload maybe, is one entry without a frame. */
static size_t split_entries(const struct input *body, struct entry *out)
{
	const uint8_t *at = body->at;
	size_t nr = 0;

	while (body->end - at >= 4 && nr < MAX_ENTRIES) {
		uint32_t len;

		memcpy(&len, at, 4);
		if (len > (size_t)(body->end - at) - 4)
			break;
		out[nr++] = (struct entry){ at, at + 4 + len };
		at += 4 + len;
	}
	return nr;
}

static void put_entry(struct bytes *out, const struct bytes *msg)
{
	uint32_t len = (uint32_t)msg->len;

	append(out, &len, sizeof(len));
	append(out, msg->at, msg->len);
}

static void mutate_entry(const struct set_file *file, const struct entry *e, bool is_first,
			 struct bytes *out, uint64_t *rnd)
{
	const struct image_record *rec = image_record(file->kind);
	const ProtobufCMessageDescriptor *desc = is_first && rec->first ? rec->first : rec->message;
	static struct bytes msg;

	switch (dice(rnd, 16)) {
	case 0:
		return;
	case 1:
		append(out, e->start, (size_t)(e->end - e->start));
		append(out, e->start, (size_t)(e->end - e->start));
		return;
	}
	msg.len = 0;
	mutate_message(desc, e->start + 4, (size_t)(e->end - e->start) - 4, &msg, rnd, 0);
	put_entry(out, &msg);
}

static void mutate_body(const struct set_file *file, struct bytes *out, uint64_t *rnd)
{
	static struct entry entries[MAX_ENTRIES];
	size_t nr = image_record(file->kind)->message ? split_entries(&file->body, entries) : 0;
	size_t chosen = nr ? dice(rnd, (uint32_t)nr) : 0;
	const uint8_t *rest = nr ? entries[nr - 1].end : file->body.at;

	if (!nr || !dice(rnd, 12)) {
		append(out, file->body.at, input_left(&file->body));
		out->len = LLVMFuzzerMutate(out->at, out->len, MIN(out->len + 64, MAX_BODY));
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		if (i == chosen)
			mutate_entry(file, &entries[i], !i, out, rnd);
		else
			append(out, entries[i].start, (size_t)(entries[i].end - entries[i].start));
	}
	append(out, rest, (size_t)(file->body.end - rest));
}

/* --- the whole set --- */

struct whole {
	uint8_t *at;
	size_t len, max;
};

static void put_file(struct whole *out, const struct set_file *file)
{
	size_t body = MIN(input_left(&file->body), UINT16_MAX);
	uint8_t head[SET_HEAD] = { (uint8_t)file->kind, file->how };
	uint16_t len = (uint16_t)body;

	if (out->len + SET_HEAD + body > out->max)
		return;
	memcpy(head + 2, &file->id, 4);
	memcpy(head + 6, &len, 2);
	memcpy(out->at + out->len, head, SET_HEAD);
	memcpy(out->at + out->len + SET_HEAD, file->body.at, body);
	out->len += SET_HEAD + body;
}

static void change_file(const struct set_file *file, struct whole *out, uint64_t *rnd)
{
	static struct bytes body;
	struct set_file changed = *file;

	body.len = 0;
	switch (dice(rnd, 24)) {
	case 0: /* gone */
		return;
	case 1: /* twice, with another id */
		put_file(out, file);
		changed.id = (uint32_t)any_number(rnd, file->id);
		break;
	case 2:
		changed.how ^= (uint8_t)(1 << dice(rnd, 2));
		break;
	case 3:
		changed.kind = (enum image_kind)dice(rnd, IMAGE_NR_KINDS);
		break;
	default:
		mutate_body(file, &body, rnd);
		changed.body = (struct input){ body.at, body.at + body.len };
	}
	put_file(out, &changed);
}

static size_t count_files(struct input in)
{
	struct set_file file;
	size_t nr = 0;

	while (set_next(&in, &file))
		nr++;
	return nr;
}

size_t set_mutate(uint8_t *data, size_t size, size_t max_size, size_t head, unsigned int seed)
{
	static uint8_t copy[1 << 20];
	uint64_t rnd = seed * 2862933555777941757ULL + 3037000493ULL;
	struct input in = { copy + head, copy + size };
	struct whole out = { data, head, max_size };
	size_t nr, chosen;
	struct set_file file;

	if (size <= head + SET_HEAD || size > sizeof(copy) || !dice(&rnd, 16))
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(copy, data, size);
	nr = count_files(in);
	chosen = dice(&rnd, (uint32_t)nr);
	for (size_t i = 0; set_next(&in, &file); i++) {
		if (i == chosen)
			change_file(&file, &out, &rnd);
		else
			put_file(&out, &file);
	}
	if (!dice(&rnd, 32))
		LLVMFuzzerMutate(data, head, head);
	return out.len;
}

size_t set_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *data,
		 size_t max_size, size_t head, unsigned int seed)
{
	uint64_t rnd = seed * 2862933555777941757ULL + 1;
	struct input one = { a + MIN(head, a_size), a + a_size };
	struct input two = { b + MIN(head, b_size), b + b_size };
	struct whole out = { data, head, max_size };
	struct set_file file;

	if (max_size < head)
		return 0;
	memset(data, 0, head);
	memcpy(data, a, MIN(head, a_size));
	while (set_next(&one, &file))
		if (dice(&rnd, 4))
			put_file(&out, &file);
	while (set_next(&two, &file))
		if (!dice(&rnd, 4))
			put_file(&out, &file);
	return out.len;
}
