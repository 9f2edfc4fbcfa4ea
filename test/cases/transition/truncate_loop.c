/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapped file shrinks and grows all the time: what was cut off is zero, the rest is what was written. */
/* busy: it changes all the time */
#include "case.h"

#include <sys/mman.h>

#define PAGES 8

int main(void)
{
	int fd = case_make_file("file", PAGES * 4096, 1);
	volatile unsigned *map = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				      0);
	unsigned word;

	CASE_CHECK(map != MAP_FAILED, "mmap: %s", strerror(errno));
	for (unsigned round = 1; round < 300 || !case_go(); round++) {
		int keep = round % PAGES;

		for (int i = 0; i < PAGES; i++)
			map[i * 1024 + 5] = round * 10 + i;
		CASE_SYS(ftruncate(fd, keep * 4096));
		CASE_SYS(ftruncate(fd, PAGES * 4096));
		for (int i = 0; i < PAGES; i++) {
			CASE_EQ(map[i * 1024 + 5], i < keep ? round * 10 + i : 0);
			CASE_EQ(pread(fd, &word, 4, i * 4096 + 20), 4);
			CASE_EQ(word, i < keep ? round * 10 + i : 0);
		}
		if (round == 50)
			case_say_ready();
	}
	return case_pass();
}
