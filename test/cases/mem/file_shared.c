/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared mappings of a file at two places, one read-only: writes still reach the file and each other. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

#define LEN (16 * 4096)

int main(void)
{
	int fd = case_make_file("file", LEN, 12), ro = CASE_SYS(open("file", O_RDONLY));
	char *rw = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *tail = mmap(NULL, LEN / 2, PROT_READ, MAP_SHARED, ro, LEN / 2), word[4];

	rw[0] = 'x';
	close(fd);
	close(ro);
	case_ready();
	CASE_EQ(rw[0], 'x');
	memcpy(rw + LEN / 2, "word", 4);
	CASE_CHECK(!memcmp(tail, "word", 4), "the mappings are apart");
	fd = CASE_SYS(open("file", O_RDONLY));
	CASE_EQ(pread(fd, word, 4, LEN / 2), 4);
	CASE_CHECK(!memcmp(word, "word", 4), "the write did not reach the file");
	CASE_CHECK(mprotect(tail, 4096, PROT_READ | PROT_WRITE) < 0,
		   "a read-only file can be written");
	return case_pass();
}
