/* SPDX-License-Identifier: GPL-2.0-only */
/* A pipe that was dumped as external needs --inherit-fd. */
/* between: true */
/* restore-refuse: cannot restore fd 3 of task \d+: its pipe was dumped as external.*pass --inherit-fd fd\[N\]:pipe:\[\d+\] */
/* peer: no has no such key */
#include "external.h"

int main(void)
{
	char key[64];
	struct stat st;
	int p[2];

	CASE_SYS(pipe(p));
	CASE_EQ(p[0], 3);
	CASE_SYS(fstat(p[0], &st));
	snprintf(key, sizeof(key), "pipe:[%llu]", (unsigned long long)st.st_ino);
	external_words("dump-opts", "--external", key);
	close(p[1]);
	case_ready();
	return case_pass();
}
