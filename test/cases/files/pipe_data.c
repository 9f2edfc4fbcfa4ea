/* SPDX-License-Identifier: GPL-2.0-only */
/* A pipe with data in it, and one whose other end is closed. */
#include "case.h"

#include <signal.h>

int main(void)
{
	int p[2], no_writer[2], no_reader[2];
	char buf[9000];

	CASE_SYS(pipe(p));
	CASE_SYS(pipe(no_writer));
	CASE_SYS(pipe(no_reader));
	case_fill(buf, sizeof(buf), 60);
	CASE_EQ(write(p[1], buf, sizeof(buf)), sizeof(buf));
	CASE_EQ(write(no_writer[1], "rest", 4), 4);
	close(no_writer[1]);
	close(no_reader[0]);
	signal(SIGPIPE, SIG_IGN);
	case_ready();
	memset(buf, 0, sizeof(buf));
	CASE_EQ(read(p[0], buf, sizeof(buf)), sizeof(buf));
	case_check_fill(buf, sizeof(buf), 60, "data of the pipe");
	CASE_EQ(write(p[1], "more", 4), 4);
	CASE_EQ(read(p[0], buf, sizeof(buf)), 4);
	CASE_EQ(read(no_writer[0], buf, sizeof(buf)), 4);
	CASE_EQ(read(no_writer[0], buf, sizeof(buf)), 0);
	CASE_EQ(write(no_reader[1], "x", 1), -1);
	CASE_EQ(errno, EPIPE);
	return case_pass();
}
