/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF map is refused by name. */
/* refuse: bpf */
/* peer: no refuses the build of Debian was made without BPF maps */
#include "case.h"

#include <sys/syscall.h>

int main(void)
{
	int fd = syscall(SYS_bpf, 0, (uint32_t[20]){ 2, 4, 4, 4 }, 80);

	if (fd < 0)
		case_skip("bpf: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
