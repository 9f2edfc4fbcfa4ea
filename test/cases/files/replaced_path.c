/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose path names another file now: the old one is open, deleted, and must not be mixed up with
 * the new one.
 */
/* differs: fd/3 its deleted name cannot be made again while another file has it */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int old = case_make_file("file", 100, 48), new;
	char buf[100];

	CASE_SYS(unlink("file"));
	new = case_make_file("file", 100, 49);
	case_ready();
	CASE_EQ(pread(old, buf, 100, 0), 100);
	case_check_fill(buf, 100, 48, "old file");
	CASE_EQ(pread(new, buf, 100, 0), 100);
	case_check_fill(buf, 100, 49, "new file");
	new = CASE_SYS(open("file", O_RDONLY));
	CASE_EQ(pread(new, buf, 100, 0), 100);
	case_check_fill(buf, 100, 49, "file of that name");
	return case_pass();
}
