/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extended state: what the kernel gives comes back the same from CRIU's record, and bad records are
 * refused.
 */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "arch/x86_64/xstate.h"
#include "unit.h"

enum { HEADER = 512, SW_RESERVED = 464 };

static struct arch_context ctx;
static uint8_t out[ARCH_XSTATE_MAX] __attribute__((aligned(64)));

/* The state of a child that has used AVX registers if there are any. */
static void take(void)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		if (__builtin_cpu_supports("avx"))
			__asm__ volatile("vpcmpeqd %%xmm1, %%xmm1, %%xmm1\n"
					 "	vinsertf128 $1, %%xmm1, %%ymm1, %%ymm1\n" ::
						 : "xmm1");
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK_OK(arch_context_get(pid, &ctx));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void round_trip_keeps_every_byte(void)
{
	struct arena *a = arena_new();
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	size_t len = 0;

	CHECK_OK(xstate_to_pb(ctx.xstate, ctx.xstate_len, a, &info));
	CHECK_OK(xstate_from_pb(&info, out, sizeof(out), &len));
	CHECK(len == ctx.xstate_len);
	/* The kernel's own words in the FXSAVE area are not state. */
	memset(ctx.xstate + SW_RESERVED, 0, HEADER - SW_RESERVED);
	memset(out + SW_RESERVED, 0, HEADER - SW_RESERVED);
	CHECK(!memcmp(ctx.xstate, out, SW_RESERVED));
	CHECK(!memcmp(ctx.xstate + HEADER, out + HEADER, len - HEADER));
	arena_free(a);
}

static void component_without_its_array_is_refused(void)
{
	struct arena *a = arena_new();
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	size_t len;

	CHECK_OK(xstate_to_pb(ctx.xstate, ctx.xstate_len, a, &info));
	info.fpregs->xsave->xstate_bv |= 1 << 2;
	info.fpregs->xsave->n_ymmh_space = 0;
	CHECK_ERR(xstate_from_pb(&info, out, sizeof(out), &len), ERR_IMAGE);
	info.fpregs->xsave->n_ymmh_space = 63;
	CHECK_ERR(xstate_from_pb(&info, out, sizeof(out), &len), ERR_IMAGE);
	arena_free(a);
}

static void unknown_component_is_refused(void)
{
	struct arena *a = arena_new();
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	size_t len;

	CHECK_OK(xstate_to_pb(ctx.xstate, ctx.xstate_len, a, &info));
	info.fpregs->xsave->xstate_bv |= 1ull << 40;
	CHECK_ERR(xstate_from_pb(&info, out, sizeof(out), &len), ERR_IMAGE);
	info.fpregs->xsave->xstate_bv &= 7;
	info.fpregs->n_st_space = 31;
	CHECK_ERR(xstate_from_pb(&info, out, sizeof(out), &len), ERR_IMAGE);
	arena_free(a);
}

int main(void)
{
	take();
	if (ctx.xstate_len <= HEADER)
		unit_skip("this CPU has no XSAVE");
	UNIT_RUN(component_without_its_array_is_refused);
	UNIT_RUN(unknown_component_is_refused);
	UNIT_RUN(round_trip_keeps_every_byte);
	return 0;
}
