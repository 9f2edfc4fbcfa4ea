/* SPDX-License-Identifier: GPL-2.0-only */
/* --external pipe:[...]: both processes that have the end get the descriptor that --inherit-fd names. */
/* restore-shell: touch %w/restored; exec 7<%w/other */
/* differs: fd/|shares it is a file now */
/* between: true */
/* peer: no has no such key */
#include "external.h"

#include <sys/wait.h>

static int p[2];

static void child(void *arg)
{
	char buf[8] = "";

	(void)arg;
	case_here();
	case_wait_go();
	if (!external_restored())
		return;
	CASE_EQ(read(p[0], buf, 3), 3);
	CASE_CHECK(!strcmp(buf, "abc"), "the child read \"%s\"", buf);
}

int main(void)
{
	char key[64], buf[8] = "";
	struct stat st;
	pid_t pid;

	case_write_file("other", "abcdef");
	CASE_SYS(pipe(p));
	CASE_SYS(fstat(p[0], &st));
	snprintf(key, sizeof(key), "pipe:[%llu]", (unsigned long long)st.st_ino);
	external_declare(key, 7);
	CASE_EQ(write(p[1], "lost", 4), 4);
	close(p[1]);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	case_join(pid);
	if (!external_restored())
		return case_pass();
	/* One description for both. */
	CASE_EQ(read(p[0], buf, 8), 3);
	CASE_CHECK(!strcmp(buf, "def"), "the rest is \"%s\"", buf);
	return case_pass();
}
