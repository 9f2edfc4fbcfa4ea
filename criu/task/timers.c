/* SPDX-License-Identifier: GPL-2.0-only */
/* Interval timers (setitimer) and POSIX timers (timer_create) with the time that is left. */
#include <signal.h>

#include "task/part.h"

static ItimerEntry *itimer_to_pb(struct arena *a, const struct parasite_itimer *i)
{
	ItimerEntry *e = PB_NEW(a, ItimerEntry, itimer_entry);

	e->isec = i->interval_sec;
	e->iusec = i->interval_usec;
	e->vsec = i->value_sec;
	e->vusec = i->value_usec;
	return e;
}

static PosixTimerEntry *posix_timer_to_pb(struct arena *a, const struct proc_timer *made,
					  const struct parasite_timer *now)
{
	PosixTimerEntry *e = PB_NEW(a, PosixTimerEntry, posix_timer_entry);

	e->it_id = made->id;
	e->clock_id = made->clock_id;
	e->si_signo = made->signal;
	e->it_sigev_notify = made->notify;
	e->sival_ptr = made->sigev_value;
	e->overrun = now->overrun;
	e->isec = now->interval_sec;
	e->insec = now->interval_nsec;
	e->vsec = now->value_sec;
	e->vnsec = now->value_nsec;
	if (made->notify & SIGEV_THREAD_ID) {
		e->has_notify_thread_id = true;
		e->notify_thread_id = made->notify_pid;
	}
	return e;
}

static struct err *timers_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	TaskTimersEntry *e = t->threads[0].core->tc->timers =
		PB_NEW(d->arena, TaskTimersEntry, task_timers_entry);

	e->real = itimer_to_pb(d->arena, &p->parasite.itimer[0]);
	e->virt = itimer_to_pb(d->arena, &p->parasite.itimer[1]);
	e->prof = itimer_to_pb(d->arena, &p->parasite.itimer[2]);
	e->n_posix = p->timers.nr;
	e->posix = arena_array(d->arena, p->timers.nr, sizeof(*e->posix));
	for (size_t i = 0; i < p->timers.nr; i++)
		e->posix[i] = posix_timer_to_pb(d->arena, &p->timers.list[i], &p->timer_values[i]);
	return NULL;
}

const struct task_part task_part_timers = {
	.name = "timers",
	.dump_task = timers_dump_task,
};
