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
#include <pthread.h>
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
#define WINDOW_BYTES (4ull << 20)

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

/* Every second window of the file, so that two can work at it. */
struct populate {
	int fd;
	uint64_t start, bytes;
	bool done;
};

static void *populate_windows(void *arg)
{
	struct populate *p = arg;

	p->done = true;
	for (uint64_t offset = p->start; p->done && offset < p->bytes; offset += 2 * WINDOW_BYTES)
		p->done = populate_window(p->fd, offset, MIN(WINDOW_BYTES, p->bytes - offset));
	return NULL;
}

static bool populate(int fd, uint64_t bytes)
{
	struct populate even = { .fd = fd, .bytes = bytes };
	struct populate odd = { .fd = fd, .start = WINDOW_BYTES, .bytes = bytes };
	pthread_t thread;
	bool has_thread;

	if (ftruncate(fd, (off_t)bytes))
		return false;
	has_thread = bytes > WINDOW_BYTES && !pthread_create(&thread, NULL, populate_windows, &odd);
	populate_windows(&even);
	if (has_thread)
		pthread_join(thread, NULL);
	else
		populate_windows(&odd);
	return even.done && odd.done;
}

/* Of a large memory only the beginning: getting all of it ahead would put the stop off for longer than it shortens it. */
#define AHEAD_MAX (256ull << 20)

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

	bytes = MIN(bytes, AHEAD_MAX) & ~(uint64_t)(IMAGE_PAGE_SIZE - 1);
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
	dir->ahead_bytes = bytes;
}

struct err *ahead_take(struct image_dir *dir, const char *name, int *fd, uint64_t *bytes_out)
{
	char path[64];

	if (dir->ahead_fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir->ahead_fd);
	if (unlinkat(dir->fd, name, 0) || linkat(AT_FDCWD, path, dir->fd, name, AT_SYMLINK_FOLLOW))
		return err_sys(errno, "cannot name image \"%s/%s\"", dir->path, name);
	close(*fd);
	*fd = fd_take(&dir->ahead_fd);
	*bytes_out = dir->ahead_bytes;
	return NULL;
}
