/* SPDX-License-Identifier: GPL-2.0-only */
/* Three fifos that had the same name one after the other: two are deleted, and each has data of its own. */
/* differs: fd/ a deleted name cannot be made again while another file has it */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { NR = 3 };

int main(void)
{
	int fd[NR];
	char buf[16];

	for (int i = 0; i < NR; i++) {
		unlink("fifo");
		CASE_SYS(mkfifo("fifo", 0600));
		fd[i] = CASE_SYS(open("fifo", O_RDWR));
		CASE_EQ(write(fd[i], &"one\0two\0six"[4 * i], 3), 3);
	}
	case_ready();
	CASE_EQ(write(CASE_SYS(open("fifo", O_WRONLY)), "more", 4), 4);
	for (int i = 0; i < NR; i++) {
		CASE_EQ(read(fd[i], buf, 16), i == NR - 1 ? 7 : 3);
		CASE_CHECK(!memcmp(buf, &"one\0two\0six"[4 * i], 3), "fifo %d has other data", i);
	}
	return case_pass();
}
