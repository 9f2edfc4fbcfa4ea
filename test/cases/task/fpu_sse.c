/* SPDX-License-Identifier: GPL-2.0-only */
/* The sixteen SSE registers. */
#include "case.h"

#include "spin.h"

static void *body(void *arg)
{
	(void)arg;
	case_here();
	__asm__ volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			 "movups spin_before + 16 * \\n(%%rip), %%xmm\\n\n"
			 ".endr\n" SPIN
			 ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			 "movups %%xmm\\n, spin_after + 16 * \\n(%%rip)\n"
			 ".endr\n" ::
				 : "memory");
	return NULL;
}

int main(void)
{
	case_fill(spin_before, 256, 42);
	return spin_main(body, 256);
}
