/* SPDX-License-Identifier: GPL-2.0-only */
/* Several things that cannot be dumped, in two processes: one refusal names them all. */
/* refuse: device */
/* refuse: socket */
/* refuse: half-made mount */
/* needs: file:/dev/kmsg */
/* peer: no refuses can dump none of them, and names the first */
#include "case.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(syscall(SYS_fsopen, "tmpfs", 0));
	case_here();
	case_wait_go();
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);

	CASE_SYS(open("/dev/kmsg", O_RDONLY));
	CASE_SYS(socket(AF_PACKET, SOCK_DGRAM, 0));
	case_wait_here(1);
	case_ready();
	case_join(pid);
	return case_pass();
}
