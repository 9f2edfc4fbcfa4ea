/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_RECORDS_H
#define IMAGE_RECORDS_H

/*
 * The one table of image kinds: name, id, magic, message and payload rule of each.  Writers,
 * readers, `show`, `verify` and the fuzzers use it; images/README.md describes the bytes.
 *
 * To add a kind: a member of enum image_kind, a row in records.c, its message in images/.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

#define IMAGE_MAGIC_COMMON 0x54564319u
#define IMAGE_MAGIC_SERVICE 0x55105940u
#define IMAGE_PAGE_SIZE 4096u

/* The id in a file's name is given next to the kind; 0 for kinds without one. */
enum image_kind {
	IMAGE_INVENTORY,
	IMAGE_PSTREE,
	IMAGE_CORE,   /* pid or tid */
	IMAGE_IDS,    /* pid */
	IMAGE_MM,     /* pid */
	IMAGE_FS,     /* pid */
	IMAGE_FDINFO, /* files_id */
	IMAGE_FILES,
	IMAGE_PAGEMAP,	     /* pid */
	IMAGE_PAGEMAP_SHMEM, /* shmid */
	IMAGE_PAGES,	     /* pages_id */
	IMAGE_PIPES_DATA,
	IMAGE_FIFO_DATA,
	IMAGE_SK_QUEUES,
	IMAGE_TCP_STREAM, /* socket inode */
	IMAGE_GHOST_FILE, /* ghost id */
	IMAGE_REMAP_FPATH,
	IMAGE_MEMFD,
	IMAGE_FILELOCKS,
	IMAGE_TTY_INFO,
	IMAGE_TTY_DATA,
	IMAGE_SECCOMP,
	IMAGE_APPARMOR,
	IMAGE_CGROUP,
	IMAGE_CPUINFO,
	IMAGE_BPFMAP_DATA,
	IMAGE_UTSNS, /* this and all below up to PIDNS: namespace id */
	IMAGE_IPCNS_VAR,
	IMAGE_IPCNS_SHM,
	IMAGE_IPCNS_MSG,
	IMAGE_IPCNS_SEM,
	IMAGE_MOUNTPOINTS,
	IMAGE_NETDEV,
	IMAGE_NETNS,
	IMAGE_IFADDR,
	IMAGE_ROUTE,
	IMAGE_ROUTE6,
	IMAGE_RULE,
	IMAGE_IPTABLES,
	IMAGE_IP6TABLES,
	IMAGE_NFTABLES,
	IMAGE_NETNS_CT,
	IMAGE_NETNS_EXP,
	IMAGE_USERNS,
	IMAGE_TIMENS,
	IMAGE_PIDNS,
	IMAGE_TMPFS_DEV, /* st_dev, kernel layout */
	IMAGE_AUTOFS,	 /* st_dev */
	IMAGE_BINFMT_MISC,
	IMAGE_TRACK,	  /* pid; criu-lite's own */
	IMAGE_STATS_DUMP, /* the last three live in the work directory and are not part of a set */
	IMAGE_STATS_RESTORE,
	IMAGE_IRMAP_CACHE,
	IMAGE_NR_KINDS,
};

enum image_framing {
	FRAMING_ORDINARY,  /* common magic, type magic, entries */
	FRAMING_INVENTORY, /* type magic, one entry */
	FRAMING_SERVICE,   /* service magic, type magic, entries */
	FRAMING_RAW,	   /* just bytes */
};

enum image_payload_rule {
	PAYLOAD_NONE,
	PAYLOAD_SIZED,	 /* image_payload_len() bytes after each entry */
	PAYLOAD_GHOST,	 /* contents to the end of file; with entry.chunks in framed pieces */
	PAYLOAD_IPC_MSG, /* entry.qnum times a framed ipc_msg and its bytes, padded to 8 */
};

struct image_record {
	const char *name; /* one %u (decimal) or %x (lower-case hex) where the id goes, or none */
	uint32_t magic;
	enum image_framing framing;
	bool is_single; /* exactly one entry */
	const ProtobufCMessageDescriptor
		*first; /* of the first entry when it differs from the others */
	const ProtobufCMessageDescriptor *message; /* NULL for raw */
	enum image_payload_rule payload;
	/* PAYLOAD_SIZED: bytes behind @msg, which is of @message. */
	uint64_t (*payload_len)(const ProtobufCMessage *msg);
};

#define IMAGE_NAME_MAX 64

/* Never NULL for a kind of the enum. */
const struct image_record *image_record(enum image_kind kind);
/* The file name; @id is left out for kinds without one. */
void image_name(enum image_kind kind, uint64_t id, char out[IMAGE_NAME_MAX]);
/* The opposite: which kind and id a file name is.  False for names that are no image's. */
bool image_name_parse(const char *name, enum image_kind *kind_out, uint64_t *id_out);
/* Bytes that follow @msg at once in an image of @kind; 0 for rules other than PAYLOAD_SIZED. */
uint64_t image_payload_len(enum image_kind kind, const ProtobufCMessage *msg);

#endif
