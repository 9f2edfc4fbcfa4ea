// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cannot be dumped, each with a reason and what to do.  A row is found by the text of the link, which
 * the kernel makes up for files without a path, or by the type of the file.
 */
#include <string.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* The kernel keeps it in ipc/mqueue.c only. */
#define MQUEUE_MAGIC 0x19800202ul

#include "base/cleanup.h"
#include "files/files_priv.h"
#include "files/unsupported.h"

#define NOT_YET "close it before the dump, or wait for a release of criu-lite that dumps this kind"

#define OTHER_NS "close it before the dump, or run criu-lite in that namespace (nsenter)"
#define SCTP "let the program end its associations and close it before the dump"

const struct unsupported unsupported_links[] = {
	{ "anon_inode:bpf-map", "BPF maps are not supported yet", NOT_YET },
	{ "anon_inode:[io_uring]", "an io_uring ring cannot be read from outside",
	  "let the program close its rings (liburing: io_uring_queue_exit), or turn io_uring off "
	  "in it" },
	{ "anon_inode:[userfaultfd]", "the faults it handles would be lost",
	  "end the program's own userfaultfd handling before the dump" },
	{ "anon_inode:[perf_event]", "performance counters belong to this kernel and CPU",
	  "stop profiling (perf, eBPF profilers) before the dump" },
	{ "anon_inode:bpf-prog", "loaded BPF programs cannot be saved",
	  "unload the program and close the descriptor before the dump" },
	{ "anon_inode:bpf_link", "attached BPF links cannot be saved",
	  "detach the link and close the descriptor before the dump" },
	{ "anon_inode:bpf_iter", "BPF iterators cannot be saved", "close it before the dump" },
	{ "anon_inode:btf", "BPF type information cannot be saved", "close it before the dump" },
	{ "anon_inode:kvm", "the state of a virtual machine is inside the kernel",
	  "save the machine with its own monitor (QEMU: savevm or migrate) instead" },
	{ "anon_inode:[vfio", "devices given to user space cannot be saved",
	  "give the device back first" },
	{ "anon_inode:dmabuf", "device buffers cannot be saved",
	  "free the buffers before the dump" },
	{ "/dmabuf:", "device buffers cannot be saved", "free the buffers before the dump" },
	{ "anon_inode:sync_file", "device fences cannot be saved",
	  "wait for the device before the dump" },
	{ "anon_inode:[landlock-ruleset]", "a Landlock ruleset cannot be read back",
	  "close it after landlock_restrict_self(2)" },
	{ "anon_inode:seccomp notify", "seccomp notifications are answered by this task",
	  "stop supervising other tasks before the dump" },
	{ "anon_inode:[fscontext]", "a half-made mount cannot be saved",
	  "finish or close it first" },
	{ "anon_inode:[secretmem]", "secret memory cannot be read", "free it before the dump" },
	{ "/secretmem", "secret memory cannot be read", "free it before the dump" },
	{ "anon_inode:", "this kind of file inside the kernel is not known",
	  "close it before the dump" },
	{ "net:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "mnt:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "pid:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "pid_for_children:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "user:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "uts:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "ipc:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "cgroup:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "time:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "time_for_children:[", "it is of a namespace that the tool does not live in", OTHER_NS },
	{ "/dev/net/tun", "network tunnels are not supported yet", NOT_YET },
	{ "/dev/kvm", "the state of a virtual machine is inside the kernel",
	  "save the machine with its own monitor (QEMU: savevm or migrate) instead" },
	{ "/dev/dri/", "the state of a graphics card cannot be saved",
	  "let the program close the device before the dump" },
	{ "/dev/nvidia", "the state of a graphics card cannot be saved",
	  "suspend the program with cuda-checkpoint first, or close the device" },
	{ "/dev/kfd", "the state of a graphics card cannot be saved",
	  "let the program close the device before the dump" },
	{ "/dev/fuse", "the requests of a FUSE server would be lost",
	  "unmount its file system first" },
	{ "/dev/mqueue/", "POSIX message queues are not supported yet", NOT_YET },
	{ "(unreachable)", "its path leads out of what this tool can see",
	  "run the tool where the file's file system is mounted" },
};

const size_t nr_unsupported_links = ARRAY_SIZE(unsupported_links);

const struct unsupported unsupported_types[NR_UNSUPPORTED_TYPES] = {
	[UNSUPPORTED_MQUEUE] = { "POSIX message queue",
				 "POSIX message queues are not supported yet", NOT_YET },
	[UNSUPPORTED_PATH_MEMFD] = { "O_PATH descriptor of a memfd",
				     "a memfd has no path that O_PATH could name",
				     "close it before the dump" },
	[UNSUPPORTED_PATH_SOCKET] = { "O_PATH descriptor of a deleted socket",
				      "its file is a socket that is deleted",
				      "close it before the dump" },
	[UNSUPPORTED_SOCKET] = { "socket of another family",
				 "sockets of this family are not supported yet", NOT_YET },
	[UNSUPPORTED_BLOCK] = { "block device", "open block devices are not supported",
				"close the device, or dump with it closed" },
	[UNSUPPORTED_CHAR] = { "other character device",
			       "this device may keep state that cannot be read",
			       "let the program close the device before the dump" },
	[UNSUPPORTED_ANY] = { "anything else", "a file of unknown kind",
			      "close it before the dump" },
};

const struct unsupported_socket unsupported_sockets[] = {
	{ AF_INET,
	  SOCK_STREAM,
	  { "stream socket that is not TCP (MPTCP)", "only TCP is supported of this kind",
	    NOT_YET } },
	{ AF_INET6,
	  SOCK_STREAM,
	  { "stream socket of IPv6 that is not TCP", "only TCP is supported of this kind",
	    NOT_YET } },
	{ AF_INET, SOCK_DGRAM, { "ICMP socket", "ICMP sockets are not supported yet", NOT_YET } },
	{ AF_INET6,
	  SOCK_DGRAM,
	  { "ICMP socket of IPv6", "ICMP sockets are not supported yet", NOT_YET } },
	{ AF_INET, SOCK_SEQPACKET, { "SCTP socket", "SCTP sockets are not supported", SCTP } },
	{ AF_INET6,
	  SOCK_SEQPACKET,
	  { "SCTP socket of IPv6", "SCTP sockets are not supported", SCTP } },
	{ AF_INET, 0, { "raw IP socket", "raw IP sockets are not supported yet", NOT_YET } },
	{ AF_INET6,
	  0,
	  { "raw IP socket of IPv6", "raw IP sockets are not supported yet", NOT_YET } },
	{ AF_NETLINK,
	  0,
	  { "netlink socket of another protocol",
	    "the kernel may keep state for netlink sockets of this protocol (nfqueue, audit)",
	    "close it before the dump" } },
	{ AF_PACKET, 0, { "packet socket", "packet sockets are not supported yet", NOT_YET } },
	{ AF_VSOCK,
	  0,
	  { "vsock", "connections of a virtual machine (vsock) belong to its host",
	    "close it before the dump" } },
	{ AF_ALG,
	  0,
	  { "AF_ALG socket", "the state of kernel cryptography (AF_ALG) cannot be read back",
	    "close it before the dump" } },
	{ AF_BLUETOOTH,
	  0,
	  { "Bluetooth socket", "Bluetooth connections belong to the device",
	    "close it before the dump" } },
	{ AF_XDP,
	  0,
	  { "XDP socket", "XDP sockets belong to the device", "close it before the dump" } },
};

const size_t nr_unsupported_sockets = ARRAY_SIZE(unsupported_sockets);

const struct unsupported *unsupported_socket_find(int family, int type)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsupported_sockets); i++) {
		const struct unsupported_socket *s = &unsupported_sockets[i];

		if (s->family == family && (!s->type || s->type == type))
			return &s->row;
	}
	return &unsupported_types[UNSUPPORTED_SOCKET];
}

static const struct unsupported *socket_row(const struct fd_probe *p)
{
	int family = -1, type = -1;
	socklen_t len = sizeof(int);

	if (p->dup < 0 || getsockopt(p->dup, SOL_SOCKET, SO_DOMAIN, &family, &len) ||
	    getsockopt(p->dup, SOL_SOCKET, SO_TYPE, &type, &len))
		return &unsupported_types[UNSUPPORTED_SOCKET];
	return unsupported_socket_find(family, type);
}

/* Devices of <linux/major.h> that keep nothing for the one who opened them. */
static bool is_plain_device(dev_t dev)
{
	switch (minor(dev)) {
	case 3: /* null */
	case 5: /* zero */
	case 7: /* full */
	case 8: /* random */
	case 9: /* urandom */
		return major(dev) == 1;
	}
	return false;
}

/* Terminals: virtual consoles and serial lines, /dev/tty and console, pseudo-terminals. */
static bool is_tty_device(dev_t dev)
{
	return major(dev) == 4 || (major(dev) == 5 && minor(dev) <= 2) ||
	       (major(dev) >= 136 && major(dev) <= 143);
}

/* A queue looks like a file of the root directory: only its file system tells. */
static bool is_mqueue(const struct fd_probe *p)
{
	struct statfs sfs;

	return p->dup >= 0 && !fstatfs(p->dup, &sfs) && (unsigned long)sfs.f_type == MQUEUE_MAGIC;
}

/* What the link says; NULL: it says nothing against it. */
static const struct unsupported *find_link(const struct fd_probe *p, bool is_path_only)
{
	for (size_t i = 0; i < ARRAY_SIZE(unsupported_links); i++) {
		const struct unsupported *row = &unsupported_links[i];

		if (p->text[0] == row->text[0] && !strncmp(p->text, row->text, strlen(row->text)) &&
		    !(is_path_only && !strncmp(row->text, "/dev/", 5)))
			return row;
	}
	return NULL;
}

/* What the type of the file says. */
static const struct unsupported *find_type(const struct fd_probe *p)
{
	switch (p->st.st_mode & S_IFMT) {
	case S_IFSOCK:
		return socket_row(p);
	case S_IFBLK:
		return &unsupported_types[UNSUPPORTED_BLOCK];
	case S_IFCHR:
		if (is_plain_device(p->st.st_rdev) || is_tty_device(p->st.st_rdev))
			return NULL;
		return &unsupported_types[UNSUPPORTED_CHAR];
	case S_IFREG:
		if (is_mqueue(p))
			return &unsupported_types[UNSUPPORTED_MQUEUE];
		/* fall through */
	case S_IFDIR:
		return p->text[0] == '/' ? NULL : &unsupported_types[UNSUPPORTED_ANY];
	case S_IFIFO:
		return NULL;
	}
	return &unsupported_types[UNSUPPORTED_ANY];
}

const struct unsupported *unsupported_find(const struct fd_probe *p)
{
	bool is_path_only = p->flags & O_PATH && p->text[0] == '/';
	const struct unsupported *row = find_link(p, is_path_only);

	if (row)
		return row;
	if (!is_path_only)
		return find_type(p);
	/* A descriptor of O_PATH names a file and nothing more. */
	if (!strncmp(p->text, "/memfd:", 7))
		return &unsupported_types[UNSUPPORTED_PATH_MEMFD];
	if (S_ISSOCK(p->st.st_mode) && p->st.st_nlink == 0)
		return &unsupported_types[UNSUPPORTED_PATH_SOCKET];
	return NULL;
}

static bool unsupported_matches(const struct fd_probe *p)
{
	return unsupported_find(p);
}

static struct err *unsupported_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec UNUSED)
{
	const struct unsupported *row = unsupported_find(p);

	const char *key;

	if (!row)
		row = &unsupported_types[UNSUPPORTED_ANY];
	if (p->fd < 0 || p->text[0] != '/' || !(S_ISCHR(p->st.st_mode) || S_ISBLK(p->st.st_mode)))
		return err_hint(fd_probe_refuse(p, "%s", row->why), "%s", row->hint);
	key = external_file_key(d, p);
	return err_hint(fd_probe_refuse(p, "%s", row->why),
			"%s; or pass --external %s and restore with --inherit-fd fd[N]:%s",
			row->hint, key, key);
}

const struct file_kind file_kind_unsupported = {
	.name = "unsupported",
	.type = FD_TYPES__UND,
	.matches = unsupported_matches,
	.dump = unsupported_dump,
};
