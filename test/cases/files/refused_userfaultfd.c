/* SPDX-License-Identifier: GPL-2.0-only */
/* A userfaultfd that watches nothing is refused by name. */
/* refuse: the faults it handles would be lost */
/* peer: no refuses can dump none */
#include "case.h"

#include <linux/userfaultfd.h>
#include <sys/syscall.h>

int main(void)
{
	if (syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY) < 0)
		case_skip("userfaultfd: %s", strerror(errno));
	case_ready();
	return case_pass();
}
