/* SPDX-License-Identifier: GPL-2.0-only */
/* --inherit-fd pipe:[...] with a pipe whose ends are both in the tree: the end that is given is used, both if both are. */
/* restore-shell: touch %w/restored; mkfifo %w/f; exec 7<>%w/f */
/* differs: fd/|shares it is a fifo now */
/* between: true */
#include "external.h"

int main(void)
{
	char key[64], buf[8] = "";
	struct stat st;
	int p[2];

	CASE_SYS(pipe(p));
	CASE_SYS(fstat(p[0], &st));
	snprintf(key, sizeof(key), "fd[7]:pipe:[%llu]", (unsigned long long)st.st_ino);
	external_words("restore-opts", "--inherit-fd", key);
	CASE_EQ(write(p[1], "own", 3), 3);
	case_ready();
	if (!external_restored())
		return case_pass();
	CASE_SYS(fstat(p[0], &st));
	CASE_EQ(write(p[1], "new", 3), 3);
	CASE_EQ(read(p[0], buf, 8), 3);
	CASE_CHECK(!strcmp(buf, "new"), "the pipe has \"%s\"", buf);
	return case_pass();
}
