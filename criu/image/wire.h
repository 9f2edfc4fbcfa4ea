/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_WIRE_H
#define IMAGE_WIRE_H

/*
 * The protobuf wire format by hand: for page maps, which are too many to unpack one by one, and to
 * say what is wrong with a message that protobuf-c refuses.  Source: protobuf.dev, "Encoding".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"

/* Bytes being read; @at never passes @end. */
struct wire {
	const uint8_t *at;
	const uint8_t *end;
};

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* False when the bytes end first or there are more than ten; @w is then undefined. */
bool wire_varint(struct wire *w, uint64_t *out);
/* A field's number and type; false also for numbers and types that do not exist. */
bool wire_key(struct wire *w, uint32_t *field_out, enum wire_type *type_out);
/* Steps over a value. */
bool wire_skip(struct wire *w, enum wire_type type);

/* Appends a varint; returns the position behind it.  At most 10 bytes. */
uint8_t *wire_put_varint(uint8_t *at, uint64_t value);

/*
 * Unpacks a whole message into @a.  Messages nested deeper than 64 are refused before protobuf-c,
 * which recurses without a limit, sees them.  ERR_IMAGE says which field is missing or at which
 * byte the message is damaged.
 */
MUST_USE struct err *wire_unpack(const ProtobufCMessageDescriptor *desc, const uint8_t *buf,
				 size_t len, struct arena *a, ProtobufCMessage **out);

#endif
