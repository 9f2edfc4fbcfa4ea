/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files of /proc: of the process itself by number, and of the system. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int self = CASE_SYS(open("/proc/self/status", O_RDONLY)),
	    dir = CASE_SYS(open("/proc/self/fd", O_RDONLY));
	int system = CASE_SYS(open("/proc/meminfo", O_RDONLY));
	char buf[64] = "";

	case_ready();
	CASE_SYS(pread(self, buf, 10, 0));
	CASE_CHECK(!memcmp(buf, "Name:", 5), "the status reads %s", buf);
	CASE_SYS(pread(system, buf, 10, 0));
	CASE_CHECK(!memcmp(buf, "MemTotal:", 9), "the memory reads %s", buf);
	CASE_SYS(close(CASE_SYS(openat(dir, "0", O_RDONLY))));
	return case_pass();
}
