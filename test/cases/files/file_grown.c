/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that grew since the dump is refused with both sizes; a log that is only appended to may grow. */
/* between: echo more >>file && echo more >>log */
/* restore-refuse: cannot restore fd 3 of task \d+: /.+/file has 105 bytes now, at the dump it had 100 */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	CASE_EQ(case_make_file("file", 100, 51), 3);
	close(case_make_file("log", 100, 52));
	CASE_SYS(open("log", O_WRONLY | O_APPEND));
	case_ready();
	return case_pass();
}
