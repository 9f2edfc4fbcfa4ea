// SPDX-License-Identifier: GPL-2.0-only
/* The table of image kinds, and the bounds of the wire format. */
#include <stdint.h>

#include "apparmor.pb-c.h"
#include "cgroup.pb-c.h"
#include "core.pb-c.h"
#include "ipc-sem.pb-c.h"
#include "ipc-shm.pb-c.h"
#include "tcp-stream.pb-c.h"

#include "image/records.h"
#include "image/wire.h"
#include "unit/unit.h"

static void names_come_back(void)
{
	for (int kind = 0; kind < IMAGE_NR_KINDS; kind++) {
		const struct image_record *rec = image_record((enum image_kind)kind);
		static const uint64_t ids[] = { 0, 9, 171, 4294967295u, UINT64_MAX };

		CHECK(rec->name && (rec->message || rec->framing == FRAMING_RAW));
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
			char name[IMAGE_NAME_MAX];
			enum image_kind back;
			uint64_t id;

			image_name((enum image_kind)kind, ids[i], name);
			CHECK(image_name_parse(name, &back, &id));
			CHECK((int)back == kind);
			CHECK(id == (strchr(rec->name, '%') ? ids[i] : 0));
		}
	}
}

static void foreign_names_are_no_images(void)
{
	static const char *const names[] = { "",
					     "core-.img",
					     "core--1.img",
					     "core-01.img",
					     "core-1.img.bak",
					     "core-0x1.img",
					     "core-a.img",
					     "ghost-file-G.img",
					     "pages-1",
					     "core-18446744073709551616.img",
					     "../core-1.img",
					     "dump.log" };
	enum image_kind kind;
	uint64_t id;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(!image_name_parse(names[i], &kind, &id));
	CHECK(image_name_parse("ghost-file-1f.img", &kind, &id) && kind == IMAGE_GHOST_FILE &&
	      id == 31);
	CHECK(image_name_parse("pagemap-shmem-7.img", &kind, &id) && kind == IMAGE_PAGEMAP_SHMEM &&
	      id == 7);
}

static void payload_lengths_do_not_overflow(void)
{
	TcpStreamEntry tcp = TCP_STREAM_ENTRY__INIT;
	IpcSemEntry sem = IPC_SEM_ENTRY__INIT;
	IpcShmEntry shm = IPC_SHM_ENTRY__INIT;

	tcp.inq_len = tcp.outq_len = UINT32_MAX;
	CHECK(image_payload_len(IMAGE_TCP_STREAM, &tcp.base) == 2ull * UINT32_MAX);
	sem.nsems = 3;
	CHECK(image_payload_len(IMAGE_IPCNS_SEM, &sem.base) == 8);
	sem.nsems = UINT32_MAX;
	CHECK(image_payload_len(IMAGE_IPCNS_SEM, &sem.base) == 2ull * UINT32_MAX + 2);
	shm.size = UINT64_MAX;
	CHECK(image_payload_len(IMAGE_IPCNS_SHM, &shm.base) == UINT64_MAX);
	shm.size = 5;
	CHECK(image_payload_len(IMAGE_IPCNS_SHM, &shm.base) == 8);
	shm.has_in_pagemaps = shm.in_pagemaps = true;
	CHECK(image_payload_len(IMAGE_IPCNS_SHM, &shm.base) == 0);
}

/* Depth of the messages below @desc; more than 20 means that a file decides. */
static int depth_of(const ProtobufCMessageDescriptor *desc, int depth)
{
	int deepest = depth;

	for (unsigned int i = 0; depth < 20 && i < desc->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &desc->fields[i];
		int below;

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		below = depth_of(f->descriptor, depth + 1);
		deepest = below > deepest ? below : deepest;
		if (deepest >= 20)
			break;
	}
	return deepest;
}

/* wire.c guards these two by name; a third one must be added there. */
static void only_two_messages_nest_freely(void)
{
	for (int kind = 0; kind < IMAGE_NR_KINDS; kind++) {
		const ProtobufCMessageDescriptor *desc =
			image_record((enum image_kind)kind)->message;
		bool guarded = desc == &cgroup_entry__descriptor ||
			       desc == &apparmor_entry__descriptor;

		if (desc)
			CHECK((depth_of(desc, 0) >= 20) == guarded);
	}
}

static void varints_are_bounded(void)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX };
	uint8_t buf[16];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		uint8_t *end = wire_put_varint(buf, values[i]);
		struct wire w = { buf, end }, cut = { buf, end - 1 };
		uint64_t back;

		CHECK(wire_varint(&w, &back) && back == values[i] && w.at == end);
		CHECK(!wire_varint(&cut, &back));
	}
	memset(buf, 0xff, sizeof(buf));
	CHECK(!wire_varint(&(struct wire){ buf, buf + sizeof(buf) }, &(uint64_t){ 0 }));
}

static void failures_name_the_field(void)
{
	struct arena *a = arena_new();
	ProtobufCMessage *msg = NULL;
	/* core_entry with mtype 1 and an empty thread_info, whose required fields are missing */
	static const uint8_t no_tid[] = { 1 << 3, 1, (2 << 3) | 2, 0 };
	static const uint8_t cut[] = { 1 << 3, 1, (2 << 3) | 2, 9, 0 };
	static const uint8_t wrong_type[] = { (1 << 3) | 2, 1, 0 };
	static const uint8_t group[] = { (1 << 3) | 3 };
	struct err *e;

	e = wire_unpack(&core_entry__descriptor, no_tid, sizeof(no_tid), a, &msg);
	CHECK(e && strstr(err_message(e), "thread_info_x86.clear_tid_addr"));
	err_drop(e, "expected");
	e = wire_unpack(&core_entry__descriptor, cut, sizeof(cut), a, &msg);
	CHECK(e && strstr(err_message(e), "core_entry.thread_info is cut short"));
	err_drop(e, "expected");
	CHECK_ERR(wire_unpack(&core_entry__descriptor, wrong_type, sizeof(wrong_type), a, &msg),
		  ERR_IMAGE);
	CHECK_ERR(wire_unpack(&core_entry__descriptor, group, sizeof(group), a, &msg), ERR_IMAGE);
	e = wire_unpack(&core_entry__descriptor, NULL, 0, a, &msg);
	CHECK(e && strstr(err_message(e), "core_entry.mtype is missing"));
	err_drop(e, "expected");
	CHECK(!msg);
	arena_free(a);
}

/* aa_namespace in aa_namespace in ...: @levels of them, packed by hand from the inside out. */
static size_t nest(uint8_t *buf, size_t room, int levels)
{
	size_t at = room;

	for (int i = 0; i < levels; i++) {
		static const uint8_t name[] = { (1 << 3) | 2, 1, 'n' };
		uint8_t head[12], *end;
		size_t len;

		at -= sizeof(name);
		memcpy(buf + at, name, sizeof(name));
		len = room - at;
		head[0] = ((i == levels - 1 ? 1 : 3) << 3) | 2;
		end = wire_put_varint(head + 1, len);
		at -= (size_t)(end - head);
		memcpy(buf + at, head, (size_t)(end - head));
	}
	memmove(buf, buf + at, room - at);
	return room - at;
}

static void deep_nesting_is_refused(void)
{
	size_t room = 16 << 20;
	AUTO_FREE uint8_t *buf = malloc(room);
	struct arena *a = arena_new();
	ProtobufCMessage *msg = NULL;
	size_t len;

	CHECK(buf);
	len = nest(buf, room, 50);
	CHECK_OK(wire_unpack(&apparmor_entry__descriptor, buf, len, a, &msg));
	len = nest(buf, room, 1000000);
	CHECK_ERR(wire_unpack(&apparmor_entry__descriptor, buf, len, a, &msg), ERR_IMAGE);
	arena_free(a);
}

int main(void)
{
	UNIT_RUN(names_come_back);
	UNIT_RUN(foreign_names_are_no_images);
	UNIT_RUN(payload_lengths_do_not_overflow);
	UNIT_RUN(only_two_messages_nest_freely);
	UNIT_RUN(varints_are_bounded);
	UNIT_RUN(failures_name_the_field);
	UNIT_RUN(deep_nesting_is_refused);
	return 0;
}
