/* SPDX-License-Identifier: GPL-2.0-only */
/* The umask. */
#include "case.h"

#include <sys/stat.h>

int main(void)
{
	umask(0137);
	case_ready();
	CASE_EQ(umask(0), 0137);
	return case_pass();
}
