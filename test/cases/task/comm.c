/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of the task, with a byte that is no letter and a bracket that confuses parsers. */
#include "case.h"

#include <sys/prctl.h>

int main(void)
{
	static const char name[16] = "a) R 1 (\x01\n\\z";
	char now[16];

	CASE_SYS(prctl(PR_SET_NAME, name));
	case_ready();
	CASE_SYS(prctl(PR_GET_NAME, now));
	CASE_CHECK(!strncmp(name, now, 16), "the name became %.16s", now);
	return case_pass();
}
