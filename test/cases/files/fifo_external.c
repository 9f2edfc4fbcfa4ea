/* SPDX-License-Identifier: GPL-2.0-only */
/* --external file[...] and --inherit-fd with a fifo: the restored end is the descriptor of the tool. */
/* restore-shell: touch %w/restored; exec 7<>%w/fifo; echo taken >%w/fifo */
/* differs: fd/|shares it is another open of the fifo */
/* between: true */
/* peer: no knows no external fifos */
/* not: iters the words for the tool have the mount of the first round */
#include "external.h"

#include <fcntl.h>

int main(void)
{
	char buf[16] = "";
	int fd;

	CASE_SYS(mkfifo("fifo", 0600));
	fd = CASE_SYS(open("fifo", O_RDONLY | O_NONBLOCK));
	external_declare(external_file_key(fd), 7);
	case_ready();
	if (!external_restored())
		return case_pass();
	CASE_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	CASE_EQ(read(fd, buf, 16), 6);
	CASE_CHECK(!strcmp(buf, "taken\n"), "the descriptor reads \"%s\"", buf);
	return case_pass();
}
