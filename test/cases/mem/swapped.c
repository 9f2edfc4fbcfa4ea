/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that are in swap are dumped and come back. */
/* needs: root program:mkswap */
/* alone: swap belongs to the whole machine */
/* not: iters swap is in use */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/swap.h>

#define LEN (8 << 20)

int main(void)
{
	char *area = case_map(LEN);
	int swapped = 0;

	CASE_EQ(system("fallocate -l 32M swap && chmod 600 swap && mkswap -q swap"), 0);
	if (swapon(case_path("swap"), 0) < 0)
		case_skip("swapon: %s", strerror(errno));
	case_fill(area, LEN, 3);
	for (int tries = 0; tries < 20 && swapped < 16; tries++) {
		CASE_SYS(madvise(area, LEN, MADV_PAGEOUT));
		swapped = 0;
		for (int i = 0; i < LEN; i += 4096)
			swapped += !!(case_pagemap(area + i) & PM_SWAP);
	}
	if (swapped < 16) {
		swapoff(case_path("swap"));
		case_skip("the kernel swaps nothing out");
	}
	case_ready();
	case_check_fill(area, LEN, 3, "swapped area");
	CASE_SYS(swapoff(case_path("swap")));
	return case_pass();
}
