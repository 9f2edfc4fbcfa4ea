/* SPDX-License-Identifier: GPL-2.0-only */
/* Each capability alone in the permitted and effective sets, in one child per capability. */
/* needs: root */
#include "case.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void set_caps(uint64_t inh, uint64_t prm, uint64_t eff)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { eff, prm, inh },
						  { eff >> 32, prm >> 32, inh >> 32 } };

	CASE_SYS(syscall(SYS_capset, &head, data));
}

static void child(void *arg)
{
	uint64_t one = 1ULL << *(int *)arg;

	set_caps(one, one, one);
	case_here();
	case_wait_go();
	CASE_EQ(strtoull(case_status(0, "CapInh"), NULL, 16), one);
	CASE_EQ(strtoull(case_status(0, "CapPrm"), NULL, 16), one);
	CASE_EQ(strtoull(case_status(0, "CapEff"), NULL, 16), one);
}

int main(void)
{
	uint64_t all = strtoull(case_status(0, "CapPrm"), NULL, 16);
	pid_t pid[64] = {};
	int nr = 0;

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (!(all & 1ULL << cap))
			continue;
		pid[cap] = case_fork(child, &cap);
		case_wait_here(++nr);
	}
	case_ready();
	for (int cap = 0; cap < 64; cap++)
		if (pid[cap])
			case_join(pid[cap]);
	return case_pass();
}
