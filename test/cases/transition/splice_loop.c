/* SPDX-License-Identifier: GPL-2.0-only */
/* A file goes through two pipes by splice and tee into another file, again and again, and arrives whole. */
/* busy: it changes all the time */
#include "case.h"

#include <fcntl.h>

#define LEN 50000

int main(void)
{
	int in = case_make_file("in", LEN, 1), out = case_make_file("out", 0, 1), a[2], b[2];
	static char buf[LEN + 1];

	CASE_SYS(pipe(a));
	CASE_SYS(pipe(b));
	for (int round = 0; round < 30 || !case_go(); round++) {
		loff_t from = 0, to = 0;

		CASE_SYS(ftruncate(out, 0));
		while (to < LEN) {
			ssize_t n = CASE_SYS(splice(in, &from, a[1], NULL, 1000 + round * 7, 0));

			CASE_EQ(tee(a[0], b[1], n, 0), n);
			for (ssize_t done = 0; done < n;)
				done += CASE_SYS(splice(a[0], NULL, out, &to, n - done, 0));
			for (ssize_t done = 0; done < n;)
				done += CASE_SYS(read(b[0], buf + from - n + done, n - done));
			case_sleep_ms(round > 30);
		}
		case_check_fill(buf, LEN, 1, "what went through the second pipe");
		CASE_EQ(pread(out, buf, LEN + 1, 0), LEN);
		case_check_fill(buf, LEN, 1, "what went into the other file");
		if (round == 5)
			case_say_ready();
	}
	return case_pass();
}
