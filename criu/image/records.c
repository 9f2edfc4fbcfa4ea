// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of image kinds.  Magics, names and messages are CRIU 4.2's; images/README.md has the
 * layout.
 */
#include "image/records.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "apparmor.pb-c.h"
#include "autofs.pb-c.h"
#include "binfmt-misc.pb-c.h"
#include "bpfmap-data.pb-c.h"
#include "cgroup.pb-c.h"
#include "core.pb-c.h"
#include "cpuinfo.pb-c.h"
#include "fdinfo.pb-c.h"
#include "fh.pb-c.h"
#include "file-lock.pb-c.h"
#include "fs.pb-c.h"
#include "ghost-file.pb-c.h"
#include "inventory.pb-c.h"
#include "ipc-msg.pb-c.h"
#include "ipc-sem.pb-c.h"
#include "ipc-shm.pb-c.h"
#include "ipc-var.pb-c.h"
#include "memfd.pb-c.h"
#include "mm.pb-c.h"
#include "mnt.pb-c.h"
#include "netdev.pb-c.h"
#include "pagemap.pb-c.h"
#include "pidns.pb-c.h"
#include "pipe-data.pb-c.h"
#include "pstree.pb-c.h"
#include "remap-file-path.pb-c.h"
#include "seccomp.pb-c.h"
#include "sk-packet.pb-c.h"
#include "stats.pb-c.h"
#include "tcp-stream.pb-c.h"
#include "timens.pb-c.h"
#include "track.pb-c.h"
#include "tty.pb-c.h"
#include "userns.pb-c.h"
#include "utsns.pb-c.h"

/* The lengths are 32-bit fields, so their sums cannot overflow 64 bits. */

static uint64_t pipe_data_len(const ProtobufCMessage *msg)
{
	return ((const PipeDataEntry *)msg)->bytes;
}

static uint64_t sk_packet_len(const ProtobufCMessage *msg)
{
	return ((const SkPacketEntry *)msg)->length;
}

static uint64_t tcp_stream_len(const ProtobufCMessage *msg)
{
	const TcpStreamEntry *t = (const TcpStreamEntry *)msg;

	return (uint64_t)t->inq_len + t->outq_len;
}

static uint64_t bpfmap_data_len(const ProtobufCMessage *msg)
{
	const BpfmapDataEntry *b = (const BpfmapDataEntry *)msg;

	return (uint64_t)b->keys_bytes + b->values_bytes;
}

static uint64_t ipc_sem_len(const ProtobufCMessage *msg)
{
	uint64_t bytes = (uint64_t)((const IpcSemEntry *)msg)->nsems * sizeof(uint16_t);

	return (bytes + 7) & ~7ULL;
}

static uint64_t ipc_shm_len(const ProtobufCMessage *msg)
{
	const IpcShmEntry *s = (const IpcShmEntry *)msg;

	if (s->has_in_pagemaps && s->in_pagemaps)
		return 0;
	return s->size > UINT64_MAX - 3 ? UINT64_MAX : (s->size + 3) & ~3ULL;
}

/* clang-format off */
#define SINGLE(file, number, msg) \
	{ .name = file, .magic = number, .is_single = true, .message = &msg##__descriptor }
#define STREAM(file, number, msg) \
	{ .name = file, .magic = number, .message = &msg##__descriptor }
#define SIZED(file, number, msg, len) \
	{ .name = file, .magic = number, .message = &msg##__descriptor, \
	  .payload = PAYLOAD_SIZED, .payload_len = len }
#define RAW(file) { .name = file, .framing = FRAMING_RAW }

static const struct image_record records[IMAGE_NR_KINDS] = {
	[IMAGE_INVENTORY]     = { .name = "inventory.img", .magic = 0x58313116,
				  .framing = FRAMING_INVENTORY,
				  .is_single = true, .message = &inventory_entry__descriptor },
	[IMAGE_PSTREE]        = STREAM("pstree.img",           0x50273030, pstree_entry),
	[IMAGE_CORE]          = SINGLE("core-%u.img",          0x55053847, core_entry),
	[IMAGE_IDS]           = SINGLE("ids-%u.img",           0x54432030, task_kobj_ids_entry),
	[IMAGE_MM]            = SINGLE("mm-%u.img",            0x57492820, mm_entry),
	[IMAGE_FS]            = SINGLE("fs-%u.img",            0x51403912, fs_entry),
	[IMAGE_FDINFO]        = STREAM("fdinfo-%u.img",        0x56213732, fdinfo_entry),
	[IMAGE_FILES]         = STREAM("files.img",            0x56303138, file_entry),
	[IMAGE_PAGEMAP]       = { .name = "pagemap-%u.img", .magic = 0x56084025,
				  .first = &pagemap_head__descriptor,
				  .message = &pagemap_entry__descriptor },
	[IMAGE_PAGEMAP_SHMEM] = { .name = "pagemap-shmem-%u.img", .magic = 0x56084025,
				  .first = &pagemap_head__descriptor,
				  .message = &pagemap_entry__descriptor },
	[IMAGE_PAGES]         = RAW("pages-%u.img"),
	[IMAGE_PIPES_DATA]    = SIZED("pipes-data.img", 0x56453709, pipe_data_entry, pipe_data_len),
	[IMAGE_FIFO_DATA]     = SIZED("fifo-data.img", 0x59333054, pipe_data_entry, pipe_data_len),
	[IMAGE_SK_QUEUES]     = SIZED("sk-queues.img", 0x56264026, sk_packet_entry, sk_packet_len),
	[IMAGE_TCP_STREAM]    = { .name = "tcp-stream-%x.img", .magic = 0x51465506,
				  .is_single = true,
				  .message = &tcp_stream_entry__descriptor,
				  .payload = PAYLOAD_SIZED,
				  .payload_len = tcp_stream_len },
	[IMAGE_GHOST_FILE]    = { .name = "ghost-file-%x.img", .magic = 0x52583605,
				  .is_single = true,
				  .message = &ghost_file_entry__descriptor,
				  .payload = PAYLOAD_GHOST },
	[IMAGE_REMAP_FPATH]   = STREAM("remap-fpath.img",      0x59133954, remap_file_path_entry),
	[IMAGE_MEMFD]         = STREAM("memfd.img",            0x48453499, memfd_inode_entry),
	[IMAGE_FILELOCKS]     = STREAM("filelocks.img",        0x54323616, file_lock_entry),
	[IMAGE_TTY_INFO]      = STREAM("tty-info.img",         0x59453036, tty_info_entry),
	[IMAGE_TTY_DATA]      = STREAM("tty-data.img",         0x59413026, tty_data_entry),
	[IMAGE_SECCOMP]       = SINGLE("seccomp.img",          0x64413049, seccomp_entry),
	[IMAGE_APPARMOR]      = SINGLE("apparmor.img",         0x59423047, apparmor_entry),
	[IMAGE_CGROUP]        = SINGLE("cgroup.img",           0x59383330, cgroup_entry),
	[IMAGE_CPUINFO]       = SINGLE("cpuinfo.img",          0x61404013, cpuinfo_entry),
	[IMAGE_BPFMAP_DATA]   = SIZED("bpfmap-data.img", 0x64324033, bpfmap_data_entry,
					bpfmap_data_len),
	[IMAGE_UTSNS]         = SINGLE("utsns-%u.img",         0x54473203, utsns_entry),
	[IMAGE_IPCNS_VAR]     = SINGLE("ipcns-var-%u.img",     0x53115007, ipc_var_entry),
	[IMAGE_IPCNS_SHM]     = SIZED("ipcns-shm-%u.img", 0x46283044, ipc_shm_entry, ipc_shm_len),
	[IMAGE_IPCNS_MSG]     = { .name = "ipcns-msg-%u.img", .magic = 0x55453737,
				  .message = &ipc_msg_entry__descriptor,
				  .payload = PAYLOAD_IPC_MSG },
	[IMAGE_IPCNS_SEM]     = SIZED("ipcns-sem-%u.img", 0x59573019, ipc_sem_entry, ipc_sem_len),
	[IMAGE_MOUNTPOINTS]   = STREAM("mountpoints-%u.img",   0x55563928, mnt_entry),
	[IMAGE_NETDEV]        = STREAM("netdev-%u.img",        0x57373951, net_device_entry),
	[IMAGE_NETNS]         = SINGLE("netns-%u.img",         0x55933752, netns_entry),
	[IMAGE_IFADDR]        = RAW("ifaddr-%u.img"),
	[IMAGE_ROUTE]         = RAW("route-%u.img"),
	[IMAGE_ROUTE6]        = RAW("route6-%u.img"),
	[IMAGE_RULE]          = RAW("rule-%u.img"),
	[IMAGE_IPTABLES]      = RAW("iptables-%u.img"),
	[IMAGE_IP6TABLES]     = RAW("ip6tables-%u.img"),
	[IMAGE_NFTABLES]      = RAW("nftables-%u.img"),
	[IMAGE_NETNS_CT]      = RAW("netns-ct-%u.img"),
	[IMAGE_NETNS_EXP]     = RAW("netns-exp-%u.img"),
	[IMAGE_USERNS]        = SINGLE("userns-%u.img",        0x55474906, userns_entry),
	[IMAGE_TIMENS]        = SINGLE("timens-%u.img",        0x43114433, timens_entry),
	[IMAGE_PIDNS]         = SINGLE("pidns-%u.img",         0x61157326, pidns_entry),
	[IMAGE_TMPFS_DEV]     = RAW("tmpfs-dev-%u.tar.gz.img"),
	[IMAGE_AUTOFS]        = SINGLE("autofs-%u.img",        0x49353943, autofs_entry),
	[IMAGE_BINFMT_MISC]   = STREAM("binfmt-misc.img",      0x67343323, binfmt_misc_entry),
	[IMAGE_TRACK]         = SINGLE("track-%u.img",         0x4c54524b, track_entry),
	[IMAGE_STATS_DUMP]    = { .name = "stats-dump", .magic = 0x57093306,
				  .framing = FRAMING_SERVICE,
				  .is_single = true, .message = &stats_entry__descriptor },
	[IMAGE_STATS_RESTORE] = { .name = "stats-restore", .magic = 0x57093306,
				  .framing = FRAMING_SERVICE,
				  .is_single = true, .message = &stats_entry__descriptor },
	[IMAGE_IRMAP_CACHE]   = { .name = "irmap-cache", .magic = 0x57004059,
				  .framing = FRAMING_SERVICE,
				  .message = &irmap_cache_entry__descriptor },
};
/* clang-format on */

const struct image_record *image_record(enum image_kind kind)
{
	return &records[kind];
}

void image_name(enum image_kind kind, uint64_t id, char out[IMAGE_NAME_MAX])
{
	const char *name = records[kind].name;
	const char *mark = strchr(name, '%');

	if (!mark)
		snprintf(out, IMAGE_NAME_MAX, "%s", name);
	else
		snprintf(out, IMAGE_NAME_MAX, mark[1] == 'x' ? "%.*s%llx%s" : "%.*s%llu%s",
			 (int)(mark - name), name, (unsigned long long)id, mark + 2);
}

static bool id_parse(const char *text, size_t len, int base, uint64_t *out)
{
	uint64_t value = 0;

	if (!len || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = isdigit((unsigned char)text[i])  ? text[i] - '0' :
			    text[i] >= 'a' && text[i] <= 'f' ? text[i] - 'a' + 10 :
							       99;

		if (digit >= base || value > (UINT64_MAX - (uint64_t)digit) / (uint64_t)base)
			return false;
		value = value * (uint64_t)base + (uint64_t)digit;
	}
	*out = value;
	return true;
}

static bool pattern_match(const char *pattern, const char *name, uint64_t *id_out)
{
	const char *mark = strchr(pattern, '%');
	size_t len = strlen(name), before, after;

	if (!mark) {
		*id_out = 0;
		return !strcmp(pattern, name);
	}
	before = (size_t)(mark - pattern);
	after = strlen(mark + 2);
	if (len <= before + after || memcmp(name, pattern, before) ||
	    strcmp(name + len - after, mark + 2))
		return false;
	return id_parse(name + before, len - before - after, mark[1] == 'x' ? 16 : 10, id_out);
}

bool image_name_parse(const char *name, enum image_kind *kind_out, uint64_t *id_out)
{
	uint64_t id;

	for (int kind = 0; kind < IMAGE_NR_KINDS; kind++) {
		if (!pattern_match(records[kind].name, name, &id))
			continue;
		*kind_out = (enum image_kind)kind;
		*id_out = id;
		return true;
	}
	return false;
}

uint64_t image_payload_len(enum image_kind kind, const ProtobufCMessage *msg)
{
	const struct image_record *rec = &records[kind];

	return rec->payload == PAYLOAD_SIZED ? rec->payload_len(msg) : 0;
}
