/* SPDX-License-Identifier: GPL-2.0-only */
/* Interval timers (setitimer) and POSIX timers (timer_create) with the time that is left. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "task/part.h"
#include "task/restore_parts.h"

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
	TaskTimersEntry *e = t->threads[0].core->tc->timers = PB_NEW(d->arena, TaskTimersEntry,
								     task_timers_entry);

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

/* ---- restore ---- */

static bool itimer_is_valid(const ItimerEntry *it)
{
	return !it || (it->isec <= INT64_MAX && it->vsec <= INT64_MAX && it->iusec < 1000000 &&
		       it->vusec < 1000000);
}

static bool notify_is_valid(const PosixTimerEntry *pt)
{
	switch (pt->it_sigev_notify) {
	case SIGEV_NONE:
		return true;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		return pt->si_signo <= 64;
	case SIGEV_THREAD_ID:
		return pt->si_signo <= 64 && pt->has_notify_thread_id && pt->notify_thread_id > 0;
	}
	return false;
}

static struct err *timers_check_posix(const struct task *t, const PosixTimerEntry *pt)
{
	if (pt->it_id > INT32_MAX || pt->insec >= 1000000000 || pt->vnsec >= 1000000000 ||
	    pt->isec > INT64_MAX || pt->vsec > INT64_MAX || !notify_is_valid(pt))
		return err_new(ERR_IMAGE, "core-%d.img: timer %u has an impossible value",
			       t->ns_pid, pt->it_id);
	return NULL;
}

static struct err *timers_check(const struct restore *r UNUSED, const struct task *t)
{
	const TaskTimersEntry *timers = t->threads[0].core->tc->timers;

	if (!timers)
		return NULL;
	if (!itimer_is_valid(timers->real) || !itimer_is_valid(timers->virt) ||
	    !itimer_is_valid(timers->prof))
		return err_new(ERR_IMAGE, "core-%d.img: an interval timer has an impossible value",
			       t->ns_pid);
	for (size_t i = 0; i < timers->n_posix; i++)
		TRY(timers_check_posix(t, timers->posix[i]));
	return NULL;
}

static struct rst_itimer timers_itimer(const ItimerEntry *it)
{
	if (!it)
		return (struct rst_itimer){ 0 };
	return (struct rst_itimer){
		.interval_s = it->isec,
		.interval_us = it->iusec,
		/* Armed with nothing left: about to fire; the interval starts again. */
		.value_s = it->vsec || it->vusec ? it->vsec : it->isec,
		.value_us = it->vsec || it->vusec ? it->vusec : it->iusec,
	};
}

static struct rst_posix_timer timers_posix(const PosixTimerEntry *pt)
{
	bool is_zero = !pt->vsec && !pt->vnsec;

	return (struct rst_posix_timer){
		.id = pt->it_id,
		.clock = pt->clock_id,
		.signo = pt->si_signo,
		.notify = pt->it_sigev_notify,
		.sival = pt->sival_ptr,
		.tid = pt->has_notify_thread_id ? pt->notify_thread_id : 0,
		.overrun = pt->overrun,
		.interval_s = pt->isec,
		.interval_ns = pt->insec,
		.value_s = is_zero ? pt->isec : pt->vsec,
		.value_ns = is_zero ? pt->insec : pt->vnsec,
	};
}

static int by_timer_id(const void *a, const void *b)
{
	const struct rst_posix_timer *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* A kernel that counts a timer's number up can make them in no other order. */
static uint64_t timers_put_posix(struct rst_build *b, const TaskTimersEntry *timers)
{
	uint64_t off = rst_put(b, NULL, timers->n_posix * sizeof(struct rst_posix_timer));
	struct rst_posix_timer *list = rst_at(b, off);

	for (size_t i = 0; i < timers->n_posix; i++)
		list[i] = timers_posix(timers->posix[i]);
	qsort(list, timers->n_posix, sizeof(*list), by_timer_id);
	return off;
}

static struct err *timers_fill(struct worker *w, struct rst_build *b)
{
	const TaskTimersEntry *timers = w->task->threads[0].core->tc->timers;
	struct rst_process *p = &rst_args(b)->process;
	uint64_t off;

	if (!timers)
		return NULL;
	p->itimers[0] = timers_itimer(timers->real);
	p->itimers[1] = timers_itimer(timers->virt);
	p->itimers[2] = timers_itimer(timers->prof);
	if (!timers->n_posix)
		return NULL;
	off = timers_put_posix(b, timers);
	rst_args(b)->process.timers_off = off;
	rst_args(b)->process.nr_timers = timers->n_posix;
	return NULL;
}

const struct restore_part restore_part_timers = {
	.name = "timers",
	.check = timers_check,
	.fill = timers_fill,
};
