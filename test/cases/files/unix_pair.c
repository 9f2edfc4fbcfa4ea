/* SPDX-License-Identifier: GPL-2.0-only */
/* Pairs of all three types: what was sent before is read after, and both directions go on. */
#include "unix.h"

static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
static int ends[CASE_NR(types)][2];

int main(void)
{
	for (size_t i = 0; i < CASE_NR(types); i++) {
		CASE_SYS(socketpair(AF_UNIX, types[i], 0, ends[i]));
		unix_say(ends[i][0], "first");
		unix_say(ends[i][0], "second");
		unix_say(ends[i][1], "back");
	}
	case_ready();
	for (size_t i = 0; i < CASE_NR(types); i++) {
		unix_say(ends[i][0], "third");
		if (types[i] == SOCK_STREAM) {
			unix_hear(ends[i][1], "firstsecondthird");
		} else {
			unix_hear(ends[i][1], "first");
			unix_hear(ends[i][1], "second");
			unix_hear(ends[i][1], "third");
		}
		unix_hear(ends[i][0], "back");
		unix_silent(ends[i][0], EAGAIN);
		unix_say(ends[i][1], "again");
		unix_hear(ends[i][0], "again");
	}
	return case_pass();
}
