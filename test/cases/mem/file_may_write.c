/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a shared mapping may become depends on how its file was opened: one of a descriptor for reading
 * can never be written, one for reading and writing can, though the descriptor is closed.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/mman.h>

static char *map(int flags, int kind)
{
	int fd = CASE_SYS(open("file", flags));
	char *p = mmap(NULL, 8192, PROT_READ, kind, fd, 0);

	CASE_CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	CASE_SYS(close(fd));
	return p;
}

int main(void)
{
	char *never, *may, *own;

	close(case_make_file("file", 8192, 1));
	never = map(O_RDONLY, MAP_SHARED);
	may = map(O_RDWR, MAP_SHARED);
	own = map(O_RDONLY, MAP_PRIVATE);
	case_ready();
	CASE_EQ(mprotect(never, 8192, PROT_READ | PROT_WRITE), -1);
	CASE_EQ(errno, EACCES);
	CASE_SYS(mprotect(may, 8192, PROT_READ | PROT_WRITE));
	may[5000] = 'm';
	CASE_EQ(never[5000], 'm');
	CASE_SYS(mprotect(own, 4096, PROT_READ | PROT_WRITE));
	own[5] = 'o';
	CASE_CHECK(never[5] != 'o' || may[5] != 'o', "the private change is in the file");
	CASE_EQ(own[5000], 'm');
	return case_pass();
}
