/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files are opened, written, read, duplicated, deleted and closed all the time; positions and contents
 * are checked at each step.
 */
/* busy: it changes all the time */
/* opts: --ghost-limit 1M */
#include "case.h"

#include <fcntl.h>

static void once(uint32_t round)
{
	char buf[3000], got[3000];
	int fd = CASE_SYS(open("busy", O_RDWR | O_CREAT | O_TRUNC, 0600)), copy;

	case_fill(buf, sizeof(buf), round);
	CASE_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	copy = CASE_SYS(dup(fd));
	CASE_EQ(lseek(copy, 100, SEEK_SET), 100);
	if (round % 2)
		CASE_SYS(unlink("busy"));
	CASE_EQ(read(fd, got, sizeof(got)), sizeof(got) - 100);
	CASE_CHECK(!memcmp(got, buf + 100, sizeof(got) - 100), "round %u: other data", round);
	CASE_EQ(lseek(copy, 0, SEEK_CUR), sizeof(buf));
	close(fd);
	close(copy);
}

int main(void)
{
	for (uint32_t round = 0; !case_go(); round++) {
		once(round);
		if (round == 20)
			case_say_ready();
	}
	once(1);
	return case_pass();
}
