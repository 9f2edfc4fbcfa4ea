/* SPDX-License-Identifier: GPL-2.0-only */
/* Real, effective, saved and file system ids all different, and many groups. */
/* needs: root */
#include "case.h"

#include <grp.h>
#include <sys/fsuid.h>

int main(void)
{
	gid_t groups[100], got[200], rg, eg, sg;
	uid_t r, e, s;

	for (int i = 0; i < 100; i++)
		groups[i] = i * 7 + (i == 99 ? 70000 : 5);
	CASE_SYS(setgroups(100, groups));
	CASE_SYS(setresgid(1001, 1002, 1003));
	setfsgid(1004);
	/* Root as the effective one keeps the right to choose any file system id. */
	CASE_SYS(setresuid(2001, 0, 2003));
	setfsuid(2004);
	case_ready();
	CASE_SYS(getresgid(&rg, &eg, &sg));
	CASE_EQ(rg, 1001);
	CASE_EQ(eg, 1002);
	CASE_EQ(sg, 1003);
	CASE_EQ(setfsgid(-1), 1004);
	CASE_SYS(getresuid(&r, &e, &s));
	CASE_EQ(r, 2001);
	CASE_EQ(e, 0);
	CASE_EQ(s, 2003);
	CASE_EQ(setfsuid(-1), 2004);
	CASE_EQ(getgroups(200, got), 100);
	CASE_CHECK(!memcmp(groups, got, sizeof(groups)), "the groups differ");
	return case_pass();
}
