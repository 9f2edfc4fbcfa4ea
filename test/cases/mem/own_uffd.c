/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that handles its own page faults (userfaultfd) is refused by name. */
/* refuse: userfaultfd */
#include "case.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	char *area = case_map(16 * 4096);
	struct uffdio_register reg = {
		.range = { (unsigned long)area, 16 * 4096 },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		case_skip("userfaultfd: %s", strerror(errno));
	CASE_SYS(ioctl(fd, UFFDIO_API, &api));
	CASE_SYS(ioctl(fd, UFFDIO_REGISTER, &reg));
	case_ready();
	CASE_SYS(ioctl(fd, UFFDIO_UNREGISTER, &reg.range));
	CASE_EQ(*(volatile char *)area, 0);
	return case_pass();
}
