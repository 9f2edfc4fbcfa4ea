/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fields of the memory map that PR_SET_MM_MAP sets: arguments and environment were moved to a page
 * of their own, as programs do that change their title, and the other bounds were shifted.
 */
/* needs: root */
#include "case.h"

#include <linux/prctl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* The numbers of /proc/self/stat that say where things are: fields 26..28 and 45..51 of proc(5). */
static void read_bounds(unsigned long at[10])
{
	const char *text = strrchr(case_read_file("/proc/self/stat"), ')') + 2;
	unsigned long value;
	int field = 3, used;

	for (; sscanf(text, "%*c%n", &used) == 0 && field < 4; field++)
		text += used;
	for (; field <= 51 && sscanf(text, " %lu%n", &value, &used) == 1; field++, text += used) {
		if (field >= 26 && field <= 28)
			at[field - 26] = value;
		else if (field >= 45)
			at[field - 45 + 3] = value;
	}
}

int main(void)
{
	unsigned long before[10] = {}, after[10] = {};
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	read_bounds(before);
	memcpy(page, "first\0second", 13);
	memcpy(page + 100, "NAME=value", 11);
	struct prctl_mm_map map = {
		.start_code = before[0],
		.end_code = before[1],
		.start_stack = before[2],
		.start_data = before[3],
		.end_data = before[4],
		.start_brk = before[5],
		.brk = (unsigned long)sbrk(0),
		.arg_start = (unsigned long)page,
		.arg_end = (unsigned long)page + 13,
		.env_start = (unsigned long)page + 100,
		.env_end = (unsigned long)page + 111,
		.exe_fd = -1,
	};
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		case_skip("PR_SET_MM_MAP: %s", strerror(errno));
	read_bounds(before);
	case_ready();
	CASE_CHECK(!memcmp(case_read_file("/proc/self/cmdline"), "first\0second", 13),
		   "other arguments");
	CASE_CHECK(!strcmp(case_read_file("/proc/self/environ"), "NAME=value"),
		   "other environment");
	read_bounds(after);
	for (unsigned i = 0; i < CASE_NR(after); i++)
		CASE_EQ(after[i], before[i]);
	return case_pass();
}
