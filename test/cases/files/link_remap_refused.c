/* SPDX-License-Identifier: GPL-2.0-only */
/* The same file without --link-remap is refused, and the option is named. */
/* refuse: link-remap */
#include "case.h"

#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 100, 47);
	struct stat st;

	CASE_SYS(link("file", "second name"));
	CASE_SYS(unlink("file"));
	case_ready();
	CASE_SYS(fstat(fd, &st));
	CASE_EQ(st.st_nlink, 1);
	return case_pass();
}
