// SPDX-License-Identifier: GPL-2.0-only
#include "image/wire.h"

#include <string.h>

#include "apparmor.pb-c.h"
#include "cgroup.pb-c.h"

enum { NESTING_MAX = 64 };

bool wire_varint(struct wire *w, uint64_t *out)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte;

		if (w->at == w->end)
			return false;
		byte = *w->at++;
		value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
		if (byte & 0x80)
			continue;
		*out = value;
		return true;
	}
	return false;
}

bool wire_key(struct wire *w, uint32_t *field_out, enum wire_type *type_out)
{
	uint64_t key;

	if (!wire_varint(w, &key) || key >> 32 || !(key >> 3))
		return false;
	*field_out = (uint32_t)(key >> 3);
	*type_out = (enum wire_type)(key & 7);
	return *type_out <= WIRE_BYTES || *type_out == WIRE_32;
}

static bool skip_bytes(struct wire *w, uint64_t len)
{
	if (len > (uint64_t)(w->end - w->at))
		return false;
	w->at += len;
	return true;
}

bool wire_skip(struct wire *w, enum wire_type type)
{
	uint64_t value;

	switch (type) {
	case WIRE_VARINT:
		return wire_varint(w, &value);
	case WIRE_64:
		return skip_bytes(w, 8);
	case WIRE_32:
		return skip_bytes(w, 4);
	case WIRE_BYTES:
		return wire_varint(w, &value) && skip_bytes(w, value);
	}
	return false;
}

uint8_t *wire_put_varint(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)value | 0x80;
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static enum wire_type field_wire_type(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	default:
		return WIRE_VARINT;
	}
}

static struct err *explain(const ProtobufCMessageDescriptor *desc, const uint8_t *start,
			   struct wire w, int depth);

/* One field, whose key was read from @key_at; @w becomes the position behind the value. */
static struct err *explain_field(const ProtobufCMessageDescriptor *desc, const uint8_t *start,
				 struct wire *w, uint32_t number, enum wire_type type, int depth)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(desc, number);
	size_t at = (size_t)(w->at - start);
	struct wire inner;
	uint64_t len;

	if (f && type != field_wire_type(f) &&
	    !(f->label == PROTOBUF_C_LABEL_REPEATED && type == WIRE_BYTES))
		return err_new(ERR_IMAGE, "field %s.%s at byte %zu has another type", desc->name,
			       f->name, at);
	if (!f || f->type != PROTOBUF_C_TYPE_MESSAGE) {
		if (!wire_skip(w, type))
			return err_new(ERR_IMAGE, "field %s.%s is cut short at byte %zu",
				       desc->name, f ? f->name : "(unknown)", at);
		return NULL;
	}
	if (!wire_varint(w, &len) || len > (uint64_t)(w->end - w->at))
		return err_new(ERR_IMAGE, "field %s.%s is cut short at byte %zu", desc->name,
			       f->name, at);
	inner = (struct wire){ w->at, w->at + len };
	w->at += len;
	return explain(f->descriptor, start, inner, depth + 1);
}

/* Says what is wrong with a message: the first thing that is, or NULL when it is well formed. */
static struct err *explain(const ProtobufCMessageDescriptor *desc, const uint8_t *start,
			   struct wire w, int depth)
{
	bool seen[desc->n_fields + 1];

	if (depth > NESTING_MAX)
		return err_new(ERR_IMAGE, "messages %s are nested deeper than %d", desc->name,
			       NESTING_MAX);
	memset(seen, 0, sizeof(seen));
	while (w.at < w.end) {
		const ProtobufCFieldDescriptor *f;
		size_t at = (size_t)(w.at - start);
		enum wire_type type;
		uint32_t number;

		if (!wire_key(&w, &number, &type))
			return err_new(ERR_IMAGE, "no field of %s can begin at byte %zu",
				       desc->name, at);
		TRY(explain_field(desc, start, &w, number, type, depth));
		f = protobuf_c_message_descriptor_get_field(desc, number);
		if (f)
			seen[f - desc->fields] = true;
	}
	for (unsigned int i = 0; i < desc->n_fields; i++)
		if (desc->fields[i].label == PROTOBUF_C_LABEL_REQUIRED && !seen[i])
			return err_new(ERR_IMAGE, "required field %s.%s is missing", desc->name,
				       desc->fields[i].name);
	return NULL;
}

/*
 * The messages in which a file decides how deep they nest; every other message's depth is set by
 * its definition (test/unit/image_records.c checks that).  They are checked before protobuf-c sees
 * them.
 */
static bool nests_freely(const ProtobufCMessageDescriptor *desc)
{
	return desc == &cgroup_entry__descriptor || desc == &apparmor_entry__descriptor;
}

struct err *wire_unpack(const ProtobufCMessageDescriptor *desc, const uint8_t *buf, size_t len,
			struct arena *a, ProtobufCMessage **out)
{
	struct wire w = { buf, len ? buf + len : buf };
	ProtobufCMessage *msg;

	if (nests_freely(desc))
		TRY(explain(desc, buf, w, 0));
	msg = protobuf_c_message_unpack(desc, arena_pb_allocator(a), len, buf);
	if (!msg) {
		TRY(explain(desc, buf, w, 0));
		return err_new(ERR_IMAGE, "it is no %s", desc->name);
	}
	*out = msg;
	return NULL;
}
