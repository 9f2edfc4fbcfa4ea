// SPDX-License-Identifier: GPL-2.0-only
/*
 * criu-lite show: the records of a set as text or JSON.  The printer knows no record: it walks the
 * descriptors that protobuf-c makes of images/.  Every byte comes from an untrusted file, so
 * nothing is printed that a terminal could take for a command.
 */
#include "flow/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "image/dir.h"
#include "image/walk.h"

/* Longer byte strings are cut in text, never in JSON. */
enum { BYTES_SHOWN = 64 };

struct show {
	bool json;
	const char *file; /* whose entries are being printed; NULL: none */
	size_t nr_files;
	size_t nr_entries; /* of this file */
};

/* --- values --- */

static void put_indent(int depth)
{
	for (int i = 0; i < depth; i++)
		fputs("  ", stdout);
}

/*
 * Quoted.  Bytes that are no printable ASCII are escaped by number, in JSON as code points 0 to
 * 255: names in images are bytes in no particular encoding.
 */
static void put_quoted(const struct show *s, const uint8_t *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c >= 0x20 && c < 0x7f)
			putchar(c);
		else
			printf(s->json ? "\\u%04x" : "\\x%02x", c);
	}
	putchar('"');
}

static void put_bytes(const struct show *s, const ProtobufCBinaryData *b)
{
	size_t shown = s->json ? b->len : MIN(b->len, (size_t)BYTES_SHOWN);

	if (s->json)
		putchar('"');
	for (size_t i = 0; i < shown; i++)
		printf("%02x", b->data[i]);
	if (s->json)
		putchar('"');
	else if (shown < b->len)
		printf("... (%zu bytes)", b->len);
}

static void put_unsigned(const struct show *s, uint64_t value)
{
	/* Large numbers are addresses and masks. */
	if (s->json || value < 0x10000)
		printf("%" PRIu64, value);
	else
		printf("%#" PRIx64, value);
}

static void put_enum(const struct show *s, const ProtobufCFieldDescriptor *f, int value)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(f->descriptor,
									       value);

	if (known)
		printf(s->json ? "\"%s\"" : "%s", known->name);
	else
		printf("%d", value);
}

static void put_message(const struct show *s, const ProtobufCMessage *msg, int depth);

static void put_value(const struct show *s, const ProtobufCFieldDescriptor *f, const void *at,
		      int depth)
{
	const char *text;

	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		printf("%" PRId32, *(const int32_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		put_unsigned(s, *(const uint32_t *)at);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		printf("%" PRId64, *(const int64_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		put_unsigned(s, *(const uint64_t *)at);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
		printf("%g", (double)*(const float *)at);
		return;
	case PROTOBUF_C_TYPE_DOUBLE:
		printf("%g", *(const double *)at);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		fputs(*(const protobuf_c_boolean *)at ? "true" : "false", stdout);
		return;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum(s, f, *(const int *)at);
		return;
	case PROTOBUF_C_TYPE_STRING:
		text = *(char *const *)at;
		put_quoted(s, (const uint8_t *)text, strlen(text));
		return;
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(s, at);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message(s, *(ProtobufCMessage *const *)at, depth + 1);
		return;
	}
}

/* --- messages --- */

static size_t element_size(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	default:
		return 4;
	}
}

static bool field_is_set(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)msg;

	if (f->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(base + f->quantifier_offset);
	if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE) {
		const void *ptr = *(void *const *)(base + f->offset);

		/* An absent string is its default, which may be no NULL. */
		return ptr && ptr != f->default_value;
	}
	return *(const protobuf_c_boolean *)(base + f->quantifier_offset);
}

static void put_repeated(const struct show *s, const ProtobufCMessage *msg,
			 const ProtobufCFieldDescriptor *f, int depth)
{
	size_t nr = *(const size_t *)((const char *)msg + f->quantifier_offset);
	const char *list = *(const char *const *)((const char *)msg + f->offset);

	putchar('[');
	for (size_t i = 0; i < nr; i++) {
		if (i)
			fputs(s->json ? "," : " ", stdout);
		put_value(s, f, list + i * element_size(f), depth);
	}
	putchar(']');
}

static void put_message(const struct show *s, const ProtobufCMessage *msg, int depth)
{
	const ProtobufCMessageDescriptor *desc = msg->descriptor;
	bool is_first = true;

	putchar('{');
	for (unsigned int i = 0; i < desc->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &desc->fields[i];

		if (!field_is_set(msg, f))
			continue;
		if (s->json) {
			printf("%s\"%s\":", is_first ? "" : ",", f->name);
		} else {
			putchar('\n');
			put_indent(depth + 1);
			printf("%s: ", f->name);
		}
		is_first = false;
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			put_repeated(s, msg, f, depth);
		else
			put_value(s, f, (const char *)msg + f->offset, depth);
	}
	if (!s->json && !is_first) {
		putchar('\n');
		put_indent(depth);
	}
	putchar('}');
}

/* --- files --- */

static struct err *show_entry(void *arg, const struct image_entry *entry)
{
	struct show *s = arg;

	if (s->json) {
		printf("%s\n{\"offset\":%" PRIu64 ",\"message\":\"%s\",\"payload\":%" PRIu64
		       ",\"value\":",
		       s->nr_entries ? "," : "", entry->offset, entry->msg->descriptor->name,
		       entry->payload_len);
		put_message(s, entry->msg, 0);
		putchar('}');
	} else {
		put_indent(entry->is_nested ? 2 : 1);
		printf("%s at %" PRIu64, entry->msg->descriptor->name, entry->offset);
		if (entry->payload_len)
			printf(", %" PRIu64 " bytes follow", entry->payload_len);
		putchar(' ');
		put_message(s, entry->msg, entry->is_nested ? 2 : 1);
		putchar('\n');
	}
	s->nr_entries++;
	return NULL;
}

static struct err *show_file(void *arg, struct image_dir *dir, const char *name)
{
	struct show *s = arg;
	const struct image_entry_visitor v = { .arg = s, .run = show_entry };
	enum image_kind kind;
	struct err *e = NULL;
	uint64_t id;
	bool known = image_name_parse(name, &kind, &id);

	if (s->json) {
		printf("%s\n{\"file\":", s->nr_files ? "," : "");
		put_quoted(s, (const uint8_t *)name, strlen(name));
		fputs(",\"entries\":[", stdout);
	} else {
		put_quoted(s, (const uint8_t *)name, strlen(name));
		putchar('\n');
	}
	s->nr_entries = 0;
	s->nr_files++;
	if (known && kind == IMAGE_INVENTORY)
		e = show_entry(s, &(struct image_entry){ .file = name,
							 .offset = 4,
							 .msg = &image_dir_inventory(dir)->base });
	else if (known)
		e = image_walk(dir, kind, id, &v);
	if (s->json)
		fputs("]}", stdout);
	return e;
}

struct err *show_run(const struct options *opts)
{
	struct show s = { .json = opts->json };
	const struct image_visitor v = { .arg = &s, .run = show_file };
	struct image_dir *dir = NULL;
	struct err *e;

	TRY(image_dir_open_any(opts->images_dir, &dir));
	if (s.json)
		putchar('[');
	e = image_dir_each(dir, &v);
	if (s.json)
		fputs("\n]\n", stdout);
	image_dir_close(dir);
	return e;
}
