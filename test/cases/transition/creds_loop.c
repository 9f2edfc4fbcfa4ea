/* SPDX-License-Identifier: GPL-2.0-only */
/* Ids, umask and current directory change all the time and are always what they were set to last. */
/* needs: root */
/* busy: it changes all the time */
#include "case.h"

#include <grp.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

static void one(int round)
{
	uid_t r, e, s;
	gid_t groups[3] = { round, round + 1, round + 2 }, now[3];
	char cwd[4096], dir[16], *last;

	CASE_SYS(setresuid(round % 100, 0, round % 7));
	CASE_SYS(setgroups(3, groups));
	umask(round % 512);
	snprintf(dir, sizeof(dir), "d%d", round % 10);
	CASE_SYS(chdir(dir));
	setfsuid(0);
	CASE_SYS(getresuid(&r, &e, &s));
	CASE_EQ(r, round % 100);
	CASE_EQ(e, 0);
	CASE_EQ(s, round % 7);
	CASE_EQ(getgroups(3, now), 3);
	CASE_CHECK(!memcmp(now, groups, sizeof(now)), "other groups in round %d", round);
	CASE_CHECK(getcwd(cwd, sizeof(cwd)), "getcwd: %s", strerror(errno));
	last = strrchr(cwd, '/') + 1;
	CASE_CHECK(!strcmp(last, dir), "the directory is %s instead of %s", last, dir);
	CASE_SYS(chdir(".."));
	CASE_EQ(umask(0), round % 512);
}

int main(void)
{
	char dir[16];

	for (int i = 0; i < 10; i++) {
		snprintf(dir, sizeof(dir), "d%d", i);
		CASE_SYS(mkdir(dir, 0777));
	}
	for (int round = 0; round < 300 || !case_go(); round++) {
		one(round);
		if (round == 100)
			case_say_ready();
	}
	return case_pass();
}
