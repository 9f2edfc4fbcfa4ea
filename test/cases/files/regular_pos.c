/* SPDX-License-Identifier: GPL-2.0-only */
/* Regular files open in three ways, each with its position; reading and writing go on there. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int rw = case_make_file("file", 10000, 40), ro, ap;
	char buf[10000];

	ro = CASE_SYS(open("file", O_RDONLY));
	ap = CASE_SYS(open("other", O_WRONLY | O_CREAT | O_APPEND, 0600));
	CASE_EQ(write(ap, "one ", 4), 4);
	CASE_SYS(lseek(rw, 100, SEEK_SET));
	CASE_SYS(lseek(ro, 5L << 32, SEEK_SET));
	case_ready();
	CASE_EQ(lseek(ro, 0, SEEK_CUR), 5L << 32);
	CASE_EQ(write(rw, "x", 1), 1);
	CASE_EQ(lseek(rw, 0, SEEK_CUR), 101);
	CASE_EQ(write(ap, "two", 3), 3);
	CASE_EQ(write(ro, "x", 1), -1);
	CASE_CHECK(!strcmp(case_read_file("other"), "one two"), "the file is \"%s\"",
		   case_read_file("other"));
	CASE_EQ(pread(rw, buf, sizeof(buf), 0), sizeof(buf));
	CASE_EQ(buf[100], 'x');
	return case_pass();
}
