/* SPDX-License-Identifier: GPL-2.0-only */
/* Blocked signals sent to single threads wait in the right thread, with their siginfo. */
#include "case.h"

#include <signal.h>
#include <sys/syscall.h>

static void *body(void *number)
{
	siginfo_t info = {}, got;
	sigset_t set;
	struct timespec none = {};

	info.si_code = SI_QUEUE;
	info.si_pid = 4242 + (long)number;
	info.si_uid = 77;
	info.si_value.sival_ptr = (void *)(0x123456789abcUL + (long)number);
	CASE_SYS(syscall(SYS_rt_tgsigqueueinfo, getpid(), case_tid(), SIGUSR1, &info));
	case_here();
	case_wait_go();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CASE_EQ(CASE_SYS(sigtimedwait(&set, &got, &none)), SIGUSR1);
	CASE_EQ(got.si_code, SI_QUEUE);
	CASE_EQ(got.si_pid, 4242 + (long)number);
	CASE_EQ(got.si_uid, 77);
	CASE_EQ(got.si_value.sival_ptr, info.si_value.sival_ptr);
	CASE_CHECK(sigtimedwait(&set, &got, &none) < 0, "a second signal");
	return NULL;
}

int main(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	case_threads(3, body);
	case_wait_here(3);
	case_ready();
	case_threads_join();
	return case_pass();
}
