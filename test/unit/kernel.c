// SPDX-License-Identifier: GPL-2.0-only
/* kernel/: every feature has a name of its own and a purpose; probing leaves nothing behind. */
#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/features.h"
#include "unit/unit.h"

static size_t count_descriptors(void)
{
	AUTO_DIR DIR *dir = opendir("/proc/self/fd");
	size_t nr = 0;

	CHECK(dir);
	while (readdir(dir))
		nr++;
	return nr;
}

static void the_table_is_whole(void)
{
	for (int f = 0; f < KF_NR; f++) {
		const struct feature_info *info = &feature_table[f];

		CHECK(info->name && info->purpose && info->need <= NEED_LATER);
		CHECK(kernel_feature_find(info->name) == (enum kernel_feature)f);
	}
	CHECK(kernel_feature_find("list") == KF_NR && kernel_feature_find("") == KF_NR);
}

static void criu_names_are_known(void)
{
	static const char *const names[] = {
		"mnt_id",
		"mem_dirty_track",
		"aio_remap",
		"timerfd",
		"tun",
		"tun_ns",
		"userns",
		"fdinfo_lock",
		"seccomp_suspend",
		"seccomp_filters",
		"loginuid",
		"cgroupns",
		"autofs",
		"tcp_half_closed",
		"compat_cr",
		"uffd",
		"uffd-noncoop",
		"can_map_vdso",
		"sk_ns",
		"sk_unix_file",
		"net_diag_raw",
		"nsid",
		"link_nsid",
		"kcmp_epoll",
		"timens",
		"external_net_ns",
		"clone3_set_tid",
		"newifindex",
		"nftables",
		"has_ipt_legacy",
		"pidfd_store",
		"ns_pid",
		"apparmor_stacking",
		"network_lock_nftables",
		"sockopt_buf_lock",
		"memfd_hugetlb",
		"move_mount_set_group",
		"openat2",
		"get_rseq_conf",
		"ipv6_freebind",
		"pagemap_scan",
		"timer_cr_ids",
		"overlayfs_maps",
		"breakpoints",
		"pagemap_scan_guard_pages",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(kernel_feature_find(names[i]) != KF_NR);
}

static void probing_leaves_nothing(void)
{
	struct kernel_features k = { 0 };
	size_t nr_before = count_descriptors();

	kernel_probe_all(&k);
	CHECK(count_descriptors() == nr_before);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	for (int f = 0; f < KF_NR; f++) {
		CHECK(k.state[f] != FEATURE_NOT_ASKED);
		CHECK((k.state[f] == FEATURE_NOT_PROBED) == !feature_table[f].probe);
		CHECK(kernel_has(&k, (enum kernel_feature)f) == (k.state[f] == FEATURE_YES));
	}
}

static void a_missing_feature_says_what_for(void)
{
	struct kernel_features k = { 0 };
	struct err *e;

	k.state[KF_KCMP] = FEATURE_NO;
	strcpy(k.reason[KF_KCMP], "Function not implemented");
	e = kernel_missing(&k, KF_KCMP);
	CHECK(err_code(e) == ERR_KERNEL);
	CHECK_STR(err_message(e),
		  "cannot tell what tasks share: kcmp is missing here: Function not implemented");
	CHECK_STR(err_hint_text(e), "use a kernel with CONFIG_KCMP");
	err_drop(e, "looked at");
}

int main(void)
{
	UNIT_RUN(the_table_is_whole);
	UNIT_RUN(criu_names_are_known);
	UNIT_RUN(probing_leaves_nothing);
	UNIT_RUN(a_missing_feature_says_what_for);
	return 0;
}
