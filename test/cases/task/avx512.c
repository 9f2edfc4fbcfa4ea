/* SPDX-License-Identifier: GPL-2.0-only */
/* The 32 AVX-512 registers of 64 bytes. */
/* needs: cpu:avx512f */
#include "case.h"

#include "spin.h"

static void *body(void *arg)
{
	(void)arg;
	case_here();
	__asm__ volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, "
			 "18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			 "vmovups spin_before + 64 * \\n(%%rip), %%zmm\\n\n"
			 ".endr\n" SPIN
			 ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, "
			 "18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			 "vmovups %%zmm\\n, spin_after + 64 * \\n(%%rip)\n"
			 ".endr\n"
			 "vzeroupper\n" ::
				 : "memory");
	return NULL;
}

int main(void)
{
	case_fill(spin_before, 2048, 42);
	return spin_main(body, 2048);
}
