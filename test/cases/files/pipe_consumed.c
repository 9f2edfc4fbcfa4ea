/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes from which part of the data was read: within a buffer, over the end of the ring, all but one byte, and one
 * that is full for writers though half of each buffer is gone.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/uio.h>

enum { NR = 4, MAX = 1 << 16 };

static unsigned char expected[NR][2 * MAX];
static size_t nr_expected[NR];

static void put(int nr, int p[2], size_t len)
{
	static unsigned next;
	unsigned char buf[4096];

	for (size_t i = 0; i < len; i++)
		expected[nr][nr_expected[nr]++] = buf[i] = next++ % 253;
	CASE_EQ(write(p[1], buf, len), (ssize_t)len);
}

static void take(int nr, int p[2], size_t len)
{
	unsigned char buf[2 * MAX];

	CASE_EQ(read(p[0], buf, len), (ssize_t)len);
	CASE_CHECK(!memcmp(buf, expected[nr], len), "pipe %d has other bytes", nr);
	nr_expected[nr] -= len;
	memmove(expected[nr], expected[nr] + len, nr_expected[nr]);
}

int main(void)
{
	int p[NR][2];

	for (int i = 0; i < NR; i++)
		CASE_SYS(pipe2(p[i], O_NONBLOCK));
	put(0, p[0], 1000);
	take(0, p[0], 300);
	for (int i = 0; i < 40; i++) {
		put(1, p[1], 4000);
		put(1, p[1], 150);
		take(1, p[1], i < 8 ? 1000 : 4150);
	}
	put(2, p[2], 4096);
	put(2, p[2], 1);
	take(2, p[2], 4096);
	/* Each in a buffer of its own: what is read makes no room until a whole buffer is gone. */
	for (int i = 0; i < 16; i++)
		put(3, p[3], 4096);
	take(3, p[3], 2048);
	CASE_EQ(write(p[3][1], "x", 1), -1);
	case_ready();
	for (int i = 0; i < NR; i++) {
		char byte;

		take(i, p[i], nr_expected[i]);
		CASE_EQ(read(p[i][0], &byte, 1), -1);
		CASE_EQ(errno, EAGAIN);
	}
	return case_pass();
}
