// SPDX-License-Identifier: GPL-2.0-only
/* What /proc and the cgroup file systems show. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"

#include "kernel/features.h"
#include "kernel/probe_priv.h"
#include "proc/maps.h"
#include "proc/mountinfo.h"
#include "proc/pid.h"
#include "proc/scan.h"

/* Turns a failure into the reason of a probe. */
static bool probe_err(struct feature_probe *p, struct err *e)
{
	bool ok = !e;

	if (e)
		probe_no(p, "%s", err_message(e));
	err_drop(e, "the feature is missing");
	return ok;
}

bool probe_path(struct feature_probe *p, const char *path)
{
	return !access(path, F_OK) || probe_no(p, "no %s", path);
}

bool probe_file_has(struct feature_probe *p, const char *path, const char *key)
{
	AUTO_FREE char *text = NULL;
	struct scan s, line;
	size_t len;

	if (!probe_err(p, file_slurp_at(AT_FDCWD, &text, &len, "%s", path)))
		return false;
	for (s = scan_init(text, len); scan_line(&s, &line);) {
		if (scan_text(&line, key))
			return true;
	}
	return probe_no(p, "no %s in %s", key, path);
}

bool probe_proc_children(struct feature_probe *p)
{
	return probe_path(p, "/proc/thread-self/children");
}

bool probe_timers_proc(struct feature_probe *p)
{
	return probe_path(p, "/proc/self/timers");
}

static struct err *open_map_file(struct arena *a)
{
	AUTO_FD dirfd = -1, fd = -1;
	struct proc_maps maps;

	TRY(proc_open(getpid(), &dirfd));
	TRY(proc_maps_read_quick(dirfd, a, &maps));
	for (size_t i = 0; i < maps.nr; i++) {
		const struct proc_vma *v = &maps.vmas[i];

		if (!v->ino)
			continue;
		return fd_open_at(dirfd, O_RDONLY, &fd, "map_files/%lx-%lx", v->start, v->end);
	}
	return err_new(ERR_KERNEL, "this process maps no file");
}

bool probe_map_files(struct feature_probe *p)
{
	struct arena *a = arena_new();
	bool ok = probe_err(p, open_map_file(a));

	arena_free(a);
	return ok;
}

static bool fdinfo_has(struct feature_probe *p, int fd, const char *key)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return probe_file_has(p, path, key);
}

bool probe_fdinfo_lock(struct feature_probe *p)
{
	AUTO_FD fd = memfd_create("probe", MFD_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		return probe_errno(p);
	return fdinfo_has(p, fd, "lock:");
}

bool probe_mnt_id(struct feature_probe *p)
{
	AUTO_FD fd = open("/", O_PATH | O_CLOEXEC);

	return fd < 0 ? probe_errno(p) : fdinfo_has(p, fd, "mnt_id:");
}

bool probe_timerfd(struct feature_probe *p)
{
	AUTO_FD fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	return fd < 0 ? probe_errno(p) : fdinfo_has(p, fd, "clockid:");
}

bool probe_loginuid(struct feature_probe *p)
{
	AUTO_FD fd = open("/proc/self/loginuid", O_RDWR | O_CLOEXEC);

	return fd >= 0 || probe_errno(p);
}

bool probe_ns_pid(struct feature_probe *p)
{
	return probe_file_has(p, "/proc/self/status", "NSpid:");
}

bool probe_procmap_query(struct feature_probe *p)
{
	/* struct procmap_query of filesystems/proc.rst; only the members that a query sets. */
	struct {
		uint64_t size, query_flags, query_addr, rest[10];
	} query = { .size = sizeof(query), .query_addr = (uint64_t)(uintptr_t)p };
	AUTO_FD fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	_Static_assert(sizeof(query) == 104, "the kernel's first size");
	if (fd < 0)
		return probe_errno(p);
	return !ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'f', 17, sizeof(query)), &query) ||
	       probe_errno(p);
}

bool probe_timens(struct feature_probe *p)
{
	return probe_path(p, "/proc/self/ns/time") && probe_path(p, "/proc/self/timens_offsets");
}

bool probe_userns(struct feature_probe *p)
{
	return probe_path(p, "/proc/self/ns/user");
}

bool probe_cgroupns(struct feature_probe *p)
{
	return probe_path(p, "/proc/self/ns/cgroup");
}

bool probe_apparmor_stacking(struct feature_probe *p)
{
	return probe_path(p, "/sys/kernel/security/apparmor") &&
	       probe_file_has(p, "/sys/kernel/security/apparmor/features/domain/stack", "yes");
}

/*
 * Makes a group below @mountpoint, since the topmost one cannot be frozen, and looks for @file in
 * it.
 */
static bool group_has(struct feature_probe *p, const char *mountpoint, const char *file)
{
	char dir[512], path[600];
	bool ok;

	snprintf(dir, sizeof(dir), "%s/criu-lite.probe.%d", mountpoint, getpid());
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (mkdir(dir, 0700))
		return probe_no(p, "cannot make a group in %.30s: %s", mountpoint, strerror(errno));
	ok = !access(path, F_OK);
	rmdir(dir);
	return ok || probe_no(p, "a group has no %s", file);
}

static bool options_have(const char *options, const char *word)
{
	size_t len = strlen(word);

	for (; options; options = strchr(options, ',') ? strchr(options, ',') + 1 : NULL) {
		if (!strncmp(options, word, len) && (!options[len] || options[len] == ','))
			return true;
	}
	return false;
}

static bool probe_freezer(struct feature_probe *p, const char *type, const char *option,
			  const char *file)
{
	struct arena *a = arena_new();
	struct proc_mounts mounts = { 0 };
	AUTO_FD dirfd = -1;
	bool ok = probe_err(p, proc_open(getpid(), &dirfd)) &&
		  probe_err(p, proc_mounts_read(dirfd, a, &mounts));
	const char *mountpoint = NULL;

	for (size_t i = 0; ok && i < mounts.nr && !mountpoint; i++) {
		const struct proc_mount *m = &mounts.list[i];

		if (!strcmp(m->fs_type, type) && (!option || options_have(m->fs_options, option)))
			mountpoint = m->mountpoint;
	}
	if (ok)
		ok = mountpoint ? group_has(p, mountpoint, file) : probe_no(p, "not mounted");
	arena_free(a);
	return ok;
}

bool probe_freezer_v1(struct feature_probe *p)
{
	return probe_freezer(p, "cgroup", "freezer", "freezer.state");
}

bool probe_freezer_v2(struct feature_probe *p)
{
	return probe_freezer(p, "cgroup2", NULL, "cgroup.freeze");
}
