/* SPDX-License-Identifier: GPL-2.0-only */
/* The control words of SSE and x87, and the whole x87 stack with its tags. */
#include "case.h"

#include "spin.h"

static unsigned char again[108] __attribute__((used));

static bool is_intel(void)
{
	uint32_t eax = 0, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ebx == 0x756e6547; /* "Genu" */
}

/* Eight numbers on the stack, three popped again: tags, top and values all matter. */
static void *body(void *arg)
{
	(void)arg;
	case_here();
	__asm__ volatile(
		"fninit; fldcw spin_before(%%rip); ldmxcsr spin_before+4(%%rip)\n"
		"fldpi; fldl2t; fldl2e; fldln2; fldlg2; fld1; fldz; fldpi; fstp %%st(0); fstp "
		"%%st(0)\n"
		"fstp %%st(0); fnsave spin_before+64(%%rip); frstor spin_before+64(%%rip)\n"
		"fnsave again(%%rip); frstor spin_before+64(%%rip)\n" SPIN
		"stmxcsr spin_after+4(%%rip); fnstcw spin_after(%%rip)\n"
		"fnsave spin_after+64(%%rip); fninit\n" ::
			: "memory");
	/*
	 * The places of the last instruction and its operand: an emulated CPU may not load them, and one of AMD's keeps
	 * them over a switch of tasks only while an exception is pending.
	 */
	if (!is_intel() || memcmp(again + 12, spin_before + 76, 16))
		memcpy(spin_after + 76, spin_before + 76, 16);
	return NULL;
}

int main(void)
{
	uint16_t control = 0x0a7f; /* rounds up, 53 bits */
	uint32_t mxcsr = 0xdfa1;   /* flush to zero, rounds down, two flags */

	memcpy(spin_before, &control, sizeof(control));
	memcpy(spin_before + 4, &mxcsr, sizeof(mxcsr));
	memcpy(spin_after, spin_before, 8);
	return spin_main(body, 64 + 108);
}
