/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program of tool/track_merged.sh: memory that loses its marks when another area is moved beside it.  A file named
 * "step" makes it go one step on; it removes the file when that is done.
 *	1	moves an area that nobody touched beside the filled one: they become one mapping
 *	2	writes one page of the filled one
 *	3	moves the whole, whose other pages are as they were, over memory of other contents
 * In the end it compares.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES = 64, PAGE = 4096, LEN = PAGES * PAGE };

/* Far from what the kernel places, so that nothing else becomes a neighbour. */
#define FILLED ((char *)0x300000000000)
#define UNTOUCHED ((char *)0x300010000000)
#define OTHER ((char *)0x300020000000)

static void map_at(char *at, char fill)
{
	char *got = mmap(at, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0);

	CASE_EQ(got == at, 1);
	for (int i = 0; fill && i < LEN; i++)
		at[i] = fill;
}

static void move(char *from, char *to)
{
	CASE_EQ(mremap(from, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to, 1);
}

static void step(int number)
{
	if (number == 1)
		move(UNTOUCHED, FILLED + LEN);
	if (number == 2)
		FILLED[0] = 9;
	if (number == 3)
		move(FILLED, OTHER);
}

int main(void)
{
	char *filled = FILLED;
	int nr = 0;

	map_at(FILLED, 1);
	map_at(UNTOUCHED, 0);
	map_at(OTHER, 5);
	case_say_ready();
	while (!case_go()) {
		if (!access(case_path("step"), F_OK)) {
			step(++nr);
			CASE_SYS(unlink(case_path("step")));
		}
		case_sleep_ms(2);
	}
	if (nr > 2)
		filled = OTHER;
	for (int i = 0; i < LEN; i++)
		CASE_EQ(filled[i], nr > 1 && !i ? 9 : 1);
	CASE_SYS(mknod(case_path("ok"), S_IFREG | 0666, 0));
	return case_pass();
}
