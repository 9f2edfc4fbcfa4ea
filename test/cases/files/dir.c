/* SPDX-License-Identifier: GPL-2.0-only */
/* Open directories: reading one goes on where it was. */
/* peer: differs fd/ loses O_DIRECTORY among the flags */
#include "case.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define NR 300

int main(void)
{
	int seen[NR] = {}, nr = 0, number;
	struct dirent *e;
	char name[64];
	DIR *d;

	CASE_SYS(mkdir("dir", 0755));
	for (int i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "dir/%d", i);
		close(CASE_SYS(open(name, O_CREAT | O_WRONLY, 0600)));
	}
	d = opendir("dir");
	for (int i = 0; i < 10 && (e = readdir(d)); i++)
		if (sscanf(e->d_name, "%d", &number) == 1)
			nr += !seen[number]++;
	case_ready();
	while ((e = readdir(d)))
		if (sscanf(e->d_name, "%d", &number) == 1)
			nr += !seen[number]++;
	CASE_EQ(nr, NR);
	for (int i = 0; i < NR; i++)
		CASE_EQ(seen[i], 1);
	CASE_SYS(close(CASE_SYS(openat(dirfd(d), "5", O_RDONLY))));
	return case_pass();
}
