// SPDX-License-Identifier: GPL-2.0-only
/*
 * timerfd: a timer whose expirations are counted until they are read.  What is left of it is kept, so that it stands
 * still between dump and restore like other timers; only a wall-clock time (TFD_TIMER_ABSTIME of CLOCK_REALTIME) stays
 * the time that was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/fd.h"
#include "files/anon.h"
#include "files/files_priv.h"
#include "files/restore_priv.h"

enum { NS_PER_S = 1000000000, SETTIME_FLAGS = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET };

static bool timerfd_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "[timerfd]");
}

/* The clock that can be read also where there is no device to wake the machine. */
static clockid_t base_clock(uint32_t clockid)
{
	return clockid == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME :
	       clockid == CLOCK_BOOTTIME_ALARM ? CLOCK_BOOTTIME :
						 (clockid_t)clockid;
}

static bool is_wall_time(const TimerfdEntry *r)
{
	return r->settime_flags & TFD_TIMER_ABSTIME && base_clock(r->clockid) == CLOCK_REALTIME;
}

/* When a timer with that much left goes off. */
static struct err *time_from_now(uint32_t clockid, uint64_t sec, uint64_t nsec, uint64_t *sec_out,
				 uint64_t *nsec_out)
{
	struct timespec now;

	if (clock_gettime(base_clock(clockid), &now))
		return err_sys(errno, "cannot read clock %u", clockid);
	nsec += (uint64_t)now.tv_nsec;
	*sec_out = (uint64_t)now.tv_sec + sec + nsec / NS_PER_S;
	*nsec_out = nsec % NS_PER_S;
	return NULL;
}

/*
 * A periodic timer that has expired stands still until somebody looks, then the kernel counts what it has missed and
 * starts it again: so it is looked at first.  That changes nothing that the program can see.
 */
static struct err *read_timer(struct dump *d, const struct fd_probe *p, struct fdinfo_timer *out)
{
	struct itimerspec now;
	struct fdinfo info;

	if (p->dup >= 0 && timerfd_gettime(p->dup, &now))
		return err_sys(errno, "cannot read the timer of fd %d of task %d", p->fd,
			       p->task->host_pid);
	TRY(fd_probe_info(d, p, &info));
	return fdinfo_timer(&info, out);
}

/* The one thing that counts without the timer having expired is that the clock was set. */
static bool was_cancelled(const TimerfdEntry *r)
{
	return r->settime_flags & TFD_TIMER_CANCEL_ON_SET && r->ticks && (r->vsec || r->vnsec) &&
	       !r->isec && !r->insec;
}

static struct err *timerfd_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	TimerfdEntry *r = rec->tfd = PB_NEW(d->arena, TimerfdEntry, timerfd_entry);
	struct fdinfo_timer t;

	r->id = rec->id;
	r->flags = p->flags;
	TRY(fown_ask(d, p, &r->fown));
	TRY(read_timer(d, p, &t));
	r->clockid = t.clockid;
	r->ticks = t.ticks;
	r->settime_flags = t.settime_flags;
	r->vsec = t.value_sec;
	r->vnsec = t.value_nsec;
	r->isec = t.interval_sec;
	r->insec = t.interval_nsec;
	if (was_cancelled(r))
		return err_hint(fd_probe_refuse(p, "the clock was set (TFD_TIMER_CANCEL_ON_SET), "
						   "and the program has not read that yet"),
				"dump again when the program has read it");
	if (!is_wall_time(r) || (!r->vsec && !r->vnsec))
		return NULL;
	r->has_wall_sec = r->has_wall_nsec = true;
	return time_from_now(r->clockid, r->vsec, r->vnsec, &r->wall_sec, &r->wall_nsec);
}

static bool is_time(uint64_t sec, uint64_t nsec)
{
	return sec <= INT64_MAX / 2 && nsec < NS_PER_S;
}

static struct err *timerfd_link(struct restore *r, struct file *f)
{
	const TimerfdEntry *t = f->rec->tfd;

	if (!is_time(t->vsec, t->vnsec) || !is_time(t->isec, t->insec) ||
	    !is_time(t->wall_sec, t->wall_nsec) || t->clockid > INT_MAX ||
	    t->settime_flags & ~(uint32_t)SETTIME_FLAGS)
		return err_new(ERR_IMAGE, "files.img: the timer of %s has impossible values",
			       file_user(r, f));
	return NULL;
}

static struct err *first_expiry(const TimerfdEntry *t, struct timespec *out)
{
	uint64_t sec = t->vsec, nsec = t->vnsec;

	/* It has expired, and nobody had looked: it is not known when it would have gone on. */
	if (!sec && !nsec && t->ticks) {
		sec = t->isec;
		nsec = t->insec;
	}
	if (t->has_wall_sec && is_wall_time(t)) {
		sec = t->wall_sec;
		nsec = t->wall_nsec;
	} else if (t->settime_flags & TFD_TIMER_ABSTIME && (sec || nsec)) {
		TRY(time_from_now(t->clockid, sec, nsec, &sec, &nsec));
	}
	*out = (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = (long)nsec };
	return NULL;
}

static struct err *start(const TimerfdEntry *t, int fd)
{
	struct itimerspec its = { .it_interval = { .tv_sec = (time_t)t->isec,
						   .tv_nsec = (long)t->insec } };

	TRY(first_expiry(t, &its.it_value));
	/* A timer that is off keeps its flags and interval, too. */
	if (timerfd_settime(fd, (int)t->settime_flags, &its, NULL))
		return err_sys(errno, "cannot set a timer of clock %u", t->clockid);
	if (t->ticks && ioctl(fd, TFD_IOC_SET_TICKS, &t->ticks))
		return err_hint(err_sys(errno, "cannot set %llu expirations of a timer",
					(unsigned long long)t->ticks),
				"use a kernel with CONFIG_CHECKPOINT_RESTORE");
	return NULL;
}

static struct err *timerfd_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	const TimerfdEntry *t = f->rec->tfd;
	AUTO_FD fd = timerfd_create((int)t->clockid, TFD_CLOEXEC);

	if (fd < 0)
		return err_sys(errno, "cannot make a timer of clock %u", t->clockid);
	TRY(start(t, fd));
	TRY(anon_set_flags(fd, t->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

const struct file_kind file_kind_timerfd = {
	.name = "timerfd",
	.type = FD_TYPES__TIMERFD,
	.member = offsetof(FileEntry, tfd),
	.about = "timers as descriptors: clock, time left, interval, expirations not read yet",
	.since = "3.17",
	.matches = timerfd_matches,
	.dump = timerfd_dump,
	.link_up = timerfd_link,
	.open = timerfd_open,
};
