/* SPDX-License-Identifier: GPL-2.0-only */
/* One file mapped sixty times: overlapping parts, each protection, shared and private, in no order. */
#include "case.h"

#include <sys/mman.h>

#define NR 60
#define PAGE 4096
#define PAGES 16

static const int prots[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE, PROT_READ | PROT_EXEC };
static unsigned char *maps[NR];

static void check(int i, const unsigned char *file)
{
	int from = i * 7 % 12, prot = prots[i % 4];

	for (int page = 0; page < 4; page++) {
		const unsigned char *p = maps[i] + page * PAGE;

		if (prot == PROT_NONE) {
			CASE_CHECK(case_faults(p, NULL), "map %d can be read", i);
			continue;
		}
		if (i % 8 == 1 && page == 2) /* private and written */
			CASE_EQ(p[17], (unsigned char)~file[(from + page) * PAGE + 17]);
		else
			CASE_EQ(p[17], file[(from + page) * PAGE + 17]);
		CASE_EQ(p[4000], file[(from + page) * PAGE + 4000]);
	}
}

int main(void)
{
	static unsigned char file[PAGES * PAGE];
	int fd = case_make_file("file", sizeof(file), 3);

	case_fill(file, sizeof(file), 3);
	for (int i = 0; i < NR; i++) {
		maps[i] = mmap(NULL, 4 * PAGE, prots[i % 4], i % 8 == 5 ? MAP_SHARED : MAP_PRIVATE,
			       fd, (i * 7L % 12) * PAGE);
		CASE_CHECK(maps[i] != MAP_FAILED, "mmap: %s", strerror(errno));
		if (i % 8 == 1)
			maps[i][2 * PAGE + 17] = (unsigned char)~maps[i][2 * PAGE + 17];
	}
	close(fd);
	case_ready();
	for (int i = 0; i < NR; i++)
		check(i, file);
	maps[5][30] = file[(5 * 7 % 12) * PAGE + 30] = 'W'; /* shared */
	for (int i = 0; i < NR; i++)
		if (i * 7 % 12 == 5 * 7 % 12 && prots[i % 4])
			CASE_EQ(maps[i][30], 'W');
	return case_pass();
}
