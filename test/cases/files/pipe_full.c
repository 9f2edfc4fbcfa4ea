/* SPDX-License-Identifier: GPL-2.0-only */
/* Pipes filled to the last byte: with whole pages, and with one byte per buffer. */
/* peer: no refuses does not keep the packets of an O_DIRECT pipe */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int whole[2], single[2], nr = 0;
	static char buf[1 << 20];
	ssize_t len = 0, n;

	CASE_SYS(pipe2(whole, O_NONBLOCK));
	CASE_SYS(pipe2(single, O_NONBLOCK | O_DIRECT));
	case_fill(buf, sizeof(buf), 61);
	while ((n = write(whole[1], buf + len, 4096)) > 0)
		len += n;
	while (write(single[1], buf + nr, 1) == 1)
		nr++;
	case_ready();
	CASE_EQ(write(whole[1], "x", 1), -1);
	CASE_EQ(errno, EAGAIN);
	memset(buf, 0, sizeof(buf));
	CASE_EQ(read(whole[0], buf, sizeof(buf)), len);
	case_check_fill(buf, len, 61, "full pipe");
	for (int i = 0; i < nr; i++)
		CASE_EQ(read(single[0], buf + i, 100), 1);
	case_check_fill(buf, nr & ~3, 61, "pipe of packets");
	return case_pass();
}
