/* SPDX-License-Identifier: GPL-2.0-only */
/* A pipe in packet mode (O_DIRECT): each read gives one packet. */
/* peer: no refuses does not keep the packets of an O_DIRECT pipe */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int p[2], flags;
	char buf[8192];

	CASE_SYS(pipe2(p, O_DIRECT));
	flags = CASE_SYS(fcntl(p[0], F_GETFL));
	for (int i = 1; i <= 10; i++) {
		case_fill(buf, i * 7, i);
		CASE_EQ(write(p[1], buf, i * 7), i * 7);
	}
	case_ready();
	CASE_EQ(fcntl(p[0], F_GETFL), flags);
	for (int i = 1; i <= 10; i++) {
		CASE_EQ(read(p[0], buf, sizeof(buf)), i * 7);
		case_check_fill(buf, i * 7, i, "packet");
	}
	return case_pass();
}
