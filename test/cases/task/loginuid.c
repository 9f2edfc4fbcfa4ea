/* SPDX-License-Identifier: GPL-2.0-only */
/* The audit user of the session. */
/* needs: root cap:audit_control */
#include "case.h"

int main(void)
{
	if (access("/proc/self/loginuid", W_OK) < 0)
		case_skip("this kernel has no loginuid");
	case_write_file("/proc/self/loginuid", "4321");
	case_ready();
	CASE_CHECK(!strcmp(case_read_file("/proc/self/loginuid"), "4321"), "it became %s",
		   case_read_file("/proc/self/loginuid"));
	return case_pass();
}
