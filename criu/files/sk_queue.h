/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_SK_QUEUE_H
#define FILES_SK_QUEUE_H

/* Dump of what unix sockets have received and nobody has read yet. */

#include "sk-packet.pb-c.h"

#include "files/kind.h"

struct sk_packet {
	SkPacketEntry *rec;
	const void *bytes;
};

struct sk_queues {
	struct sk_packet *list;
	size_t nr;
};

/*
 * Copies the queue of the socket that @p is about, file @id.  Nothing is consumed.  Descriptors in it become
 * files of the dump.  @at_end: nothing can be received after what is there (SHUT_RD).
 */
MUST_USE struct err *sk_queue_copy(struct dump *d, struct sk_queues *q, const struct fd_probe *p,
				   uint32_t id, bool at_end);
/* Writes sk-queues.img. */
MUST_USE struct err *sk_queues_write(struct dump *d, const struct sk_queues *q);

#endif
