/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An address space with hardly a gap: everything below the stack is reserved but for small holes, so the
 * restorer has to look for a place.
 */
/* peer: no refuses sizes a buffer by the reserved address space */
#include "case.h"

#include <stdio.h>
#include <sys/mman.h>

#define HOLE (8UL << 20)

/* Fills the gap [start, end) but for a hole at its end. */
static int fill(unsigned long start, unsigned long end)
{
	if (end < start + 2 * HOLE)
		return 0;
	return mmap((void *)start, end - start - HOLE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		    0) != MAP_FAILED;
}

int main(void)
{
	unsigned long start, end, last = 0x10000, gap[256][2];
	FILE *f = fopen("/proc/self/maps", "re");
	int nr = 0, filled = 0;
	char line[512], *data = case_map(1 << 20);

	case_fill(data, 1 << 20, 28);
	while (fgets(line, sizeof(line), f) && nr < 256) {
		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || start > 0x7fffffffffff)
			continue;
		gap[nr][0] = last;
		gap[nr++][1] = strstr(line, "[stack]") ? start - (64 << 20) : start;
		last = end;
	}
	fclose(f);
	for (int i = 0; i < nr; i++)
		filled += fill(gap[i][0], gap[i][1]);
	CASE_CHECK(filled > 1, "only %d gaps could be filled", filled);
	case_ready();
	case_check_fill(data, 1 << 20, 28, "data");
	return case_pass();
}
