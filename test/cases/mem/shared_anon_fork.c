/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared anonymous memory: parent, child and grandchild see each other's writes, through mappings of
 * different parts, and after the one who made it unmapped it.
 */
#include "case.h"

#include <sys/mman.h>

static char *area, *gone;

static void grandchild(void *arg)
{
	(void)arg;
	/* A part only, somewhere else. */
	char *part = mremap(area + 4 * 4096, 2 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
			    case_map(8192));

	CASE_CHECK(part != MAP_FAILED, "mremap: %s", strerror(errno));
	CASE_SYS(munmap(area, 4 * 4096));
	case_here();
	case_wait_go();
	while (*(volatile char *)part != 'C')
		case_sleep_ms(1);
	part[4096] = 'G';
	case_check_fill(gone, 4096, 15, "area its maker unmapped");
}

static void child(void *arg)
{
	pid_t pid = case_fork(grandchild, arg);

	case_here();
	case_wait_go();
	while (*(volatile char *)area != 'P')
		case_sleep_ms(1);
	area[4 * 4096] = 'C';
	case_join(pid);
}

int main(void)
{
	pid_t pid;

	area = case_map_shared(8 * 4096);
	gone = case_map_shared(4096);
	case_fill(area + 4096, 3 * 4096, 14);
	case_fill(gone, 4096, 15);
	pid = case_fork(child, NULL);
	case_wait_here(2);
	CASE_SYS(munmap(gone, 4096));
	case_ready();
	area[0] = 'P';
	case_join(pid);
	CASE_EQ(area[5 * 4096], 'G');
	case_check_fill(area + 4096, 3 * 4096, 14, "shared area");
	return case_pass();
}
