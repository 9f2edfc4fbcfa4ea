/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings that reach behind the end of their file: the tail faults, the last page is padded. */
#include "case.h"

#include <signal.h>
#include <sys/mman.h>

int main(void)
{
	int fd = case_make_file("file", 5000, 13), sig;
	char *shared = mmap(NULL, 4 * 4096, PROT_READ, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	private[4096] = 'x';
	case_ready();
	CASE_EQ(private[4096], 'x');
	CASE_EQ(shared[5000], 0);
	CASE_CHECK(case_faults(shared + 8192, &sig) && sig == SIGBUS,
		   "no SIGBUS behind the end (shared)");
	CASE_CHECK(case_faults(private + 8192, &sig) && sig == SIGBUS,
		   "no SIGBUS behind the end (private)");
	return case_pass();
}
