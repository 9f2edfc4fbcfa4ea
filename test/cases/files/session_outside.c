/* SPDX-License-Identifier: GPL-2.0-only */
/* A tree that belongs to the session of somebody else is refused without --shell-job. */
/* refuse: shell-job */
/* same-session: yes */
#include "case.h"

int main(void)
{
	case_ready();
	return case_pass();
}
