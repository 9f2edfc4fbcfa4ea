/* SPDX-License-Identifier: GPL-2.0-only */
/* The eight mask registers of AVX-512. */
/* needs: cpu:avx512bw */
#include "case.h"

#include "spin.h"

static void *body(void *arg)
{
	(void)arg;
	case_here();
	__asm__ volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n"
			 "kmovq spin_before + 8 * \\n(%%rip), %%k\\n\n"
			 ".endr\n" SPIN ".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n"
			 "kmovq %%k\\n, spin_after + 8 * \\n(%%rip)\n"
			 ".endr\n" ::
				 : "memory");
	return NULL;
}

int main(void)
{
	case_fill(spin_before, 64, 42);
	return spin_main(body, 64);
}
