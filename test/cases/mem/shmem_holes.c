/* SPDX-License-Identifier: GPL-2.0-only */
/* A hole punched into shared memory and into a memfd, and 1 GiB nobody wrote: they hold no pages afterwards. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LEN (64 << 12)
#define SPARSE (1L << 30)

int main(void)
{
	char *area = case_map_shared(LEN), *map;
	int fd = CASE_SYS(memfd_create("holes", 0));
	struct stat before, now;

	case_fill(area, LEN, 1);
	CASE_SYS(madvise(area + 4096 * 8, 4096 * 8, MADV_REMOVE));
	CASE_SYS(ftruncate(fd, SPARSE));
	map = mmap(NULL, SPARSE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CASE_CHECK(map != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(map + SPARSE / 2, 'x', 20 * 4096);
	CASE_SYS(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, SPARSE / 2, 10 * 4096));
	CASE_SYS(fstat(fd, &before));
	case_ready();
	for (int i = 0; i < 4096 * 8; i += 512)
		CASE_EQ(area[4096 * 8 + i], 0);
	CASE_SYS(fstat(fd, &now));
	CASE_EQ(now.st_size, SPARSE);
	/* What is read counts as used; a memfd may be brought back in pieces of a huge page. */
	CASE_CHECK(now.st_blocks <= before.st_blocks + 4096, "%ld blocks became %ld",
		   (long)before.st_blocks, (long)now.st_blocks);
	CASE_EQ(map[SPARSE / 2 + 4096], 0);
	CASE_EQ(map[SPARSE / 2 + 19 * 4096], 'x');
	CASE_EQ(map[SPARSE - 1], 0);
	return case_pass();
}
