/* SPDX-License-Identifier: GPL-2.0-only */
/* --inherit-fd: an open file comes back as the descriptor the tool was started with. */
/* restore-shell: touch %w/restored; exec 7<>%w/other */
/* differs: fd/|shares it is another file */
/* between: true */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 100, 67);
	char key[5000], buf[8] = "";
	FILE *f;

	/* The driver hands these words to the restore; "fd" 7 is opened by the line above. */
	f = fopen("restore-opts", "we");
	snprintf(key, sizeof(key), "%s", case_path("file"));
	fprintf(f, "--inherit-fd\nfd[7]:%s\n", key + 1);
	fclose(f);
	case_write_file("other", "other");
	case_ready();
	CASE_SYS(pread(fd, buf, 5, 0));
	/* Without a restore it is the file it always was. */
	CASE_CHECK(!strcmp(buf, "other") || access("restored", F_OK) < 0,
		   "the descriptor reads \"%s\"", buf);
	return case_pass();
}
