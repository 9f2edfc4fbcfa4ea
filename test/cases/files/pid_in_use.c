/* SPDX-License-Identifier: GPL-2.0-only */
/* A process number that is taken when the restore comes: a refusal that names it. */
/* squat: yes */
/* restore-refuse: squatter */
#include "case.h"

int main(void)
{
	case_ready();
	return case_pass();
}
