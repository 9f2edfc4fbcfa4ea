/* SPDX-License-Identifier: GPL-2.0-only */
/* A process of many pipes with data.  CASE_PIPES says how many (500). */
/* budget: 120s */
#include "case.h"

#include <fcntl.h>
#include <sys/resource.h>

int main(void)
{
	const char *env = getenv("CASE_PIPES");
	int nr = env ? atoi(env) : 500, (*p)[2] = calloc(nr, sizeof(*p)), word;
	struct rlimit r;

	CASE_SYS(getrlimit(RLIMIT_NOFILE, &r));
	if (r.rlim_max < (rlim_t)nr * 2 + 100)
		case_skip("only %lu descriptors are allowed", (unsigned long)r.rlim_max);
	r.rlim_cur = nr * 2 + 100;
	CASE_SYS(setrlimit(RLIMIT_NOFILE, &r));
	for (int i = 0; i < nr; i++) {
		CASE_SYS(pipe(p[i]));
		CASE_EQ(write(p[i][1], &i, sizeof(i)), sizeof(i));
	}
	case_ready();
	for (int i = 0; i < nr; i++) {
		CASE_EQ(read(p[i][0], &word, sizeof(word)), sizeof(word));
		CASE_EQ(word, i);
	}
	return case_pass();
}
