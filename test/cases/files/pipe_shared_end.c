/* SPDX-License-Identifier: GPL-2.0-only */
/* One end of a pipe open three times: twice by dup, once by /proc/self/fd as an open of its own. */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>

int main(void)
{
	int p[2], again, copy;
	char name[64], c;

	CASE_SYS(pipe(p));
	copy = CASE_SYS(dup(p[0]));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
	again = CASE_SYS(open(name, O_RDONLY | O_NONBLOCK));
	CASE_EQ(write(p[1], "abc", 3), 3);
	case_ready();
	CASE_CHECK(fcntl(again, F_GETFL) & O_NONBLOCK, "the flag of the own open is gone");
	CASE_CHECK(!(fcntl(copy, F_GETFL) & O_NONBLOCK), "the copies got the flag of the own open");
	for (int i = 0; i < 3; i++) {
		CASE_EQ(read(i == 0 ? p[0] : i == 1 ? copy : again, &c, 1), 1);
		CASE_EQ(c, 'a' + i);
	}
	CASE_SYS(fcntl(copy, F_SETFL, O_NONBLOCK));
	CASE_CHECK(fcntl(p[0], F_GETFL) & O_NONBLOCK, "dup copies are apart");
	return case_pass();
}
