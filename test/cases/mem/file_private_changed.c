/* SPDX-License-Identifier: GPL-2.0-only */
/* A private mapping of a file: changed pages are the task's own, the others follow the file. */
#include "case.h"

#include <sys/mman.h>

#define NR 16

int main(void)
{
	int fd = case_make_file("file", NR * 4096, 11);
	char *area = mmap(NULL, NR * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0),
	     *copy = malloc(NR * 4096);

	for (int i = 0; i < NR; i += 3)
		case_fill(area + i * 4096, 4096, i);
	case_ready();
	CASE_EQ(pread(fd, copy, NR * 4096, 0), NR * 4096);
	case_check_fill(copy, NR * 4096, 11, "the file");
	for (int i = 0; i < NR; i++) {
		if (i % 3 == 0)
			case_check_fill(area + i * 4096, 4096, i, "changed page");
		else
			CASE_CHECK(!memcmp(area + i * 4096, copy + i * 4096, 4096),
				   "page %d is not the file's", i);
	}
	/* Pages never changed still show what is written to the file. */
	CASE_EQ(pwrite(fd, "new", 3, 4096), 3);
	CASE_CHECK(!memcmp(area + 4096, "new", 3), "an unchanged page became a private copy");
	return case_pass();
}
