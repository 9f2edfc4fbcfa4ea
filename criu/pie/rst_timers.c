/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interval and POSIX timers.  A POSIX timer's number is the program's: since Linux 6.15
 * (PR_TIMER_CREATE_RESTORE_IDS) it can be asked for, before it is made and deleted until the number
 * comes.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "pie/rst_priv.h"

#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77
#endif

enum { RESTORE_IDS_OFF = 0, RESTORE_IDS_ON = 1 };

/* struct sigevent of the kernel: value, signal, notify, thread, padding to 64 bytes. */
struct event {
	uint64_t value;
	int32_t signo, notify, tid;
	int32_t pad[11];
};

struct timeval_pair {
	int64_t interval_s, interval_frac, value_s, value_frac;
};

static long create(const struct rst_posix_timer *t, int32_t *id)
{
	struct event ev = {
		.value = t->sival,
		.signo = t->signo,
		.notify = t->notify,
		.tid = t->tid,
	};

	return sys_call3(SYS_timer_create, t->clock, (long)&ev, (long)id);
}

static long create_with_id(const struct rst_posix_timer *t)
{
	int32_t id = t->id;

	return create(t, &id);
}

/* The kernel counts up: a number that was passed does not come back. */
static long create_counting(const struct rst_posix_timer *t)
{
	for (;;) {
		int32_t id = 0;
		long ret = create(t, &id);

		if (ret < 0 || id == t->id)
			return ret;
		sys_call1(SYS_timer_delete, id);
		if (id > t->id)
			return -EEXIST;
	}
}

void rst_timers_create(const struct rst_args *a)
{
	const struct rst_posix_timer *list = rst_at(a, a->process.timers_off);
	bool by_id;

	if (!a->process.nr_timers)
		return;
	by_id = !sys_call5(SYS_prctl, PR_TIMER_CREATE_RESTORE_IDS, RESTORE_IDS_ON, 0, 0, 0);
	for (uint32_t i = 0; i < a->process.nr_timers; i++)
		rst_must(a, by_id ? create_with_id(&list[i]) : create_counting(&list[i]),
			 RST_AT_TIMER, list[i].id);
	if (by_id)
		sys_call5(SYS_prctl, PR_TIMER_CREATE_RESTORE_IDS, RESTORE_IDS_OFF, 0, 0, 0);
}

static void arm_interval(const struct rst_args *a, int which)
{
	const struct rst_itimer *it = &a->process.itimers[which];
	struct timeval_pair value = { it->interval_s, it->interval_us, it->value_s, it->value_us };

	if (it->value_s || it->value_us)
		rst_must(a, sys_call3(SYS_setitimer, which, (long)&value, 0), RST_AT_ITIMER, which);
}

void rst_timers_arm(const struct rst_args *a)
{
	const struct rst_posix_timer *list = rst_at(a, a->process.timers_off);

	for (int which = 0; which < 3; which++)
		arm_interval(a, which);
	for (uint32_t i = 0; i < a->process.nr_timers; i++) {
		const struct rst_posix_timer *t = &list[i];
		struct timeval_pair value = { t->interval_s, t->interval_ns, t->value_s,
					      t->value_ns };

		if (t->value_s || t->value_ns)
			rst_must(a, sys_call4(SYS_timer_settime, t->id, 0, (long)&value, 0),
				 RST_AT_TIMER, t->id);
	}
}
