/* SPDX-License-Identifier: GPL-2.0-only */
/* A file whose size changed since the dump is refused. */
/* between: truncate -s 50 file */
/* restore-refuse: cannot restore fd 3 of task \d+: /.+/file has 50 bytes now, at the dump it had 100 */
#include "case.h"

int main(void)
{
	int fd = case_make_file("file", 100, 51);

	case_ready();
	close(fd);
	return case_pass();
}
