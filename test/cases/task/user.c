/* SPDX-License-Identifier: GPL-2.0-only */
/* A task of an ordinary user, without any capability. */
/* needs: root */
#include "case.h"

#include <grp.h>

int main(void)
{
	gid_t group = 4000;

	CASE_SYS(setgroups(1, &group));
	CASE_SYS(setresgid(3001, 3001, 3001));
	CASE_SYS(setresuid(3000, 3000, 3000));
	case_ready();
	CASE_EQ(getuid(), 3000);
	CASE_EQ(geteuid(), 3000);
	CASE_EQ(getegid(), 3001);
	CASE_CHECK(!strcmp(case_status(0, "CapEff"), "0000000000000000"), "it has capabilities");
	CASE_CHECK(setuid(0) < 0, "it can become root");
	return case_pass();
}
