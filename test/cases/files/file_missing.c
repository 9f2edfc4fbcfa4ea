/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that is gone when the restore comes: one clear refusal, nothing is made. */
/* between: rm file */
/* restore-refuse: /w/file */
#include "case.h"

int main(void)
{
	int fd = case_make_file("file", 100, 51);

	case_ready();
	close(fd);
	return case_pass();
}
