// SPDX-License-Identifier: GPL-2.0-only
#include "proc/timers.h"

#include <signal.h>
#include <string.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

enum { NR_SIGNALS = 64 };

static bool next_line(struct scan *s, const char *key, struct scan *value)
{
	if (!scan_line(s, value) || !scan_text(value, key) || !scan_char(value, ':'))
		return false;
	scan_blanks(value);
	return true;
}

static bool parse_signal(struct scan *v, struct proc_timer *t)
{
	int64_t signal;

	if (!scan_i64(v, &signal) || signal < 0 || signal > NR_SIGNALS || !scan_char(v, '/'))
		return false;
	t->signal = (int32_t)signal;
	return scan_hex(v, &t->sigev_value) && scan_at_end(v);
}

/* "signal/tid.123", "none/pid.123", "thread/pid.123" */
static bool parse_notify(struct scan *v, struct proc_timer *t)
{
	int64_t pid;

	if (scan_text(v, "signal/"))
		t->notify = SIGEV_SIGNAL;
	else if (scan_text(v, "none/"))
		t->notify = SIGEV_NONE;
	else if (scan_text(v, "thread/"))
		t->notify = SIGEV_THREAD;
	else
		return false;
	if (scan_text(v, "tid."))
		t->notify |= SIGEV_THREAD_ID;
	else if (!scan_text(v, "pid."))
		return false;
	/* 0: the thread has ended or is not in our pid namespace. */
	if (!scan_i64(v, &pid) || pid < 0 || pid > (1 << 30) || !scan_at_end(v))
		return false;
	t->notify_pid = (pid_t)pid;
	return true;
}

static bool parse_i32(struct scan *v, int32_t *out)
{
	int64_t value;

	if (!scan_i64(v, &value) || value < INT32_MIN || value > INT32_MAX || !scan_at_end(v))
		return false;
	*out = (int32_t)value;
	return true;
}

/* Four lines; those that a later kernel adds behind them are skipped up to the next "ID:". */
static bool parse_timer(struct scan *s, struct proc_timer *t)
{
	struct scan v;

	return next_line(s, "ID", &v) && parse_i32(&v, &t->id) && t->id >= 0 &&
	       next_line(s, "signal", &v) && parse_signal(&v, t) && next_line(s, "notify", &v) &&
	       parse_notify(&v, t) && next_line(s, "ClockID", &v) && parse_i32(&v, &t->clock_id);
}

struct err *proc_timers_parse(const char *text, size_t len, struct arena *a,
			      struct proc_timers *out)
{
	struct scan s = scan_init(text, len), peek, line;
	struct proc_timers timers = { 0 };

	for (peek = s; scan_line(&peek, &line); s = peek) {
		struct proc_timer t = { 0 };

		if (!scan_text(&line, "ID:"))
			continue;
		if (!parse_timer(&s, &t))
			return scan_error(&s, "a list of timers");
		timers.list = arena_grow(a, timers.list, timers.nr, sizeof(t));
		timers.list[timers.nr++] = t;
		peek = s;
	}
	*out = timers;
	return NULL;
}

struct err *proc_timers_read(int dirfd, struct arena *a, struct proc_timers *out)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	TRY(proc_slurp(dirfd, "timers", &text, &len));
	return proc_timers_parse(text, len, a, out);
}
