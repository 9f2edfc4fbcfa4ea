/* SPDX-License-Identifier: GPL-2.0-only */
/* The secure bits: changes of uid no longer change capabilities, and that is locked. */
/* needs: root */
#include "case.h"

#include <linux/securebits.h>
#include <sys/prctl.h>

int main(void)
{
	int bits = SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS;

	CASE_SYS(prctl(PR_SET_SECUREBITS, bits));
	case_ready();
	CASE_EQ(prctl(PR_GET_SECUREBITS), bits);
	CASE_CHECK(prctl(PR_SET_SECUREBITS, 0) < 0, "the lock is gone");
	return case_pass();
}
