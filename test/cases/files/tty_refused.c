/* SPDX-License-Identifier: GPL-2.0-only */
/* The same program without --shell-job is refused, and the option is named. */
/* pty: yes */
/* refuse: shell-job */
#include "case.h"

int main(void)
{
	CASE_CHECK(isatty(0), "descriptor 0 is no terminal");
	case_ready();
	return case_pass();
}
