/* SPDX-License-Identifier: GPL-2.0-only */
/* --external file[...] and --inherit-fd with a fifo: the restored end is the descriptor of the tool. */
/* restore-shell: touch %w/restored; exec 7<>%w/fifo; echo taken >%w/fifo */
/* differs: fd/|shares it is another open of the fifo */
/* between: true */
/* peer: no knows no external fifos */
/* not: iters the words for the tool have the mount of the first round */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void write_words(int fd)
{
	char path[64], key[64];
	const char *mnt;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	mnt = strstr(case_read_file(path), "mnt_id:");
	CASE_CHECK(mnt, "no mount id");
	CASE_SYS(fstat(fd, &st));
	snprintf(key, sizeof(key), "file[%x:%llx]", atoi(mnt + 7), (unsigned long long)st.st_ino);
	f = fopen("dump-opts", "we");
	fprintf(f, "--external\n%s\n", key);
	fclose(f);
	f = fopen("restore-opts", "we");
	fprintf(f, "--inherit-fd\nfd[7]:%s\n", key);
	fclose(f);
}

int main(void)
{
	char buf[16] = "";
	int fd;

	CASE_SYS(mkfifo("fifo", 0600));
	fd = CASE_SYS(open("fifo", O_RDONLY | O_NONBLOCK));
	write_words(fd);
	case_ready();
	if (access("restored", F_OK))
		return case_pass();
	CASE_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	CASE_EQ(read(fd, buf, 16), 6);
	CASE_CHECK(!strcmp(buf, "taken\n"), "the descriptor reads \"%s\"", buf);
	return case_pass();
}
