/* SPDX-License-Identifier: GPL-2.0-only */
/* Areas that cannot be read, written or run keep what is in them. */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	static const int prot[] = { PROT_NONE, PROT_READ, PROT_EXEC | PROT_READ,
				    PROT_WRITE | PROT_READ, PROT_WRITE };
	char *area = case_map(CASE_NR(prot) * 8192);

	for (unsigned i = 0; i < CASE_NR(prot); i++) {
		case_fill(area + i * 8192, 4096, i);
		CASE_SYS(mprotect(area + i * 8192, 8192, prot[i]));
	}
	case_ready();
	CASE_CHECK(case_faults(area, NULL), "PROT_NONE can be read");
	for (unsigned i = 0; i < CASE_NR(prot); i++) {
		CASE_SYS(mprotect(area + i * 8192, 8192, PROT_READ));
		case_check_fill(area + i * 8192, 4096, i, "area");
		CASE_EQ(area[i * 8192 + 5000], 0);
	}
	return case_pass();
}
