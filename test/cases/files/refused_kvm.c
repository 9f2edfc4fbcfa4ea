/* SPDX-License-Identifier: GPL-2.0-only */
/* The device of virtual machines and a machine made with it are refused by name. */
/* refuse: \(/dev/kvm\): the state of a virtual machine is inside the kernel */
/* refuse: \(anon_inode:kvm-vm\): the state of a virtual machine is inside the kernel */
/* peer: no takes the device for an ordinary one */
#include "case.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

int main(void)
{
	int fd = open("/dev/kvm", O_RDWR);

	if (fd < 0 || ioctl(fd, KVM_CREATE_VM, 0) < 0)
		case_skip("kvm: %s", strerror(errno));
	case_ready();
	return case_pass();
}
