/* SPDX-License-Identifier: GPL-2.0-only */
/* The five capability sets, all different. */
/* needs: root */
#include "case.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };

static void set_caps(uint64_t inh, uint64_t prm, uint64_t eff)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { eff, prm, inh },
						  { eff >> 32, prm >> 32, inh >> 32 } };

	CASE_SYS(syscall(SYS_capset, &head, data));
}

int main(void)
{
	uint64_t all = strtoull(case_status(0, "CapPrm"), NULL, 16);
	uint64_t prm = all & ~(1ULL << CAP_SYS_MODULE), eff = prm & ~(1ULL << CAP_SYS_RAWIO);
	uint64_t inh = 1ULL << CAP_CHOWN | 1ULL << CAP_NET_RAW | 1ULL << CAP_AUDIT_READ;
	char before[5][32];

	CASE_SYS(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT));
	CASE_SYS(prctl(PR_CAPBSET_DROP, CAP_BPF));
	set_caps(inh, prm, eff);
	CASE_SYS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
	for (int i = 0; i < 5; i++) {
		strcpy(before[i], case_status(0, sets[i]));
		for (int k = 0; k < i; k++)
			CASE_CHECK(strcmp(before[i], before[k]), "%s is like %s", sets[i], sets[k]);
	}
	case_ready();
	for (int i = 0; i < 5; i++)
		CASE_CHECK(!strcmp(case_status(0, sets[i]), before[i]), "%s became %s", sets[i],
			   case_status(0, sets[i]));
	return case_pass();
}
