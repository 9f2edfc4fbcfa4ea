/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapped file that was deleted, its descriptor closed. */
#include "case.h"

#include <sys/mman.h>
#include <sys/stat.h>

#define LEN (20 * 4096)

int main(void)
{
	int fd = case_make_file("file", LEN, 24);
	char *area = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	case_fill(area + 4096, 4096, 25);
	CASE_SYS(unlink("file"));
	close(fd);
	case_ready();
	case_check_fill(area, 4096, 24, "first page");
	case_check_fill(area + 4096, 4096, 25, "changed page");
	CASE_CHECK(access("file", F_OK) < 0, "the file came back");
	CASE_CHECK(strstr(case_read_file("/proc/self/maps"), "/file (deleted)"),
		   "the mapping names another file");
	return case_pass();
}
