/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes whose O_DIRECT was switched on and off while data was written: streams and packets follow each other, and
 * every read ends where it would have ended.  A packet that is read in part loses the rest, a stream does not.
 */
/* peer: no does not keep the packets of an O_DIRECT pipe */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* Packets in capitals, streams in small letters; a comma is between writes. */
static const char *const rows[] = {
	"ab,CD,ef,GH,I,j",	  "AB,cd",	     "ab,CD",	"A",	       "a,A",
	"ab,cde,FGHIJ,K,L,mn,OP", "A,B,C,d",	     "abcdefg", "abc,d,e,F,G", "AA",
	"bb,BB,b,B,bb,B",	  "a,b,c,d,e,f,g,H",
};
enum { NR = sizeof(rows) / sizeof(*rows), SIZES = 3 };

static void fill(int p[2], const char *row)
{
	char copy[64], *at = copy, *word;

	snprintf(copy, sizeof(copy), "%s", row);
	while ((word = strsep(&at, ","))) {
		CASE_SYS(fcntl(p[1], F_SETFL, word[0] < 'a' ? O_DIRECT : 0));
		CASE_EQ(write(p[1], word, strlen(word)), (ssize_t)strlen(word));
	}
}

/* What reads of @size bytes give, and how many bytes are left behind each. */
static void empty(int p[2], size_t size, char *out, size_t len)
{
	size_t used = 0;
	int left;

	out[0] = '\0';
	/* Does a later write belong to the last bytes? */
	CASE_SYS(fcntl(p[1], F_SETFL, 0));
	CASE_EQ(write(p[1], "z", 1), 1);
	while (!ioctl(p[0], FIONREAD, &left) && left) {
		char buf[64] = "";
		ssize_t n = CASE_SYS(read(p[0], buf, size));

		used += (size_t)snprintf(out + used, len - used, "%zd:%s:%d ", n, buf, left);
	}
}

int main(void)
{
	static const size_t sizes[SIZES] = { 1, 2, 60 };
	static char before[NR][SIZES][512];
	int p[NR][SIZES][2], q[2];

	for (int i = 0; i < NR; i++)
		for (int k = 0; k < SIZES; k++) {
			CASE_SYS(pipe(q));
			fill(q, rows[i]);
			empty(q, sizes[k], before[i][k], 512);
			close(q[0]);
			close(q[1]);
			CASE_SYS(pipe(p[i][k]));
			fill(p[i][k], rows[i]);
		}
	case_ready();
	for (int i = 0; i < NR; i++)
		for (int k = 0; k < SIZES; k++) {
			char now[512];

			empty(p[i][k], sizes[k], now, sizeof(now));
			CASE_CHECK(!strcmp(now, before[i][k]), "%s by %zu reads %s instead of %s",
				   rows[i], sizes[k], now, before[i][k]);
		}
	return case_pass();
}
