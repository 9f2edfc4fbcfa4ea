// SPDX-License-Identifier: GPL-2.0-only
#include "base/progress.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	US_PER_SECOND = 1000000,
	FIRST_US = US_PER_SECOND, /* what is done by then needs no words */
	DRAW_US = 200000,
	LOG_US = 5 * US_PER_SECOND,
	PAGES_PER_MIB = 256,
	LINE_LEN = 120,
};

#define ERASE "\r\033[K"

static bool has_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") && log_spares_terminal();
}

void progress_begin(struct progress *p, const char *what, uint64_t total_pages)
{
	uint64_t now = clock_us();

	if (!p)
		return;
	*p = (struct progress){
		.what = what,
		.total = total_pages,
		.start_us = now,
		.draw_at_us = has_terminal() ? now + FIRST_US : UINT64_MAX,
		.log_at_us = now + LOG_US,
		.owner = pthread_self(),
	};
	p->done = &p->own_done;
}

void progress_expect(struct progress *p, int64_t pages)
{
	if (p)
		p->total += (uint64_t)pages;
}

void progress_share(struct progress *p, uint64_t *shared)
{
	if (!p)
		return;
	__atomic_fetch_add(shared, *p->done, __ATOMIC_RELAXED);
	p->done = shared;
}

void progress_mute(struct progress *p)
{
	if (p)
		p->draw_at_us = p->log_at_us = UINT64_MAX;
}

static uint64_t mib_per_second(uint64_t done, uint64_t elapsed_us)
{
	return elapsed_us ? done * US_PER_SECOND / elapsed_us / PAGES_PER_MIB : 0;
}

/* As if it went on as it went; UINT64_MAX: cannot be told. */
static uint64_t seconds_left(const struct progress *p, uint64_t done, uint64_t elapsed_us)
{
	if (!done || done > p->total)
		return UINT64_MAX;
	return (uint64_t)((double)(p->total - done) * (double)elapsed_us / (double)done /
			  US_PER_SECOND);
}

void progress_text(const struct progress *p, uint64_t done, uint64_t elapsed_us, char *buf,
		   size_t len)
{
	uint64_t speed = mib_per_second(done, elapsed_us), left = seconds_left(p, done, elapsed_us);
	int at;

	if (left == UINT64_MAX) {
		snprintf(buf, len, "%s: %" PRIu64 " pages, %" PRIu64 " MiB/s", p->what, done,
			 speed);
		return;
	}
	at = snprintf(buf, len,
		      "%s: %" PRIu64 " of %" PRIu64 " pages, %" PRIu64 " %%, %" PRIu64 " MiB/s, ",
		      p->what, done, p->total, done * 100 / p->total, speed);
	if (at < 0 || (size_t)at >= len)
		return;
	if (left < 60)
		snprintf(buf + at, len - (size_t)at, "%" PRIu64 " s left", left);
	else
		snprintf(buf + at, len - (size_t)at, "%" PRIu64 " min %" PRIu64 " s left",
			 left / 60, left % 60);
}

/* A terminal that is held (Ctrl-S) or far away must not hold us. */
static bool terminal_write(const char *text)
{
	struct pollfd terminal = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&terminal, 1, 0) == 1 && terminal.revents & POLLOUT &&
	       write(STDERR_FILENO, text, strlen(text)) > 0;
}

static void draw(struct progress *p, uint64_t done, uint64_t elapsed_us)
{
	char line[LINE_LEN] = ERASE;
	size_t erase = strlen(ERASE);

	progress_text(p, done, elapsed_us, line + erase, sizeof(line) - erase);
	p->is_drawn |= terminal_write(line);
	log_set_erase(p->is_drawn);
}

static void log_progress(const struct progress *p, uint64_t done, uint64_t elapsed_us)
{
	uint64_t left = seconds_left(p, done, elapsed_us);

	if (left == UINT64_MAX)
		log_info("flow", 0, "%s: pages=%" PRIu64 " mib-per-s=%" PRIu64, p->what, done,
			 mib_per_second(done, elapsed_us));
	else
		log_info("flow", 0,
			 "%s: pages=%" PRIu64 " of=%" PRIu64 " mib-per-s=%" PRIu64
			 " left-s=%" PRIu64,
			 p->what, done, p->total, mib_per_second(done, elapsed_us), left);
}

void progress_show(struct progress *p)
{
	uint64_t now, done;

	if (!p || !p->done)
		return;
	now = clock_us();
	if (now < p->draw_at_us && now < p->log_at_us)
		return;
	done = __atomic_load_n(p->done, __ATOMIC_RELAXED);
	if (now >= p->draw_at_us) {
		draw(p, done, now - p->start_us);
		p->draw_at_us = now + DRAW_US;
	}
	if (now >= p->log_at_us) {
		log_progress(p, done, now - p->start_us);
		p->log_at_us = now + LOG_US;
	}
}

void progress_add(struct progress *p, uint64_t nr_pages)
{
	if (!p || !p->done)
		return;
	__atomic_fetch_add(p->done, nr_pages, __ATOMIC_RELAXED);
	if (p->log_at_us != UINT64_MAX && pthread_equal(p->owner, pthread_self()))
		progress_show(p);
}

void progress_end(struct progress *p)
{
	if (!p || !p->done)
		return;
	log_set_erase(false);
	if (p->is_drawn && !terminal_write(ERASE))
		log_debug("flow", 0, "the line of the progress stays: the terminal is held");
	p->done = NULL;
	p->is_drawn = false;
}
