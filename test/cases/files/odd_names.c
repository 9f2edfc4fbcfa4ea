/* SPDX-License-Identifier: GPL-2.0-only */
/* File names with line feeds, quotes, bytes that are no text, and the longest possible. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	static const char *const names[] = { "line\nfeed", "quote\"s and \\", "\xff\xfe\x80",
					     " (deleted)", "*?[" };
	char long_name[256] = "";
	int fd[CASE_NR(names) + 1];
	struct stat a, b;

	memset(long_name, 'n', 255);
	for (unsigned i = 0; i <= CASE_NR(names); i++)
		fd[i] = case_make_file(i < CASE_NR(names) ? names[i] : long_name, 10 + i, i);
	case_ready();
	for (unsigned i = 0; i <= CASE_NR(names); i++) {
		CASE_SYS(fstat(fd[i], &a));
		CASE_SYS(stat(i < CASE_NR(names) ? names[i] : long_name, &b));
		CASE_EQ(a.st_ino, b.st_ino);
	}
	return case_pass();
}
