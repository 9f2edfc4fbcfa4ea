/* SPDX-License-Identifier: GPL-2.0-only */
/* A deleted file larger than --ghost-limit is refused, with its size and the option. */
/* refuse: ghost-limit */
#include "case.h"

int main(void)
{
	int fd = case_make_file("file", 3 << 20, 45);

	CASE_SYS(unlink("file"));
	case_ready();
	CASE_EQ(lseek(fd, 0, SEEK_END), 3 << 20);
	return case_pass();
}
