// SPDX-License-Identifier: GPL-2.0-only
/* What ptrace can do, tried on a child of ours that does nothing. */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/features.h"
#include "kernel/probe_priv.h"

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

enum {
	XSAVE_ROOM = 32768, /* AMX makes it about 11000 */
	/* Numbers of linux/ptrace.h and sys/ptrace.h, which older headers lack. */
	PT_PEEKSIGINFO = 0x4209,
	PT_SECCOMP_GET_FILTER = 0x420c,
	PT_GET_RSEQ_CONFIGURATION = 0x420f,
	PT_O_SUSPEND_SECCOMP = 1 << 21,
};

static long pt(long request, pid_t pid, long addr, void *data)
{
	return ptrace((enum __ptrace_request)request, pid, addr, data);
}

static bool tracee_start(struct feature_probe *p)
{
	int status;
	pid_t pid;

	if (p->tracee)
		return true;
	pid = fork();
	if (pid < 0)
		return probe_errno(p);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pt(PTRACE_SEIZE, pid, 0, NULL) || pt(PTRACE_INTERRUPT, pid, 0, NULL) ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) {
		probe_errno(p);
		kill(pid, SIGKILL);
		waitpid(pid, &status, __WALL);
		return false;
	}
	p->tracee = pid;
	return true;
}

void probe_tracee_end(struct feature_probe *p)
{
	int status;

	if (!p->tracee)
		return;
	kill(p->tracee, SIGKILL);
	while (waitpid(p->tracee, &status, __WALL) == p->tracee && WIFSTOPPED(status))
		;
	p->tracee = 0;
}

bool probe_ptrace_seize(struct feature_probe *p)
{
	return tracee_start(p);
}

bool probe_ptrace_xsave(struct feature_probe *p)
{
	uint8_t area[XSAVE_ROOM];
	struct iovec iov = { area, sizeof(area) };

	if (!tracee_start(p))
		return false;
	if (pt(PTRACE_GETREGSET, p->tracee, NT_X86_XSTATE, &iov))
		return probe_errno(p);
	p->k->xsave_bytes = (uint32_t)iov.iov_len;
	return true;
}

bool probe_peeksiginfo(struct feature_probe *p)
{
	struct {
		uint64_t off;
		uint32_t flags;
		int32_t nr;
	} args = { 0, 0, 1 };
	siginfo_t info;

	if (!tracee_start(p))
		return false;
	return pt(PT_PEEKSIGINFO, p->tracee, (long)&args, &info) >= 0 || probe_errno(p);
}

bool probe_seccomp_suspend(struct feature_probe *p)
{
	if (!tracee_start(p))
		return false;
	return !pt(PTRACE_SETOPTIONS, p->tracee, 0, (void *)(long)PT_O_SUSPEND_SECCOMP) ||
	       probe_errno(p);
}

bool probe_seccomp_filters(struct feature_probe *p)
{
	if (!tracee_start(p))
		return false;
	if (pt(PT_SECCOMP_GET_FILTER, p->tracee, 0, NULL) >= 0)
		return true;
	/* The child has none, and a kernel that can tell says so. */
	return errno == EINVAL || errno == ENOENT || probe_errno(p);
}

bool probe_rseq_conf(struct feature_probe *p)
{
	uint8_t conf[64];

	if (!tracee_start(p))
		return false;
	return pt(PT_GET_RSEQ_CONFIGURATION, p->tracee, sizeof(conf), conf) > 0 || probe_errno(p);
}

bool probe_breakpoints(struct feature_probe *p)
{
	if (!tracee_start(p))
		return false;
#ifdef __x86_64__
	return !pt(PTRACE_POKEUSER, p->tracee, (long)offsetof(struct user, u_debugreg[0]),
		   (void *)0x1000) ||
	       probe_errno(p);
#else
	return probe_no(p, "not tried on this CPU");
#endif
}
