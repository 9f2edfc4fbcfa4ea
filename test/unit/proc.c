// SPDX-License-Identifier: GPL-2.0-only
/* proc/: what each parser makes of texts as kernels write them, and which it refuses. */
#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "proc/auxv.h"
#include "proc/cgroup.h"
#include "proc/fdinfo.h"
#include "proc/limits.h"
#include "proc/locks.h"
#include "proc/maps.h"
#include "proc/mountinfo.h"
#include "proc/pid.h"
#include "proc/scan.h"
#include "proc/stat.h"
#include "proc/status.h"
#include "proc/timers.h"
#include "unit/unit.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

/* Fields 4 to 52 of a stat line; only some are told apart. */
#define STAT_TAIL                                                                                 \
	" 10 20 30 34816 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 777 9 10 18446744073709551615 100 " \
	"101 "                                                                                    \
	"102 103 104 0 0 0 0 0 0 0 17 1 50 2 0 0 0 200 201 202 203 204 205 206 2304\n"

static void stat_takes_any_name(void)
{
	struct proc_stat st;

	CHECK_OK(proc_stat_parse(TEXT("42 (a) R (b) S" STAT_TAIL), &st));
	CHECK_STR(st.comm, "a) R (b");
	CHECK(st.pid == 42 && st.state == 'S' && st.ppid == 10 && st.pgrp == 20 && st.sid == 30);
	CHECK(st.tty_nr == 34816 && st.tty_pgrp == -1 && st.flags == 4194560 && st.nice == -5);
	CHECK(st.nr_threads == 3 && st.start_time == 777 && st.start_code == 100 &&
	      st.end_code == 101);
	CHECK(st.start_stack == 102 && st.start_data == 200 && st.end_data == 201 &&
	      st.start_brk == 202);
	CHECK(st.arg_start == 203 && st.arg_end == 204 && st.env_start == 205 && st.env_end == 206);
	CHECK(st.exit_code == 2304 && st.policy == 2 && st.rt_priority == 50 && st.cpu == 1);
	CHECK_OK(proc_stat_parse(TEXT("42 (\n\n) Z" STAT_TAIL), &st));
	CHECK_STR(st.comm, "\n\n");
	CHECK_OK(proc_stat_parse(TEXT("42 () t" STAT_TAIL), &st));
	CHECK_STR(st.comm, "");
}

static void stat_refuses(void)
{
	struct proc_stat st;

	CHECK_ERR(proc_stat_parse(TEXT(""), &st), ERR_SYS);
	CHECK_ERR(proc_stat_parse(TEXT("42 (x) S 1 2 3\n"), &st), ERR_SYS);
	CHECK_ERR(proc_stat_parse(TEXT("-42 (x) S" STAT_TAIL), &st), ERR_SYS);
	CHECK_ERR(proc_stat_parse(TEXT("42 (x) ?" STAT_TAIL), &st), ERR_SYS);
	CHECK_ERR(proc_stat_parse(TEXT("42 (x"), &st), ERR_SYS);
	CHECK_ERR(proc_stat_parse(TEXT("42 "
				       "(0123456789012345678901234567890123456789012345678901234567"
				       "890123) S" STAT_TAIL),
				  &st),
		  ERR_SYS);
	CHECK_ERR(proc_stat_parse(TEXT("99999999999999999999 (x) S" STAT_TAIL), &st), ERR_SYS);
}

static const char status_text[] =
	"Name:\tmain\\nUid:\t5\nUmask:\t0027\nState:\tt (tracing "
	"stop)\nTgid:\t7\nNgid:\t0\nPid:\t8\nPPid:\t3\n"
	"TracerPid:\t99\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967294\nFDSize:\t256\nGroups:\t4 24 "
	"1000 \n"
	"NStgid:\t7\t1\nNSpid:\t8\t2\nNSpgid:\t7\t0\nNSsid:\t7\t1\nKthread:\t0\nVmPeak:\t 1 "
	"kB\nVmSize:\t 12 kB\n"
	"CoreDumping:\t0\nTHP_enabled:\t1\nx86_Thread_features:\tshstk wrss "
	"\nx86_Thread_features_locked:\t\n"
	"Threads:\t2\nSigQ:\t3/96364\nSigPnd:\t0000000000000001\nShdPnd:\t8000000000000000\n"
	"SigBlk:\t0000000000000002\nSigIgn:\t0000000000000004\nSigCgt:\t0000000180000000\n"
	"CapInh:\t0000000000000000\nCapPrm:\t000001fffeffffff\nCapEff:\t000001fffeffffff\n"
	"CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000010\nNoNewPrivs:\t1\nSeccomp:\t2\n"
	"Seccomp_filters:\t3\nFuture_line:\twhat ever\n";

static void status_reads_all(void)
{
	struct arena *a = arena_new();
	struct proc_status st;

	CHECK_OK(proc_status_parse(TEXT(status_text), a, &st));
	CHECK(st.has_umask && st.umask == 027 && st.state == 't' && st.tgid == 7 && st.pid == 8);
	CHECK(st.ppid == 3 && st.tracer_pid == 99 && st.uids[0] == 1 && st.uids[3] == 4);
	CHECK(st.gids[3] == 4294967294u && st.nr_groups == 3 && st.groups[2] == 1000);
	CHECK(st.nr_ns_pids == 2 && st.ns_pids[1] == 2 && st.ns_pgids[1] == 0 &&
	      st.ns_sids[1] == 1);
	CHECK(st.has_kthread && !st.kthread && st.has_mm && st.has_thp_enabled && st.thp_enabled);
	CHECK(st.x86_shstk && !st.x86_shstk_locked && st.nr_threads == 2 &&
	      st.nr_queued_signals == 3);
	CHECK(st.sig_pnd == 1 && st.shd_pnd == 1ull << 63 && st.sig_cgt == 0x180000000);
	CHECK(st.cap_eff == 0x1fffeffffff && st.cap_amb == 16 && st.no_new_privs);
	CHECK(st.seccomp_mode == 2 && st.has_seccomp_filters && st.nr_seccomp_filters == 3);
	arena_free(a);
}

static void status_takes_many_groups(void)
{
	enum { NR = 65536 };
	struct arena *a = arena_new();
	size_t room = NR * 8 + 256, len = 0;
	AUTO_FREE char *text = malloc(room);
	struct proc_status st;

	len += (size_t)snprintf(text, room, "State:\tS\nTgid:\t7\nPid:\t7\nGroups:\t");
	for (int i = 0; i < NR; i++)
		len += (size_t)snprintf(text + len, room - len, "%d ", i);
	len += (size_t)snprintf(text + len, room - len, "\nNSpid:\t7\n");
	CHECK_OK(proc_status_parse(text, len, a, &st));
	CHECK(st.nr_groups == NR && st.groups[NR - 1] == NR - 1);
	arena_free(a);
}

static void status_refuses(void)
{
	struct arena *a = arena_new();
	struct proc_status st;

	CHECK_ERR(proc_status_parse(TEXT(""), a, &st), ERR_SYS);
	CHECK_ERR(proc_status_parse(TEXT("State:\tZ\nTgid:\t0\nPid:\t0\nNSpid:\t0\n"), a, &st),
		  ERR_GONE);
	CHECK_ERR(proc_status_parse(TEXT("State:\tS\nUid:\t1\t2\t3\n"), a, &st), ERR_SYS);
	CHECK_ERR(proc_status_parse(TEXT("State:\tS\nUid:\t1\t2\t3\t4294967296\n"), a, &st),
		  ERR_SYS);
	CHECK_ERR(proc_status_parse(TEXT("State:\tS\nSigPnd:\t12345678123456781\n"), a, &st),
		  ERR_SYS);
	CHECK_ERR(proc_status_parse(TEXT("State:\tS\nNoNewPrivs:\t2\n"), a, &st), ERR_SYS);
	CHECK_ERR(proc_status_parse(TEXT("State:\tS\nThreads:\t2x\n"), a, &st), ERR_SYS);
	CHECK_ERR(proc_status_parse(TEXT("State:\tS\nNSpid:\t1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 "
					 "1 1 1 1 1 1 1"
					 " 1 1 1 1 1 1 1 1 1 1\n"),
				    a, &st),
		  ERR_SYS);
	arena_free(a);
}

static const char smaps_text[] =
	"00400000-00402000 r-xp 00001000 fe:0a 77                         /bin/my prog (deleted)\n"
	"Size:                  8 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
	"Rss:                   4 kB\nAnonymous:             4 kB\nSwap:                  8 kB\n"
	"SwapPss:               8 kB\nTHPeligible:           0\nProtectionKey:        11\nVmFlags: "
	"rd ex mr mw me sd \n"
	"00402000-00403000 rw-s 00000000 00:01 5                          /a\\012b\\134\n"
	"KernelPageSize:     2048 kB\nPrivate_Hugetlb:    2048 kB\nShared_Hugetlb:     2048 kB\n"
	"VmFlags: rd wr sh mr mw me ms ht zz \n"
	"7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                  [stack] (deleted)\n"
	"VmFlags: rd wr mr mw me gd ac sl dp gu \n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0\nVmFlags: ex \n";

static void smaps_are_read(void)
{
	struct arena *a = arena_new();
	struct proc_maps m;

	CHECK_OK(proc_maps_parse(TEXT(smaps_text), a, &m));
	CHECK(m.nr == 4);
	CHECK(m.vmas[0].start == 0x400000 && m.vmas[0].end == 0x402000 &&
	      m.vmas[0].pgoff == 0x1000);
	CHECK(m.vmas[0].dev_major == 0xfe && m.vmas[0].dev_minor == 10 && m.vmas[0].ino == 77);
	CHECK(m.vmas[0].prot == (PROT_READ | PROT_EXEC) && !m.vmas[0].is_shared &&
	      m.vmas[0].is_deleted);
	CHECK_STR(m.vmas[0].path, "/bin/my prog");
	CHECK(m.vmas[0].flags ==
	      (VMF_READ | VMF_EXEC | VMF_MAYREAD | VMF_MAYWRITE | VMF_MAYEXEC | VMF_SOFTDIRTY));
	CHECK(m.vmas[0].rss_bytes == 4096 && m.vmas[0].anonymous_bytes == 4096 &&
	      m.vmas[0].swap_bytes == 8192);
	CHECK(m.vmas[0].pkey == 11 && !m.vmas[1].pkey);
	CHECK(m.vmas[1].is_shared && m.vmas[1].page_size == 2 << 20 &&
	      m.vmas[1].hugetlb_bytes == 4 << 20);
	CHECK_STR(m.vmas[1].path, "/a\nb\\134");
	CHECK((m.vmas[1].flags & VMF_UNKNOWN) && (m.vmas[1].flags & VMF_HUGETLB));
	/* Only a file can be deleted. */
	CHECK_STR(m.vmas[2].path, "[stack] (deleted)");
	CHECK((m.vmas[2].flags & (VMF_GROWSDOWN | VMF_SEALED | VMF_DROPPABLE | VMF_MAYBE_GUARD)) ==
	      (VMF_GROWSDOWN | VMF_SEALED | VMF_DROPPABLE | VMF_MAYBE_GUARD));
	CHECK_STR(m.vmas[3].path, "");
	CHECK(proc_maps_find(&m, 0x401fff) == &m.vmas[0] &&
	      proc_maps_find(&m, 0x403000) == &m.vmas[2]);
	CHECK(!proc_maps_find(&m, 0xffffffffff601000) && proc_maps_find(&m, 0) == &m.vmas[0]);
	arena_free(a);
}

static void maps_refuse(void)
{
	struct arena *a = arena_new();
	struct proc_maps m;

	CHECK_OK(proc_maps_parse(TEXT(""), a, &m));
	CHECK(m.nr == 0);
	CHECK_ERR(proc_maps_parse(TEXT("Rss: 4 kB\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("2000-1000 r-xp 0 0:0 0\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-2001 r-xp 0 0:0 0\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-3000 r-xp 0 0:0 0\n2000-4000 r-xp 0 0:0 0\n"), a, &m),
		  ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-2000 r-xq 0 0:0 0\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-2000 r-xp 0 0:0 -1\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-2000 r-xp 0 0:0 0\nVmFlags: rdx\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-2000 r-xp 0 0:0 0\nRss: 18446744073709551615 kB\n"), a,
				  &m),
		  ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("1000-2000 r-xp 0 0:0 1 /a\0b\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_maps_parse(TEXT("\n"), a, &m), ERR_SYS);
	arena_free(a);
}

static void fdinfo_finds_keys(void)
{
	static const char text[] =
		"pos:\t123\nflags:\t02100002\nmnt_id:\t15\nino:\t99\n"
		"lock:\t1: FLOCK  ADVISORY  WRITE 7 00:01:99 0 EOF\neventfd-count:               "
		"a0\n"
		"tfd:        5 events: 19\ntfd:        6 events: 19\nsigmask:\t00ff\n";
	struct arena *a = arena_new();
	struct fdinfo info;
	struct scan value;
	const char *cursor = NULL;
	uint64_t number;

	CHECK_OK(fdinfo_parse(TEXT(text), a, &info));
	CHECK(info.pos == 123 && info.flags == 02100002 && info.mnt_id == 15 && info.has_ino &&
	      info.ino == 99);
	CHECK(info.has_locks);
	CHECK_OK(fdinfo_hex(&info, "eventfd-count", &number));
	CHECK(number == 0xa0);
	CHECK_ERR(fdinfo_dec(&info, "eventfd-count", &number), ERR_SYS);
	CHECK_ERR(fdinfo_dec(&info, "eventfd", &number), ERR_SYS);
	CHECK(fdinfo_next(&info, "tfd", &cursor, &value) && scan_u64(&value, &number) &&
	      number == 5);
	CHECK(fdinfo_next(&info, "tfd", &cursor, &value) && scan_u64(&value, &number) &&
	      number == 6);
	CHECK(!fdinfo_next(&info, "tfd", &cursor, &value));
	CHECK_ERR(fdinfo_parse(TEXT("pos:\t1\n"), a, &info), ERR_SYS);
	CHECK_ERR(fdinfo_parse(TEXT("pos:\t-1\nflags:\t0\n"), a, &info), ERR_SYS);
	CHECK_ERR(fdinfo_parse(TEXT("pos:\t1\nflags:\t8\n"), a, &info), ERR_SYS);
	arena_free(a);
}

static bool parse_lock(const char *text, struct proc_lock *out)
{
	struct scan s = scan_init(text, strlen(text));

	return proc_lock_parse(&s, out);
}

static void locks_are_read(void)
{
	static const char locks[] =
		"1: POSIX  ADVISORY  WRITE 708 fe:00:11045210 10 9223372036854775806\n"
		"1: -> POSIX  ADVISORY  READ 709 fe:00:11045210 0 EOF\n";
	struct arena *a = arena_new();
	struct proc_lock l, *list;
	size_t nr;

	CHECK(parse_lock("1: OFDLCK ADVISORY  READ -1 00:1c:99 4611686018427387905 EOF", &l));
	CHECK(l.kind == PROC_LOCK_OFD && !l.is_write && l.pid == -1 && l.ino == 99 &&
	      l.start == (1LL << 62) + 1 && l.end == INT64_MAX && !l.is_breaking && !l.is_waiting);
	CHECK(parse_lock("2: LEASE  BREAKING  UNLCK 7 00:1c:99 0 EOF", &l));
	CHECK(l.kind == PROC_LOCK_LEASE && l.is_breaking && l.pid == 7);
	CHECK(parse_lock("2: DELEG  ACTIVE    WRITE 7 00:1c:99 0 EOF", &l));
	CHECK(l.kind == PROC_LOCK_DELEGATION && l.is_write);
	CHECK(parse_lock("2: FLOCK  MSNFS     READ  7 00:1c:99 0 EOF", &l));
	CHECK(l.kind == PROC_LOCK_FLOCK);
	CHECK(!parse_lock("2: FLOCK  ADVISORY  RW 7 00:1c:99 0 EOF", &l));
	CHECK(!parse_lock("2: FLOCK  ADVISORY  WRITE 99999999999 00:1c:99 0 EOF", &l));
	CHECK(!parse_lock("2: FLOCK  ADVISORY  WRITE 7 <none>:0 0 EOF", &l));
	CHECK(!parse_lock("2: FLOCK  ADVISORY  WRITE 7 00:1c:99 0", &l));
	CHECK(!parse_lock("", &l));
	CHECK_OK(proc_locks_parse(TEXT(locks), true, a, &list, &nr));
	CHECK(nr == 2 && list[0].is_write && list[0].pid == 708 && list[0].start == 10 &&
	      list[0].end == INT64_MAX - 1 && !list[0].is_waiting && list[1].is_waiting &&
	      !list[1].is_write);
	CHECK_OK(proc_locks_parse(
		TEXT("pos:\t0\nlock:\t1: FLOCK  ADVISORY  WRITE 7 00:01:9 0 EOF\n"), false, a,
		&list, &nr));
	CHECK(nr == 1 && list[0].kind == PROC_LOCK_FLOCK);
	CHECK_ERR(proc_locks_parse(TEXT("lock:\tnonsense\n"), false, a, &list, &nr), ERR_SYS);
	arena_free(a);
}

static void limits_are_read(void)
{
	struct proc_limits l;
	struct rlimit own;
	int dirfd;

	CHECK_OK(proc_open(getpid(), &dirfd));
	CHECK_OK(proc_limits_read(dirfd, &l));
	for (int i = 0; i < PROC_NR_LIMITS; i++) {
		CHECK(!getrlimit((enum __rlimit_resource)i, &own));
		CHECK(l.limits[i].soft == own.rlim_cur && l.limits[i].hard == own.rlim_max);
	}
	CHECK_ERR(proc_limits_parse(TEXT("Max cpu time  unlimited unlimited seconds\n"), &l),
		  ERR_SYS);
	close(dirfd);
}

static void auxv_ends(void)
{
	uint64_t words[] = { AT_PAGESZ, 4096, AT_ENTRY, 7, AT_NULL, 0, 1, 1 };
	struct proc_auxv v;

	CHECK_OK(proc_auxv_parse(words, sizeof(words), &v));
	CHECK(v.nr_words == 6 && proc_auxv_get(&v, AT_ENTRY, 0) == 7 &&
	      proc_auxv_get(&v, AT_BASE, 5) == 5);
	CHECK_ERR(proc_auxv_parse(words, 4 * sizeof(uint64_t), &v), ERR_UNSUPPORTED);
	CHECK_ERR(proc_auxv_parse(words, 0, &v), ERR_UNSUPPORTED);
}

static void cgroups_are_found(void)
{
	struct arena *a = arena_new();
	struct proc_cgroups c;

	CHECK_OK(proc_cgroups_parse(TEXT("4:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/x (deleted)\n"),
				    a, &c));
	CHECK(c.nr == 3 && c.list[0].hierarchy == 4);
	CHECK_STR(proc_cgroups_find(&c, "cpuacct")->path, "/a:b");
	CHECK_STR(proc_cgroups_find(&c, "")->path, "/x");
	CHECK(proc_cgroups_find(&c, "")->is_deleted && !proc_cgroups_find(&c, "cp"));
	CHECK_ERR(proc_cgroups_parse(TEXT("4:cpu\n"), a, &c), ERR_SYS);
	CHECK_ERR(proc_cgroups_parse(TEXT("4:cpu:a\n"), a, &c), ERR_SYS);
	arena_free(a);
}

static void timers_are_read(void)
{
	struct arena *a = arena_new();
	struct proc_timers t;

	CHECK_OK(proc_timers_parse(
		TEXT("ID: 3\nsignal: 14/00000000deadbeef\nnotify: signal/tid.55\nClockID: 1\n"
		     "New: 1\nID: 0\nsignal: 0/0\nnotify: none/pid.0\nClockID: -6\n"),
		a, &t));
	CHECK(t.nr == 2 && t.list[0].id == 3 && t.list[0].signal == 14 &&
	      t.list[0].sigev_value == 0xdeadbeef);
	CHECK(t.list[0].notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID) && t.list[0].notify_pid == 55);
	CHECK(t.list[1].notify == SIGEV_NONE && t.list[1].clock_id == -6);
	CHECK_ERR(proc_timers_parse(TEXT("ID: 3\nsignal: 14/1\n"), a, &t), ERR_SYS);
	CHECK_ERR(proc_timers_parse(TEXT("ID: 3\nsignal: 99/1\nnotify: none/pid.1\nClockID: 0\n"),
				    a, &t),
		  ERR_SYS);
	arena_free(a);
}

static void mounts_are_read(void)
{
	struct arena *a = arena_new();
	struct proc_mounts m;

	CHECK_OK(proc_mounts_parse(
		TEXT("36 35 98:0 /r\\040t /mnt\\0122 rw,noatime shared:1 master:2 unbindable - "
		     "ext3 "
		     "/dev/root rw,errors=continue\n37 36 0:5 / /x rw - tmpfs  rw\n"),
		a, &m));
	CHECK(m.nr == 2 && m.list[0].mnt_id == 36 && m.list[0].parent_id == 35 &&
	      m.list[0].dev_major == 98);
	CHECK_STR(m.list[0].root, "/r t");
	CHECK_STR(m.list[0].mountpoint, "/mnt\n2");
	CHECK_STR(m.list[0].fs_options, "rw,errors=continue");
	CHECK(m.list[0].shared_id == 1 && m.list[0].master_id == 2 && m.list[0].is_unbindable);
	CHECK_STR(m.list[1].source, "");
	CHECK_STR(m.list[1].fs_options, "rw");
	CHECK(proc_mounts_find(&m, 37) == &m.list[1] && !proc_mounts_find(&m, 1));
	CHECK_ERR(proc_mounts_parse(TEXT("36 35 98:0 / / rw shared:1\n"), a, &m), ERR_SYS);
	CHECK_ERR(proc_mounts_parse(TEXT("36 35 98 / / rw - a b c\n"), a, &m), ERR_SYS);
	arena_free(a);
}

static void pids_are_listed(void)
{
	struct arena *a = arena_new();
	struct pid_list l;
	int dirfd;

	CHECK_OK(pid_list_parse(TEXT("12 13 1000000 "), a, &l));
	CHECK(l.nr == 3 && l.pids[2] == 1000000);
	CHECK_ERR(pid_list_parse(TEXT("12 x"), a, &l), ERR_SYS);
	CHECK_ERR(pid_list_parse(TEXT("0"), a, &l), ERR_SYS);
	CHECK_OK(proc_open(getpid(), &dirfd));
	CHECK_OK(proc_threads(dirfd, a, &l));
	CHECK(l.nr == 1 && l.pids[0] == getpid());
	CHECK_OK(proc_thread_children(dirfd, getpid(), a, &l));
	CHECK(l.nr == 0);
	CHECK_ERR(proc_thread_children(dirfd, 1, a, &l), ERR_GONE);
	close(dirfd);
	arena_free(a);
}

static void own_files_are_read(void)
{
	struct arena *a = arena_new();
	struct proc_stat st;
	struct proc_status ss;
	struct proc_maps slow, quick;
	int dirfd;

	CHECK_OK(proc_open(getpid(), &dirfd));
	CHECK_OK(proc_stat_read(dirfd, &st));
	CHECK(st.pid == getpid() && st.ppid == getppid() && st.sid == getsid(0));
	CHECK_OK(proc_status_read(dirfd, a, &ss));
	CHECK(ss.pid == getpid() && ss.uids[0] == getuid() && ss.gids[1] == getegid());
	CHECK_OK(proc_maps_read_quick(dirfd, a, &quick));
	CHECK_OK(proc_maps_read(dirfd, a, &slow));
	CHECK(slow.nr && quick.nr && proc_maps_find(&slow, (uintptr_t)&st)->flags & VMF_GROWSDOWN);
	CHECK_STR(proc_maps_find(&slow, (uintptr_t)&st)->path, "[stack]");
	close(dirfd);
	CHECK_ERR(proc_open(1 << 29, &dirfd), ERR_GONE);
	arena_free(a);
}

int main(void)
{
	UNIT_RUN(stat_takes_any_name);
	UNIT_RUN(stat_refuses);
	UNIT_RUN(status_reads_all);
	UNIT_RUN(status_takes_many_groups);
	UNIT_RUN(status_refuses);
	UNIT_RUN(smaps_are_read);
	UNIT_RUN(maps_refuse);
	UNIT_RUN(fdinfo_finds_keys);
	UNIT_RUN(locks_are_read);
	UNIT_RUN(limits_are_read);
	UNIT_RUN(auxv_ends);
	UNIT_RUN(cgroups_are_found);
	UNIT_RUN(timers_are_read);
	UNIT_RUN(mounts_are_read);
	UNIT_RUN(pids_are_listed);
	UNIT_RUN(own_files_are_read);
	return 0;
}
