// SPDX-License-Identifier: GPL-2.0-only
/* System calls and capabilities. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/kcmp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/features.h"
#include "kernel/probe_priv.h"

enum {
	/* Numbers that the headers of Debian 12 lack. */
	PRCTL_TIMER_CREATE_RESTORE_IDS = 77,
	PRCTL_TIMER_IDS_GET = 2,
	MEMBARRIER_GET_REGISTRATIONS = 1 << 9,
	IOC_SOCKET_NS = 0x894c, /* SIOCGSKNS */
	IOC_UNIX_FILE = 0x89e0, /* SIOCUNIXFILE */
	OPT_BUF_LOCK = 72,	/* SO_BUF_LOCK */
	OPT_IPV6_FREEBIND = 78,
	MOVE_EMPTY_PATHS = 0x4 | 0x40, /* MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH */
	MOVE_SET_GROUP = 0x100,
};

bool probe_kcmp(struct feature_probe *p)
{
	pid_t pid = getpid();

	return syscall(SYS_kcmp, pid, pid, KCMP_VM, 0, 0) == 0 || probe_errno(p);
}

bool probe_kcmp_epoll(struct feature_probe *p)
{
	AUTO_FD event = eventfd(0, EFD_CLOEXEC);
	AUTO_FD epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event watch = { .events = EPOLLIN };
	struct kcmp_epoll_slot slot = { .efd = (uint32_t)epoll, .tfd = (uint32_t)event };

	if (event < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &watch))
		return probe_errno(p);
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, event, &slot) == 0 ||
	       probe_errno(p);
}

/* An impossible count: EINVAL from a kernel that knows the member, E2BIG from one that does not. */
bool probe_clone3_set_tid(struct feature_probe *p)
{
	pid_t tid = 1;
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
		uint64_t set_tid, set_tid_size;
	} args = { .exit_signal = SIGCHLD,
		   .set_tid = (uint64_t)(uintptr_t)&tid,
		   .set_tid_size = 1000 };

	if (syscall(SYS_clone3, &args, sizeof(args)) == 0)
		_exit(0);
	return errno == EINVAL || probe_errno(p);
}

bool probe_pidfd_open(struct feature_probe *p)
{
	AUTO_FD fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return fd >= 0 || probe_errno(p);
}

bool probe_pidfd_getfd(struct feature_probe *p)
{
	AUTO_FD pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	AUTO_FD copy = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);

	return copy >= 0 || probe_errno(p);
}

bool probe_timer_cr_ids(struct feature_probe *p)
{
	return prctl(PRCTL_TIMER_CREATE_RESTORE_IDS, PRCTL_TIMER_IDS_GET, 0, 0, 0) >= 0 ||
	       probe_errno(p);
}

bool probe_membarrier_get(struct feature_probe *p)
{
	return syscall(SYS_membarrier, MEMBARRIER_GET_REGISTRATIONS, 0, 0) >= 0 || probe_errno(p);
}

bool probe_openat2(struct feature_probe *p)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_PATH | O_CLOEXEC };
	AUTO_FD fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	return fd >= 0 || probe_errno(p);
}

/* Flags are looked at before descriptors: EBADF means that these are known. */
bool probe_move_mount_set_group(struct feature_probe *p)
{
	syscall(SYS_move_mount, -1, "", -1, "", MOVE_EMPTY_PATHS | MOVE_SET_GROUP);
	return errno == EBADF || probe_errno(p);
}

bool probe_tun(struct feature_probe *p)
{
	AUTO_FD fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	unsigned int features;

	return (fd >= 0 && !ioctl(fd, TUNGETFEATURES, &features)) || probe_errno(p);
}

bool probe_sk_ns(struct feature_probe *p)
{
	AUTO_FD sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	AUTO_FD ns = sock < 0 ? -1 : ioctl(sock, IOC_SOCKET_NS);

	return ns >= 0 || probe_errno(p);
}

bool probe_sk_unix_file(struct feature_probe *p)
{
	AUTO_FD sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	AUTO_FD file = sock < 0 ? -1 : ioctl(sock, IOC_UNIX_FILE);

	/* It has no name, and a kernel that knows the call says so. */
	return file >= 0 || (sock >= 0 && errno == ENOENT) || probe_errno(p);
}

bool probe_sockopt_buf_lock(struct feature_probe *p)
{
	AUTO_FD sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int value;

	return (sock >= 0 && !getsockopt(sock, SOL_SOCKET, OPT_BUF_LOCK, &value, &len)) ||
	       probe_errno(p);
}

bool probe_ipv6_freebind(struct feature_probe *p)
{
	AUTO_FD sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int value;

	return (sock >= 0 && !getsockopt(sock, IPPROTO_IPV6, OPT_IPV6_FREEBIND, &value, &len)) ||
	       probe_errno(p);
}

static bool probe_cap(struct feature_probe *p, int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return probe_errno(p);
	return (data[cap / 32].effective & (1u << (cap % 32))) ||
	       probe_no(p, "not in the effective set");
}

bool probe_cap_sys_admin(struct feature_probe *p)
{
	return probe_cap(p, CAP_SYS_ADMIN);
}

bool probe_cap_sys_ptrace(struct feature_probe *p)
{
	return probe_cap(p, CAP_SYS_PTRACE);
}

bool probe_cap_sys_resource(struct feature_probe *p)
{
	return probe_cap(p, CAP_SYS_RESOURCE);
}

bool probe_cap_checkpoint_restore(struct feature_probe *p)
{
	return probe_cap(p, CAP_CHECKPOINT_RESTORE);
}

bool probe_cap_setpcap(struct feature_probe *p)
{
	return probe_cap(p, CAP_SETPCAP);
}

bool probe_cap_sys_nice(struct feature_probe *p)
{
	return probe_cap(p, CAP_SYS_NICE);
}

bool probe_cap_net_admin(struct feature_probe *p)
{
	return probe_cap(p, CAP_NET_ADMIN);
}
