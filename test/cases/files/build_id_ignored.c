/* SPDX-License-Identifier: GPL-2.0-only */
/* --file-validation filesize: a program from another build is the same file when it has the same size. */
/* between: python3 -c 'd = bytearray(open("program", "rb").read()); i = d.find(b"\4\0\0\0\24\0\0\0\3\0\0\0GNU\0"); assert i > 0; d[i + 16] ^= 255; open("program", "r+b").write(d)' */
/* opts: --file-validation filesize */
/* needs: program:python3 */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	char command[64];
	int fd;

	snprintf(command, sizeof(command), "cp /proc/%d/exe program", getpid());
	CASE_EQ(system(command), 0);
	CASE_SYS(chmod("program", 0755));
	fd = CASE_SYS(open("program", O_RDONLY));
	CASE_EQ(fd, 3);
	case_ready();
	return case_pass();
}
