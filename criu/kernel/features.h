/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_FEATURES_H
#define KERNEL_FEATURES_H

/*
 * What this kernel, these capabilities and this machine can do.  Each fact is found by trying it
 * once, never by the kernel's version: distributions move features between versions in both
 * directions, and containers and seccomp filters take them away.
 *
 * To add a feature: a member of the enum, a line in the table of kernel/features.c, and a probe in
 * one of the kernel/probe_*.c files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum kernel_feature {
	/* What dump and restore of every tree need. */
	KF_PTRACE_SEIZE,
	KF_PROC_CHILDREN,
	KF_MAP_FILES,
	KF_KCMP,
	KF_CLONE3_SET_TID,
	KF_PR_SET_MM_MAP,
	KF_PTRACE_XSAVE,
	KF_PIDFD_GETFD,
	KF_PEEKSIGINFO,
	KF_TIMERS_PROC,

	/* What some trees need. */
	KF_SECCOMP_SUSPEND,
	KF_SECCOMP_FILTERS,
	KF_RSEQ_CONF,
	KF_TIMER_CR_IDS,
	KF_MEMBARRIER_GET,
	KF_MEMFD,
	KF_MEMFD_HUGETLB,
	KF_HUGETLB,
	KF_FDINFO_LOCK,
	KF_LOGINUID,
	KF_GUARD_PAGES,
	KF_PAGEMAP_SCAN,
	KF_PAGEMAP_SCAN_GUARD,
	KF_SOFT_DIRTY,
	KF_SOFT_DIRTY_MOVES,
	KF_UFFD,
	KF_UFFD_NONCOOP,
	KF_UFFD_WP_ASYNC,
	KF_PROCMAP_QUERY,
	KF_KCMP_EPOLL,
	KF_OPENAT2,
	KF_PIDFD_OPEN,
	KF_NS_PID,
	KF_CGROUP_FREEZER_V1,
	KF_CGROUP_FREEZER_V2,
	KF_MAP_VDSO,
	KF_MAP_DROPPABLE,
	KF_MSEAL,
	KF_TIMENS,
	KF_USERNS,
	KF_CGROUPNS,
	KF_MNT_ID,
	KF_AIO_REMAP,
	KF_TIMERFD,
	KF_COMPAT_CR,
	KF_TUN,
	KF_TUN_NS,
	KF_AUTOFS,
	KF_TCP_HALF_CLOSED,
	KF_SK_NS,
	KF_SK_UNIX_FILE,
	KF_NET_DIAG_RAW,
	KF_NSID,
	KF_LINK_NSID,
	KF_EXTERNAL_NET_NS,
	KF_NEWIFINDEX,
	KF_NFTABLES,
	KF_HAS_IPT_LEGACY,
	KF_PIDFD_STORE,
	KF_APPARMOR_STACKING,
	KF_NETWORK_LOCK_NFTABLES,
	KF_SOCKOPT_BUF_LOCK,
	KF_MOVE_MOUNT_SET_GROUP,
	KF_IPV6_FREEBIND,
	KF_OVERLAYFS_MAPS,
	KF_BREAKPOINTS,

	/* Capabilities of this process. */
	KF_CAP_SYS_ADMIN,
	KF_CAP_SYS_PTRACE,
	KF_CAP_SYS_RESOURCE,
	KF_CAP_CHECKPOINT_RESTORE,
	KF_CAP_SETPCAP,
	KF_CAP_SYS_NICE,
	KF_CAP_NET_ADMIN,

	KF_NR,
};

enum feature_state {
	FEATURE_NOT_ASKED,
	FEATURE_YES,
	FEATURE_NO,
	FEATURE_NOT_PROBED, /* known by name; this version does not use it and cannot try it */
};

/* Without which features a command is of no use. */
enum feature_need {
	NEED_BASIC,    /* nothing can be dumped or restored without it */
	NEED_SOME,     /* only trees that use what it is for */
	NEED_OPTIONAL, /* something goes faster or gets better */
	NEED_LATER,    /* nothing in this version */
};

struct feature_probe; /* kernel/probe_priv.h */

struct feature_info {
	const char *name; /* CRIU's of `check --feature` where CRIU has one */
	enum feature_need need;
	const char *purpose; /* what it is for, one clause */
	const char *advice;  /* where to get it; NULL: nothing better than a newer kernel */
	/* NULL: FEATURE_NOT_PROBED. */
	bool (*probe)(struct feature_probe *p);
};

struct kernel_features {
	uint8_t state[KF_NR];	/* enum feature_state */
	char reason[KF_NR][64]; /* what the kernel answered when the state is FEATURE_NO */
	uint32_t xsave_bytes;	/* of PTRACE_GETREGSET(NT_X86_XSTATE); 0: not asked */
};

extern const struct feature_info feature_table[KF_NR];

/* Tries those of @set that were not tried yet.  A missing feature is no failure. */
void kernel_probe(struct kernel_features *k, const enum kernel_feature *set, size_t nr);
void kernel_probe_all(struct kernel_features *k);
/* One that was not probed is tried now and not remembered. */
bool kernel_has(const struct kernel_features *k, enum kernel_feature f);
/* The failure for a thing that needs @f: says what it is for and where to get it. */
MUST_USE struct err *kernel_missing(const struct kernel_features *k, enum kernel_feature f);
/* Probes @set; the basic ones that are missing are reported together. */
MUST_USE struct err *kernel_require(struct kernel_features *k, const enum kernel_feature *set,
				    size_t nr);
/* Finds a feature by name; KF_NR if there is none. */
enum kernel_feature kernel_feature_find(const char *name);

/* What dump and restore ask for at their start (cheap: a few milliseconds together). */
extern const enum kernel_feature kernel_set_dump[];
extern const size_t kernel_nr_set_dump;
extern const enum kernel_feature kernel_set_restore[];
extern const size_t kernel_nr_set_restore;
/* Incremental dumps ask for these besides. */
extern const enum kernel_feature kernel_set_track[];
extern const size_t kernel_nr_set_track;

#endif
