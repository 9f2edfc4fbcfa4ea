// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/features.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/probe_priv.h"

#define NO_PROBE NULL

/* clang-format off */
const struct feature_info feature_table[KF_NR] = {
#define ROW(id, name, need, probe, purpose, advice) [id] = { name, need, purpose, advice, probe }
ROW(KF_PTRACE_SEIZE, "ptrace_seize", NEED_BASIC, probe_ptrace_seize,
	"stop tasks without their noticing", "run as root or with CAP_SYS_PTRACE"),
ROW(KF_PROC_CHILDREN, "proc_children", NEED_BASIC, probe_proc_children,
	"find the children of a task", "use a kernel with CONFIG_PROC_CHILDREN"),
ROW(KF_MAP_FILES, "map_files", NEED_BASIC, probe_map_files,
	"open mapped files, deleted ones too", "run with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN"),
ROW(KF_KCMP, "kcmp", NEED_BASIC, probe_kcmp,
	"tell what tasks share", "use a kernel with CONFIG_KCMP"),
ROW(KF_CLONE3_SET_TID, "clone3_set_tid", NEED_BASIC, probe_clone3_set_tid,
	"give restored tasks their pids", "use Linux 5.5 or later"),
ROW(KF_PR_SET_MM_MAP, "pr_set_mm_map", NEED_BASIC, probe_set_mm_map,
	"restore the places of heap, stack, arguments and environment",
	"use a kernel with CONFIG_CHECKPOINT_RESTORE"),
ROW(KF_PTRACE_XSAVE, "ptrace_xsave", NEED_BASIC, probe_ptrace_xsave,
	"save the extended registers of the CPU", NULL),
ROW(KF_PIDFD_GETFD, "pidfd_getfd", NEED_BASIC, probe_pidfd_getfd,
	"take descriptors out of tasks", "use Linux 5.6 or later"),
ROW(KF_PEEKSIGINFO, "ptrace_peeksiginfo", NEED_BASIC, probe_peeksiginfo,
	"save pending signals", "use Linux 3.10 or later"),
ROW(KF_TIMERS_PROC, "proc_timers", NEED_BASIC, probe_timers_proc,
	"find POSIX timers", "use a kernel with CONFIG_CHECKPOINT_RESTORE"),

ROW(KF_SECCOMP_SUSPEND, "seccomp_suspend", NEED_SOME, probe_seccomp_suspend,
	"work inside tasks that have seccomp filters",
	"run with CAP_SYS_ADMIN and outside of seccomp"),
ROW(KF_SECCOMP_FILTERS, "seccomp_filters", NEED_SOME, probe_seccomp_filters,
	"save seccomp filters", "run with CAP_SYS_ADMIN and outside of seccomp"),
ROW(KF_RSEQ_CONF, "get_rseq_conf", NEED_SOME, probe_rseq_conf,
	"save restartable sequences, which glibc 2.35 and later use", "use Linux 5.13 or later"),
ROW(KF_TIMER_CR_IDS, "timer_cr_ids", NEED_OPTIONAL, probe_timer_cr_ids,
	"restore a POSIX timer's number in one step", "use Linux 6.16 or later"),
ROW(KF_MEMBARRIER_GET, "membarrier_get_registrations", NEED_SOME, probe_membarrier_get,
	"save membarrier registrations", "use Linux 6.3 or later"),
ROW(KF_MEMFD, "memfd", NEED_SOME, probe_memfd,
	"restore memfd files and shared anonymous memory", NULL),
ROW(KF_MEMFD_HUGETLB, "memfd_hugetlb", NEED_SOME, probe_memfd_hugetlb,
	"restore memfd files of huge pages", "use a kernel with CONFIG_HUGETLBFS"),
ROW(KF_HUGETLB, "hugetlb", NEED_SOME, probe_hugetlb,
	"restore mappings of huge pages", "reserve some in /proc/sys/vm/nr_hugepages"),
ROW(KF_FDINFO_LOCK, "fdinfo_lock", NEED_SOME, probe_fdinfo_lock,
	"find file locks", "use Linux 4.1 or later"),
ROW(KF_LOGINUID, "loginuid", NEED_SOME, probe_loginuid,
	"restore the audit login uid", "use a kernel with CONFIG_AUDIT"),
ROW(KF_GUARD_PAGES, "guard_pages", NEED_SOME, probe_guard_pages,
	"restore guard regions", "use Linux 6.13 or later"),
ROW(KF_PAGEMAP_SCAN, "pagemap_scan", NEED_OPTIONAL, probe_pagemap_scan,
	"list pages fast", "use Linux 6.7 or later"),
ROW(KF_PAGEMAP_SCAN_GUARD, "pagemap_scan_guard_pages", NEED_OPTIONAL, probe_pagemap_scan_guard,
	"list guard regions fast", "use Linux 6.16 or later"),
ROW(KF_SOFT_DIRTY, "mem_dirty_track", NEED_OPTIONAL, probe_soft_dirty,
	"find changed pages by soft-dirty bits", "use a kernel with CONFIG_MEM_SOFT_DIRTY"),
ROW(KF_SOFT_DIRTY_MOVES, "soft_dirty_moves", NEED_OPTIONAL, probe_soft_dirty_moves,
	"see by soft-dirty bits that page tables were moved (else their frames are compared)", NULL),
ROW(KF_UFFD, "uffd", NEED_LATER, probe_uffd,
	"fill memory on demand", "use a kernel with CONFIG_USERFAULTFD"),
ROW(KF_UFFD_NONCOOP, "uffd-noncoop", NEED_LATER, probe_uffd_noncoop,
	"fill memory on demand in tasks that fork and remap", "use Linux 4.11 or later"),
ROW(KF_UFFD_WP_ASYNC, "uffd_wp_async", NEED_OPTIONAL, probe_uffd_wp_async,
	"find changed pages by userfaultfd", "use Linux 6.7 or later"),
ROW(KF_PROCMAP_QUERY, "procmap_query", NEED_OPTIONAL, probe_procmap_query,
	"ask for one mapping", "use Linux 6.11 or later"),
ROW(KF_KCMP_EPOLL, "kcmp_epoll", NEED_SOME, probe_kcmp_epoll,
	"tell which files an epoll watches", "use Linux 4.13 or later"),
ROW(KF_OPENAT2, "openat2", NEED_OPTIONAL, probe_openat2,
	"open files without following links", "use Linux 5.6 or later"),
ROW(KF_PIDFD_OPEN, "pidfd_open", NEED_BASIC, probe_pidfd_open,
	"hold a task by more than its number", "use Linux 5.3 or later"),
ROW(KF_NS_PID, "ns_pid", NEED_BASIC, probe_ns_pid,
	"tell a task's pid as it sees it itself", "use Linux 4.1 or later"),
ROW(KF_CGROUP_FREEZER_V1, "cgroup_freezer_v1", NEED_OPTIONAL, probe_freezer_v1,
	"stop a tree with --freeze-cgroup (cgroup v1)", "mount the freezer hierarchy"),
ROW(KF_CGROUP_FREEZER_V2, "cgroup_freezer_v2", NEED_OPTIONAL, probe_freezer_v2,
	"stop a tree with --freeze-cgroup (cgroup v2)", "mount cgroup2, on Linux 5.2 or later"),
ROW(KF_MAP_VDSO, "can_map_vdso", NEED_OPTIONAL, probe_map_vdso,
	"map the vDSO where the image wants it", "use a kernel with CONFIG_CHECKPOINT_RESTORE"),
ROW(KF_MAP_DROPPABLE, "map_droppable", NEED_SOME, probe_map_droppable,
	"restore droppable memory (vgetrandom)", "use Linux 6.11 or later"),
ROW(KF_MSEAL, "mseal", NEED_LATER, probe_mseal,
	"put seals back on mappings", "use Linux 6.10 or later"),
ROW(KF_TIMENS, "timens", NEED_LATER, probe_timens,
	"time namespaces", "use a kernel with CONFIG_TIME_NS"),
ROW(KF_USERNS, "userns", NEED_LATER, probe_userns,
	"user namespaces", "use a kernel with CONFIG_USER_NS"),
ROW(KF_CGROUPNS, "cgroupns", NEED_LATER, probe_cgroupns,
	"cgroup namespaces", "use a kernel with CONFIG_CGROUPS"),
ROW(KF_MNT_ID, "mnt_id", NEED_BASIC, probe_mnt_id,
	"tell the mount a descriptor is on", "use Linux 3.15 or later"),
ROW(KF_AIO_REMAP, "aio_remap", NEED_LATER, probe_aio_remap,
	"restore contexts of asynchronous I/O", "use a kernel with CONFIG_AIO"),
ROW(KF_TIMERFD, "timerfd", NEED_SOME, probe_timerfd,
	"save timer descriptors", NULL),
ROW(KF_COMPAT_CR, "compat_cr", NEED_LATER, NO_PROBE,
	"32-bit tasks", NULL),
ROW(KF_TUN, "tun", NEED_LATER, probe_tun,
	"tun and tap devices", "load the tun module"),
ROW(KF_TUN_NS, "tun_ns", NEED_LATER, NO_PROBE,
	"tun devices of other network namespaces", NULL),
ROW(KF_AUTOFS, "autofs", NEED_LATER, NO_PROBE,
	"autofs mounts", NULL),
ROW(KF_TCP_HALF_CLOSED, "tcp_half_closed", NEED_LATER, NO_PROBE,
	"TCP connections that are half closed", NULL),
ROW(KF_SK_NS, "sk_ns", NEED_LATER, probe_sk_ns,
	"tell a socket's network namespace", "use Linux 4.10 or later"),
ROW(KF_SK_UNIX_FILE, "sk_unix_file", NEED_LATER, probe_sk_unix_file,
	"open the file a unix socket is bound to", "use Linux 5.4 or later, with CAP_NET_ADMIN"),
ROW(KF_NET_DIAG_RAW, "net_diag_raw", NEED_LATER, NO_PROBE,
	"raw sockets", NULL),
ROW(KF_NSID, "nsid", NEED_LATER, NO_PROBE,
	"numbers of network namespaces", NULL),
ROW(KF_LINK_NSID, "link_nsid", NEED_LATER, NO_PROBE,
	"network devices whose peer is in another namespace", NULL),
ROW(KF_EXTERNAL_NET_NS, "external_net_ns", NEED_LATER, NO_PROBE,
	"network namespaces given from outside", NULL),
ROW(KF_NEWIFINDEX, "newifindex", NEED_LATER, NO_PROBE,
	"network devices with their numbers", NULL),
ROW(KF_NFTABLES, "nftables", NEED_LATER, NO_PROBE,
	"nftables rules", NULL),
ROW(KF_HAS_IPT_LEGACY, "has_ipt_legacy", NEED_LATER, NO_PROBE,
	"iptables rules of the old kind", NULL),
ROW(KF_PIDFD_STORE, "pidfd_store", NEED_LATER, probe_pidfd_getfd,
	"know a task again between two dumps", "use Linux 5.6 or later"),
ROW(KF_APPARMOR_STACKING, "apparmor_stacking", NEED_LATER, probe_apparmor_stacking,
	"AppArmor namespaces", "boot with AppArmor"),
ROW(KF_NETWORK_LOCK_NFTABLES, "network_lock_nftables", NEED_LATER, NO_PROBE,
	"hold back packets by nftables while connections are saved", NULL),
ROW(KF_SOCKOPT_BUF_LOCK, "sockopt_buf_lock", NEED_LATER, probe_sockopt_buf_lock,
	"whether a socket's buffer sizes were set by hand", "use Linux 5.15 or later"),
ROW(KF_MOVE_MOUNT_SET_GROUP, "move_mount_set_group", NEED_LATER, probe_move_mount_set_group,
	"restore sharing groups of mounts", "use Linux 5.15 or later"),
ROW(KF_IPV6_FREEBIND, "ipv6_freebind", NEED_LATER, probe_ipv6_freebind,
	"IPv6 sockets bound to addresses that are not there", "use Linux 4.15 or later"),
ROW(KF_OVERLAYFS_MAPS, "overlayfs_maps", NEED_LATER, NO_PROBE,
	"tell the files of overlayfs in mappings", NULL),
ROW(KF_BREAKPOINTS, "breakpoints", NEED_LATER, probe_breakpoints,
	"stop tasks by the CPU's debug registers", NULL),

ROW(KF_CAP_SYS_ADMIN, "cap_sys_admin", NEED_SOME, probe_cap_sys_admin,
	"page frame numbers, seccomp, mounts and namespaces", "run as root"),
ROW(KF_CAP_SYS_PTRACE, "cap_sys_ptrace", NEED_BASIC, probe_cap_sys_ptrace,
	"attach to tasks of other users", "run as root"),
ROW(KF_CAP_SYS_RESOURCE, "cap_sys_resource", NEED_SOME, probe_cap_sys_resource,
	"raise hard limits, lower oom_score_adj, enlarge pipes beyond the user's share",
	"run as full root"),
ROW(KF_CAP_CHECKPOINT_RESTORE, "cap_checkpoint_restore", NEED_SOME, probe_cap_checkpoint_restore,
	"set pids and read map_files without CAP_SYS_ADMIN", "run as root on Linux 5.9 or later"),
ROW(KF_CAP_SETPCAP, "cap_setpcap", NEED_SOME, probe_cap_setpcap,
	"restore secure bits and capability sets", "run as root"),
ROW(KF_CAP_SYS_NICE, "cap_sys_nice", NEED_SOME, probe_cap_sys_nice,
	"restore priorities and realtime scheduling", "run as root"),
ROW(KF_CAP_NET_ADMIN, "cap_net_admin", NEED_LATER, probe_cap_net_admin,
	"network namespaces and connections", "run as root"),
#undef ROW
};
/* clang-format on */

/* Only what costs microseconds: each is asked for at every start. */
const enum kernel_feature kernel_set_dump[] = {
	KF_PROC_CHILDREN, KF_KCMP,   KF_PIDFD_OPEN,	    KF_PIDFD_GETFD,
	KF_TIMERS_PROC,	  KF_NS_PID, KF_CAP_SYS_PTRACE,	    KF_PAGEMAP_SCAN,
	KF_GUARD_PAGES,	  KF_MNT_ID, KF_PAGEMAP_SCAN_GUARD,
};
const size_t kernel_nr_set_dump = ARRAY_SIZE(kernel_set_dump);

const enum kernel_feature kernel_set_restore[] = {
	KF_CLONE3_SET_TID, KF_PR_SET_MM_MAP, KF_PIDFD_OPEN, KF_TIMER_CR_IDS, KF_MEMFD,
};
const size_t kernel_nr_set_restore = ARRAY_SIZE(kernel_set_restore);

const enum kernel_feature kernel_set_track[] = {
	KF_SOFT_DIRTY,
	KF_SOFT_DIRTY_MOVES,
	KF_UFFD_WP_ASYNC,
};
const size_t kernel_nr_set_track = ARRAY_SIZE(kernel_set_track);

bool probe_no(struct feature_probe *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->reason, p->reason_len, fmt, args);
	va_end(args);
	return false;
}

bool probe_errno(struct feature_probe *p)
{
	return probe_no(p, "%s", strerror(errno));
}

static void probe_one(struct feature_probe *p, enum kernel_feature f)
{
	const struct feature_info *info = &feature_table[f];

	if (p->k->state[f] != FEATURE_NOT_ASKED)
		return;
	if (!info->probe) {
		p->k->state[f] = FEATURE_NOT_PROBED;
		return;
	}
	p->reason = p->k->reason[f];
	p->reason_len = sizeof(p->k->reason[f]);
	p->k->state[f] = info->probe(p) ? FEATURE_YES : FEATURE_NO;
	if (p->k->state[f] == FEATURE_YES)
		p->reason[0] = 0;
}

void kernel_probe(struct kernel_features *k, const enum kernel_feature *set, size_t nr)
{
	struct feature_probe p = { .k = k };

	for (size_t i = 0; i < nr; i++)
		probe_one(&p, set[i]);
	probe_tracee_end(&p);
}

void kernel_probe_all(struct kernel_features *k)
{
	struct feature_probe p = { .k = k };

	for (int f = 0; f < KF_NR; f++)
		probe_one(&p, (enum kernel_feature)f);
	probe_tracee_end(&p);
}

bool kernel_has(const struct kernel_features *k, enum kernel_feature f)
{
	struct kernel_features own = { 0 };

	if (k->state[f] != FEATURE_NOT_ASKED)
		return k->state[f] == FEATURE_YES;
	kernel_probe(&own, &f, 1);
	return own.state[f] == FEATURE_YES;
}

struct err *kernel_missing(const struct kernel_features *k, enum kernel_feature f)
{
	const struct feature_info *info = &feature_table[f];
	const char *reason = k->reason[f];

	return err_hint(err_new(ERR_KERNEL, "cannot %s: %s is missing here%s%s", info->purpose,
				info->name, *reason ? ": " : "", reason),
			"%s", info->advice ? info->advice : "use a newer kernel");
}

enum kernel_feature kernel_feature_find(const char *name)
{
	for (int f = 0; f < KF_NR; f++) {
		if (!strcmp(feature_table[f].name, name))
			return (enum kernel_feature)f;
	}
	return KF_NR;
}

struct err *kernel_require(struct kernel_features *k, const enum kernel_feature *set, size_t nr)
{
	struct err *e = NULL;

	kernel_probe(k, set, nr);
	for (size_t i = 0; i < nr; i++)
		if (feature_table[set[i]].need == NEED_BASIC && !kernel_has(k, set[i]))
			e = err_join(e, kernel_missing(k, set[i]));
	return e;
}
