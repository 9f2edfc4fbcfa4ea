/* SPDX-License-Identifier: GPL-2.0-only */
/* The same file within a raised --ghost-limit. */
/* opts: --ghost-limit 4M */
#include "case.h"

int main(void)
{
	int fd = case_make_file("file", 3 << 20, 45);
	char *buf = malloc(3 << 20);

	CASE_SYS(unlink("file"));
	case_ready();
	CASE_EQ(pread(fd, buf, 3 << 20, 0), 3 << 20);
	case_check_fill(buf, 3 << 20, 45, "deleted file");
	return case_pass();
}
