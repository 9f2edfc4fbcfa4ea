/* SPDX-License-Identifier: GPL-2.0-only */
/* A pipe with sixty writers in as many processes: the end of the stream comes when the last one is gone. */
#include "case.h"

#define NR 60

static int p[2];

static void writer(void *number)
{
	unsigned char byte = (long)number;

	close(p[0]);
	case_here();
	case_wait_go();
	CASE_EQ(write(p[1], &byte, 1), 1);
}

int main(void)
{
	bool seen[NR] = {};
	unsigned char byte;
	pid_t pids[NR];

	CASE_SYS(pipe(p));
	for (long i = 0; i < NR; i++)
		pids[i] = case_fork(writer, (void *)i);
	CASE_SYS(close(p[1]));
	case_wait_here(NR);
	case_ready();
	for (int i = 0; i < NR; i++) {
		CASE_EQ(read(p[0], &byte, 1), 1);
		CASE_CHECK(byte < NR && !seen[byte], "byte %u came twice", byte);
		seen[byte] = true;
	}
	CASE_EQ(read(p[0], &byte, 1), 0);
	for (int i = 0; i < NR; i++)
		case_join(pids[i]);
	return case_pass();
}
