/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps and turns, and how processes come and go. */
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <alloca.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PIPE_FD = 20,
	DEPTH_MAX = 3,
	DEEP_PAGES = 96,
	SLEEP_PERCENT = 40,
	TURN_SALT = 0x7475726e,
	SABOTAGE_ROUND = 3
};

static const struct action *const step_tables[] = { map_actions, advise_actions, write_actions,
						    family_actions };

/* --- what was done --- */

void told(uint32_t start, uint32_t nr, const char *fmt, ...)
{
	va_list ap;

	me.told = (struct run){ start, nr };
	me.target = (struct target){ .fd = -1 };
	if (nr)
		me.target = (struct target){ getpid(), (uint64_t)page_address(start), -1, 0 };
	va_start(ap, fmt);
	vsnprintf(me.told_text, sizeof(me.told_text), fmt, ap);
	va_end(ap);
}

void told_object(uint32_t object, uint32_t opage, const char *fmt, ...)
{
	int len = snprintf(me.told_text, sizeof(me.told_text), "object=%u opage=%u ", object,
			   opage);
	va_list ap;

	me.told = (struct run){ 0 };
	me.target = (struct target){ .fd = me.fds[object], .offset = (off_t)opage * PAGE };
	va_start(ap, fmt);
	vsnprintf(me.told_text + len, sizeof(me.told_text) - (size_t)len, fmt, ap);
	va_end(ap);
}

void action_log(void)
{
	char line[256];
	struct timespec now;
	int len;

	if (me.log_fd < 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	len = snprintf(line, sizeof(line), "%ld.%06ld pid=%d process=%u round=%u step=%u %s",
		       now.tv_sec, now.tv_nsec / 1000, me.board->slots[me.slot].pid, me.serial,
		       me.round, me.step, me.action);
	if (me.told.nr)
		len += snprintf(line + len, sizeof(line) - (size_t)len, " at=%p pages=%u",
				(void *)page_address(me.told.start), me.told.nr);
	len += snprintf(line + len, sizeof(line) - (size_t)len, " %s\n", me.told_text);
	if (write(me.log_fd, line, (size_t)len) != len)
		fail("cannot write the log: %m");
}

static bool is_named_in(const char *names, const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), ",%s,", name);
	return strstr(names, word);
}

/* For the test of this test: something is done behind the records' back after this action. */
bool is_sabotaged(const char *action)
{
	if (!me.cfg.sabotage || !action || strcmp(me.cfg.sabotage, action) ||
	    me.round < SABOTAGE_ROUND || me.has_sabotaged)
		return false;
	return true;
}

/* Where nothing is mapped something is, and what is mapped gets another word. */
static void sabotage(void)
{
	const struct target *t = &me.target;
	uint64_t junk = 0x6a756e6b6a756e6bULL;
	char path[64];
	int fd = t->fd;

	if (!is_sabotaged(me.action))
		return;
	if (fd >= 0) {
		me.has_sabotaged = pwrite(fd, &junk, sizeof(junk), t->offset) == sizeof(junk);
	} else if (me.told.nr && page_get(me.told.start)->what == WHAT_FREE) {
		SYS((long)mmap((void *)t->address, PAGE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		me.has_sabotaged = true;
	} else if (t->address) {
		snprintf(path, sizeof(path), "/proc/%d/mem", t->pid);
		fd = SYS(open(path, O_RDWR));
		me.has_sabotaged = pwrite(fd, &junk, sizeof(junk), (off_t)t->address + 64) ==
				   sizeof(junk);
		close(fd);
	}
}

/* --- steps --- */

static bool is_skipped(void)
{
	for (uint32_t i = 0; i < me.cfg.nr_skips; i++) {
		const struct skip *s = &me.cfg.skips[i];

		if ((!s->serial || s->serial == me.serial) && me.step >= s->first &&
		    me.step <= s->last)
			return true;
	}
	return false;
}

/* Each seed likes some actions, and does not know some others. */
static uint32_t weight_of(const struct action *a, uint64_t number)
{
	static const uint8_t factors[] = { 0, 1, 2, 2, 2, 2, 6 };
	uint64_t chance = mix64(me.cfg.seed * 977 + number);

	if (me.cfg.without && is_named_in(me.cfg.without, a->name))
		return 0;
	return a->weight * factors[chance % sizeof(factors)];
}

static const struct action *choose(struct rng *r, const struct action *const *tables, size_t nr)
{
	uint32_t total = 0, at;

	for (size_t t = 0; t < nr; t++)
		for (const struct action *a = tables[t]; a->name; a++)
			total += weight_of(a, (t << 8) + (size_t)(a - tables[t]));
	if (!total)
		return NULL;
	at = rng_below(r, total);
	for (size_t t = 0; t < nr; t++)
		for (const struct action *a = tables[t]; a->name; a++) {
			uint32_t weight = weight_of(a, (t << 8) + (size_t)(a - tables[t]));

			if (at < weight)
				return a;
			at -= weight;
		}
	return NULL;
}

static void act(struct rng *r, const struct action *a)
{
	const char *outer = me.action;

	if (!a)
		return;
	me.action = a->name;
	me.told = (struct run){ 0 };
	me.told_text[0] = '\0';
	if (a->run(r)) {
		action_log();
		sabotage();
	}
	me.action = outer;
}

/* Too much memory: something has to go. */
static const struct action *forced(struct rng *r)
{
	const struct action *a = rng_chance(r, 50) ? &advise_actions[0] : &map_actions[5];

	if (me.nr_touched < me.cfg.touched_max || rng_chance(r, 40))
		return NULL;
	return me.cfg.without && is_named_in(me.cfg.without, a->name) ? NULL : a;
}

static void step_run(void)
{
	struct rng r = rng_make(me.cfg.seed, me.serial, me.step);
	const struct action *a = forced(&r);

	if (!a)
		a = choose(&r, step_tables, sizeof(step_tables) / sizeof(step_tables[0]));
	me.number = 0;
	if (!is_skipped())
		act(&r, a);
	if (me.cfg.pace_us && rng_chance(&r, SLEEP_PERCENT))
		sleep_us(rng_below(&r, me.cfg.pace_us));
	me.step++;
	me.board->slots[me.slot].steps = me.step;
	if (!me.slot)
		me.progress[0] = me.step;
}

static void spoil_somewhere(void)
{
	struct want w = { .classes = C_ANON, .prot = PROT_READ | PROT_WRITE, .max = 1 };
	struct rng r = { 1 };
	struct run at;

	if (pick_run(&r, &w, &at))
		page_address(at.start)[64]++;
}

static void child_start(void)
{
	struct slot *slot;
	struct rng r;

	slot = &me.board->slots[me.board->plan.new_slot];
	slot->pid = getpid();
	me.slot = me.board->plan.new_slot;
	me.serial = slot->serial;
	me.is_newborn = true;
	me.step = 0;
	memset(me.children, 0, sizeof(me.children));
	writers_forget();
	close(me.pipe[0]);
	close(me.pipe[1]);
	pipe_make();
	for (uint32_t i = 0; i < segment_first(SEG_ARENA) + me.cfg.arena_pages; i++) {
		struct page p = *page_get(i);

		p.flags &= ~(uint32_t)F_LOCKED;
		if (p.flags & F_WIPE) {
			p.body = p.stamp = p.tail = 0;
			p.flags &= AREA_FLAGS;
		}
		if (p.what != WHAT_FREE)
			page_set(i, p.flags & F_DONTFORK ? (struct page){ 0 } : p);
	}
	if (is_sabotaged("fork"))
		spoil_somewhere();
	r = rng_make(me.cfg.seed, me.serial, 0x77726974);
	writers_start(&r);
}

/* The place of the child is its own before it is there: the first process waits for it. */
static void fork_planned(void)
{
	const struct plan *plan = &me.board->plan;
	struct slot *slot = &me.board->slots[plan->new_slot];
	uint64_t object_sum = slot->object_sum;
	pid_t pid;

	me.has_forked = true;
	*slot = me.board->slots[me.slot];
	slot->serial = me.board->next_serial++;
	slot->parent = me.slot;
	slot->arrived = me.round - 1;
	slot->turn_done = 0;
	slot->object_sum = object_sum;
	slot->steps = 0;
	slot->offer = (struct offer){ 0 };
	writers_pause();
	__atomic_store_n(&slot->state, SLOT_ALIVE, __ATOMIC_SEQ_CST);
	pid = SYS(fork());
	if (!pid) {
		child_start();
		return;
	}
	slot->pid = pid;
	me.children[plan->new_slot] = pid;
	writers_go_on();
	me.action = "fork";
	told(0, 0, "process=%u pid=%d", slot->serial, pid);
	action_log();
	me.action = NULL;
}

static bool may_fork(uint32_t done)
{
	const struct plan *plan = &me.board->plan;

	return !me.depth && !me.has_forked && plan->fork_slot == me.slot &&
	       done >= plan->fork_step && !(me.cfg.without && is_named_in(me.cfg.without, "fork"));
}

void steps_run(uint32_t nr)
{
	if (!me.depth)
		me.has_forked = false;
	for (uint32_t i = 0; i < nr && !me.is_newborn; i++) {
		if (may_fork(i))
			fork_planned();
		else
			step_run();
	}
}

/* --- turns --- */

void turn_run(void)
{
	struct rng r = rng_make(me.cfg.seed, me.serial, (uint64_t)TURN_SALT << 32 | me.round);
	const struct action *const tables[] = { share_actions };
	uint32_t nr = rng_below(&r, 4);

	me.number = 1 << 18; /* other tags than those of the step before */
	for (uint32_t i = 0; i < nr; i++)
		if (!is_skipped())
			act(&r, choose(&r, tables, 1));
	if (rng_chance(&r, 15))
		check_known(&r);
	if (me.board->plan.exit_slot == me.slot && !me.is_newborn) {
		check_known(NULL);
		memset(me.board->slots[me.slot].refs, 0, sizeof(me.board->slots[me.slot].refs));
		for (int o = 0; o < NR_OBJECTS; o++)
			me.board->slots[me.slot].fds[o] = -1;
		__atomic_store_n(&me.board->slots[me.slot].state, SLOT_GONE, __ATOMIC_SEQ_CST);
	}
}

/* --- the end --- */

static void child_wait(uint32_t slot)
{
	int status = -1;

	while (waitpid(me.children[slot], &status, 0) < 0)
		if (errno != EINTR)
			fail("cannot wait for child %d: %m", me.children[slot]);
	if (status)
		fail("child %d ended with status %#x", me.children[slot], (unsigned int)status);
	me.children[slot] = 0;
}

/* Children that left in the last round. */
void family_reap(void)
{
	for (uint32_t i = 0; i < NR_SLOTS; i++)
		if (me.children[i] && me.board->slots[i].state == SLOT_GONE) {
			child_wait(i);
			me.board->slots[i].state = SLOT_FREE;
		}
}

void family_leave(void)
{
	for (uint32_t i = 0; i < NR_SLOTS; i++)
		if (me.children[i])
			child_wait(i);
	if (me.slot)
		_exit(0);
}

void pipe_make(void)
{
	int ends[2];

	SYS(pipe(ends));
	me.pipe[0] = PIPE_FD;
	me.pipe[1] = PIPE_FD + 1;
	for (int i = 0; i < 2; i++)
		if (ends[i] != me.pipe[i]) {
			SYS(dup2(ends[i], me.pipe[i]));
			close(ends[i]);
		}
}

/* --- deep stacks: what is in the frames is checked when they end --- */

static bool deep(struct rng *r)
{
	uint32_t nr = 1 + rng_below(r, DEEP_PAGES), steps = 1 + rng_below(r, 4);
	uint64_t tag = new_tag();
	char *area;

	me.number += nr;
	if (me.depth == DEPTH_MAX)
		return false;
	area = alloca((size_t)(nr + 1) * PAGE);
	area += -(uintptr_t)area % PAGE;
	for (uint32_t i = 0; i < nr; i++)
		page_fill(area + (size_t)i * PAGE, tag + i);
	me.depth++;
	steps_run(steps);
	me.depth--;
	if (is_sabotaged("deep"))
		area[0]++;
	for (uint32_t i = 0; i < nr; i++) {
		struct content c = { .body = tag + i };
		char is[120];

		page_describe(area + (size_t)i * PAGE, is, sizeof(is));
		if (!page_matches(area + (size_t)i * PAGE, &c))
			fail("a page on the stack at %p holds %s",
			     (void *)(area + (size_t)i * PAGE), is);
	}
	me.action = "deep";
	told(0, 0, "pages=%u steps=%u", nr, steps);
	return true;
}

static bool nap(struct rng *r)
{
	if (me.cfg.pace_us)
		sleep_us(rng_below(r, 8 * me.cfg.pace_us));
	return true;
}

const struct action family_actions[] = {
	{ "deep", 6, deep },
	{ "nap", 3, nap },
	{ NULL, 0, NULL },
};
