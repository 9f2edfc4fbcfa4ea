/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KERNEL_PROBE_PRIV_H
#define KERNEL_PROBE_PRIV_H

/*
 * How a feature is tried.  A probe leaves this process as it found it, does what may harm in a
 * child, and takes well below a millisecond where a dump or restore asks for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct kernel_features;

struct feature_probe {
	struct kernel_features *k;
	char *reason; /* why not; feature_table has the length */
	size_t reason_len;
	pid_t tracee; /* a stopped child for ptrace probes, made at first use; 0: none yet */
};

/* Notes the reason and returns false: `return probe_no(p, "...")`. */
PRINTF_LIKE(2, 3) bool probe_no(struct feature_probe *p, const char *fmt, ...);
/* The same with errno's text. */
bool probe_errno(struct feature_probe *p);
/* Whether a text file that the kernel makes holds a line that starts with @key. */
bool probe_file_has(struct feature_probe *p, const char *path, const char *key);
bool probe_path(struct feature_probe *p, const char *path);

/* probe_ptrace.c */
bool probe_ptrace_seize(struct feature_probe *p);
bool probe_ptrace_xsave(struct feature_probe *p);
bool probe_peeksiginfo(struct feature_probe *p);
bool probe_seccomp_suspend(struct feature_probe *p);
bool probe_seccomp_filters(struct feature_probe *p);
bool probe_rseq_conf(struct feature_probe *p);
bool probe_breakpoints(struct feature_probe *p);
void probe_tracee_end(struct feature_probe *p);

/* probe_proc.c */
bool probe_proc_children(struct feature_probe *p);
bool probe_map_files(struct feature_probe *p);
bool probe_timers_proc(struct feature_probe *p);
bool probe_fdinfo_lock(struct feature_probe *p);
bool probe_loginuid(struct feature_probe *p);
bool probe_mnt_id(struct feature_probe *p);
bool probe_timerfd(struct feature_probe *p);
bool probe_ns_pid(struct feature_probe *p);
bool probe_procmap_query(struct feature_probe *p);
bool probe_timens(struct feature_probe *p);
bool probe_userns(struct feature_probe *p);
bool probe_cgroupns(struct feature_probe *p);
bool probe_apparmor_stacking(struct feature_probe *p);
bool probe_freezer_v1(struct feature_probe *p);
bool probe_freezer_v2(struct feature_probe *p);

/* probe_mem.c */
bool probe_pagemap_scan(struct feature_probe *p);
bool probe_pagemap_scan_guard(struct feature_probe *p);
bool probe_guard_pages(struct feature_probe *p);
bool probe_soft_dirty(struct feature_probe *p);
bool probe_soft_dirty_moves(struct feature_probe *p);
bool probe_uffd(struct feature_probe *p);
bool probe_uffd_noncoop(struct feature_probe *p);
bool probe_uffd_wp_async(struct feature_probe *p);
bool probe_set_mm_map(struct feature_probe *p);
bool probe_memfd(struct feature_probe *p);
bool probe_memfd_hugetlb(struct feature_probe *p);
bool probe_hugetlb(struct feature_probe *p);
bool probe_map_vdso(struct feature_probe *p);
bool probe_map_droppable(struct feature_probe *p);
bool probe_mseal(struct feature_probe *p);
bool probe_aio_remap(struct feature_probe *p);

/* probe_call.c */
bool probe_kcmp(struct feature_probe *p);
bool probe_kcmp_epoll(struct feature_probe *p);
bool probe_clone3_set_tid(struct feature_probe *p);
bool probe_pidfd_open(struct feature_probe *p);
bool probe_pidfd_getfd(struct feature_probe *p);
bool probe_timer_cr_ids(struct feature_probe *p);
bool probe_membarrier_get(struct feature_probe *p);
bool probe_openat2(struct feature_probe *p);
bool probe_move_mount_set_group(struct feature_probe *p);
bool probe_tun(struct feature_probe *p);
bool probe_sk_ns(struct feature_probe *p);
bool probe_sk_unix_file(struct feature_probe *p);
bool probe_sockopt_buf_lock(struct feature_probe *p);
bool probe_ipv6_freebind(struct feature_probe *p);
bool probe_cap_sys_admin(struct feature_probe *p);
bool probe_cap_sys_ptrace(struct feature_probe *p);
bool probe_cap_sys_resource(struct feature_probe *p);
bool probe_cap_checkpoint_restore(struct feature_probe *p);
bool probe_cap_setpcap(struct feature_probe *p);
bool probe_cap_sys_nice(struct feature_probe *p);
bool probe_cap_net_admin(struct feature_probe *p);

#endif
