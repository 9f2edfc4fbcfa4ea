/* SPDX-License-Identifier: GPL-2.0-only */
/* A deleted file of 4 GiB with four written places: holes stay holes, also the one at its end. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

#define END (4L << 30)
#define LEN 8192

static const off_t places[] = { 0, 1 << 20, (1L << 31) + 4096, (3L << 30) + 12288 };

int main(void)
{
	struct stat before, now;
	char buf[LEN];
	int fd;

	fd = CASE_SYS(open("file", O_RDWR | O_CREAT, 0600));
	for (unsigned i = 0; i < CASE_NR(places); i++) {
		case_fill(buf, LEN, i);
		CASE_EQ(pwrite(fd, buf, LEN, places[i]), LEN);
	}
	CASE_SYS(ftruncate(fd, END + 5));
	CASE_SYS(unlink("file"));
	CASE_SYS(fsync(fd));
	CASE_SYS(fstat(fd, &before));
	case_ready();
	CASE_SYS(fstat(fd, &now));
	CASE_EQ(now.st_size, END + 5);
	CASE_CHECK(now.st_blocks <= before.st_blocks + 64, "it had %ld blocks and has %ld",
		   (long)before.st_blocks, (long)now.st_blocks);
	for (unsigned i = 0; i < CASE_NR(places); i++) {
		CASE_EQ(pread(fd, buf, LEN, places[i]), LEN);
		case_check_fill(buf, LEN, i, "a written place");
	}
	CASE_EQ(pread(fd, buf, LEN, END - LEN + 5), LEN);
	for (int i = 0; i < LEN; i++)
		CASE_EQ(buf[i], 0);
	return case_pass();
}
