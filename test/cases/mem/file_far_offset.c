/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapping of a sparse file beyond 4 GiB. */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(void)
{
	int fd = CASE_SYS(open("file", O_RDWR | O_CREAT, 0600));
	off_t at = 5L << 30;
	char *area;

	CASE_SYS(ftruncate(fd, at + 8192));
	area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	CASE_CHECK(area != MAP_FAILED, "mmap: %s", strerror(errno));
	strcpy(area, "far away");
	case_ready();
	strcpy(area + 4096, "farther");
	char text[16];

	CASE_EQ(pread(fd, text, 8, at + 4096), 8);
	CASE_CHECK(!strcmp(text, "farther") && !strcmp(area, "far away"), "another place");
	return case_pass();
}
