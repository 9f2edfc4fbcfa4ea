/* SPDX-License-Identifier: GPL-2.0-only */
/* 256 MiB of noise, page by page different, in one area of huge or small pages as the kernel likes. */
/* budget: 60s */
#include "case.h"

#include <stdlib.h>

int main(void)
{
	const char *env = getenv("CASE_LARGE_MB");
	size_t mb = env ? strtoul(env, NULL, 10) : 256;
	char *area = case_map(mb << 20);

	for (size_t i = 0; i < mb; i++)
		case_fill(area + (i << 20), 1 << 20, i);
	case_ready();
	for (size_t i = 0; i < mb; i++)
		case_check_fill(area + (i << 20), 1 << 20, i, "MiB of noise");
	return case_pass();
}
