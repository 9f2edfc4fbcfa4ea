// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for a pages file that is got before the tree stands still: finding and clearing pages is half of what
 * writing into a tmpfs costs, and while the program waits only the copying is left.
 *
 * The file has no name until the first sink takes it, so a dump that is refused leaves no trace and an older set in
 * the directory whole.  All of this is an advance: where something does not work, nothing is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "image/dir_priv.h"
#include "image/pages.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* What is mapped at once counts as memory of the tool. */
#define WINDOW_BYTES (8ull << 20)

static bool populate_window(int fd, uint64_t offset, uint64_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	bool done;

	if (at == MAP_FAILED)
		return false;
	done = !madvise(at, len, MADV_POPULATE_WRITE);
	munmap(at, len);
	return done;
}

static bool populate(int fd, uint64_t bytes)
{
	if (ftruncate(fd, (off_t)bytes))
		return false;
	for (uint64_t offset = 0; offset < bytes; offset += WINDOW_BYTES)
		if (!populate_window(fd, offset, MIN(WINDOW_BYTES, bytes - offset)))
			return false;
	return true;
}

/* On a disk the pages would be on their way to it before the bytes are in them. */
static bool is_worth_it(const struct image_dir *dir, uint64_t bytes)
{
	struct sysinfo info;
	struct statfs fs;

	return bytes && !fstatfs(dir->fd, &fs) && fs.f_type == TMPFS_MAGIC && !sysinfo(&info) &&
	       bytes < (uint64_t)info.freeram * info.mem_unit / 4;
}

void image_dir_prepare_pages(struct image_dir *dir, uint64_t bytes)
{
	int fd;

	bytes &= ~(uint64_t)(IMAGE_PAGE_SIZE - 1);
	if (dir->ahead_fd >= 0 || !is_worth_it(dir, bytes))
		return;
	fd = openat(dir->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (!populate(fd, bytes)) {
		close(fd);
		return;
	}
	log_debug("image", 0, "pages got ahead: bytes=%llu", (unsigned long long)bytes);
	dir->ahead_fd = fd;
}

struct err *ahead_take(struct image_dir *dir, const char *name, int *fd)
{
	char path[64];

	if (dir->ahead_fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir->ahead_fd);
	if (unlinkat(dir->fd, name, 0) || linkat(AT_FDCWD, path, dir->fd, name, AT_SYMLINK_FOLLOW))
		return err_sys(errno, "cannot name image \"%s/%s\"", dir->path, name);
	close(*fd);
	*fd = fd_take(&dir->ahead_fd);
	return NULL;
}
