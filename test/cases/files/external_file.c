/* SPDX-License-Identifier: GPL-2.0-only */
/* --external file[...]: a file of outside, which is not looked at, comes back as what --inherit-fd gives. */
/* restore-shell: touch %w/restored; exec 7<>%w/other */
/* between: rm file */
/* peer: no-restore compares the size of what it inherits with that of the file */
/* differs: fd/|shares it is another file */
#include "external.h"

#include <fcntl.h>

int main(void)
{
	int fd = case_make_file("file", 100, 67), copy = CASE_SYS(dup(fd));
	char buf[8] = "";

	case_write_file("other", "other");
	external_declare(external_file_key(fd), 7);
	case_ready();
	if (!external_restored())
		return case_pass();
	CASE_EQ(pread(fd, buf, 5, 0), 5);
	CASE_CHECK(!strcmp(buf, "other"), "the descriptor reads \"%s\"", buf);
	/* One open file, as it was. */
	CASE_SYS(lseek(fd, 2, SEEK_SET));
	CASE_EQ(lseek(copy, 0, SEEK_CUR), 2);
	return case_pass();
}
