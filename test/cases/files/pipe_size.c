/* SPDX-License-Identifier: GPL-2.0-only */
/* Pipes with a larger and a smaller buffer than usual. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int big[2], small[2];
	static char buf[300000];

	CASE_SYS(pipe(big));
	CASE_SYS(pipe(small));
	CASE_SYS(fcntl(big[0], F_SETPIPE_SZ, 1 << 19));
	CASE_SYS(fcntl(small[0], F_SETPIPE_SZ, 4096));
	case_fill(buf, sizeof(buf), 62);
	CASE_EQ(write(big[1], buf, sizeof(buf)), sizeof(buf));
	case_ready();
	CASE_EQ(fcntl(big[1], F_GETPIPE_SZ), 1 << 19);
	CASE_EQ(fcntl(small[1], F_GETPIPE_SZ), 4096);
	memset(buf, 0, sizeof(buf));
	for (size_t got = 0; got < sizeof(buf);)
		got += CASE_SYS(read(big[0], buf + got, sizeof(buf) - got));
	case_check_fill(buf, sizeof(buf), 62, "big pipe");
	return case_pass();
}
