/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose name ends in " (deleted)", as the kernel writes of files that are: it is there, and its
 * neighbour without these letters is another file.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(void)
{
	int odd = case_make_file("file (deleted)", 4096, 1),
	    plain = case_make_file("file", 4096, 2);
	int gone = case_make_file("gone (deleted)", 4096, 3);
	char buf[4096];
	char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, odd, 0);

	CASE_CHECK(map != MAP_FAILED, "mmap: %s", strerror(errno));
	CASE_SYS(unlink("gone (deleted)"));
	case_ready();
	CASE_EQ(pread(odd, buf, 4096, 0), 4096);
	case_check_fill(buf, 4096, 1, "the file with the odd name");
	CASE_EQ(pread(plain, buf, 4096, 0), 4096);
	case_check_fill(buf, 4096, 2, "its neighbour");
	CASE_EQ(pread(gone, buf, 4096, 0), 4096);
	case_check_fill(buf, 4096, 3, "the deleted one");
	case_write_file("file (deleted)", "through the name");
	CASE_EQ(pread(odd, buf, 4096, 0), 16);
	CASE_CHECK(!memcmp(map, "through", 7), "the mapping is of another file");
	CASE_CHECK(access("gone (deleted)", F_OK) < 0, "the deleted one has its name again");
	return case_pass();
}
