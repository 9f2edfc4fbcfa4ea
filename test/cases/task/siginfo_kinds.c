/* SPDX-License-Identifier: GPL-2.0-only */
/* What siginfo tells of signals sent in each way that a program has: kill, tgkill, a queue with any code. */
/* not: stop SIGCONT would be pending too */
#include "case.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#define SI_OWN (-77)

static siginfo_t before[8], after[8];

static void send_all(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	CASE_SYS(kill(getpid(), SIGRTMIN + 1));
	CASE_SYS(syscall(SYS_tgkill, getpid(), getpid(), SIGRTMIN + 2));
	info.si_value.sival_ptr = (void *)0xfedcba9876543210UL;
	info.si_pid = 12345;
	info.si_uid = 54321;
	CASE_SYS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 3, &info));
	info.si_code = SI_MESGQ;
	CASE_SYS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 4, &info));
	info.si_code = SI_ASYNCIO;
	CASE_SYS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 5, &info));
	/* The kernel keeps the first 48 bytes as they are when it does not know the code. */
	memset((char *)&info + 16, 0xa5, 48 - 16);
	info.si_code = SI_OWN;
	CASE_SYS(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN + 6, &info));
	/* A signal of the kernel's faults, with an address, by the task itself. */
	memset(&info, 0, sizeof(info));
	info.si_code = SEGV_ACCERR;
	info.si_addr = (void *)0x4000;
	CASE_SYS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &info));
}

/* Takes all of them, in the order of their numbers. */
static void take_all(siginfo_t *out)
{
	struct timespec none = {};
	sigset_t set;

	memset(out, 0, 8 * sizeof(*out));
	sigfillset(&set);
	for (int i = 0; i < 7; i++)
		CASE_SYS(sigtimedwait(&set, &out[i], &none));
	CASE_EQ(sigtimedwait(&set, &out[7], &none), -1);
}

int main(void)
{
	sigset_t set;

	sigfillset(&set);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	send_all();
	take_all(before);
	send_all();
	case_ready();
	take_all(after);
	for (int i = 0; i < 7; i++) {
		CASE_EQ(after[i].si_signo, before[i].si_signo);
		CASE_EQ(after[i].si_code, before[i].si_code);
		CASE_CHECK(!memcmp(&after[i], &before[i], sizeof(*after)),
			   "signal %d has another siginfo", before[i].si_signo);
	}
	return case_pass();
}
