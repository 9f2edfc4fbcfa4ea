/* SPDX-License-Identifier: GPL-2.0-only */
/* Small seccomp filters for cases. */
#ifndef TEST_FILTER_H
#define TEST_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "case.h"

/* From now on the calling thread (all with SECCOMP_FILTER_FLAG_TSYNC) gets @error from call @nr. */
static inline void filter_deny(int nr, int error, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { CASE_NR(code), code };

	CASE_SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CASE_SYS(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

static inline void filter_check(long nr, int error, const char *what)
{
	errno = 0;
	syscall(nr, -1, -1, -1, -1, -1, -1);
	CASE_CHECK(errno == error, "%s: call %ld gave %s, not error %d", what, nr, strerror(errno),
		   error);
}

#endif
