/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that all processes share.  Rounds:
 *   1. all processes make their steps; pages of objects are written by their owners of this round only
 *   2. each says that it has arrived, and waits
 *   3. the first process gives each a turn, in the order of their places; only one is in its turn
 *   4. the first process answers the runner's questions, plans the next round and starts it
 */
#include "torture.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, v) __atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)

enum { FORK_PERCENT = 25, EXIT_PERCENT = 12, STEPS_MIN = 4, STEPS_MORE = 12, SERIAL_LAST = 190 };

static void word_bump(uint32_t *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
}

static void word_wait(uint32_t *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static uint32_t turn_number(uint32_t slot)
{
	return me.board->round * 8 + slot + 1;
}

static struct slot *my_slot(void)
{
	return &me.board->slots[me.slot];
}

void board_make(void)
{
	me.board = mmap((void *)BOARD_ADDR, sizeof(*me.board), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (me.board != (void *)BOARD_ADDR)
		fail("cannot map the board: %m");
	me.board->next_serial = 2;
	for (int i = 0; i < NR_SLOTS; i++)
		for (int o = 0; o < NR_OBJECTS; o++)
			me.board->slots[i].fds[o] = -1;
	me.board->slots[0] = me.board->slots[1];
	me.board->slots[0].state = SLOT_ALIVE;
	me.board->slots[0].serial = me.serial;
	me.board->slots[0].pid = getpid();
	me.board->plan = (struct plan){
		.fork_slot = NR_SLOTS, .exit_slot = NR_SLOTS, .nr_owners = 1, .nr_steps = STEPS_MIN
	};
}

uint32_t board_nr_alive(void)
{
	uint32_t nr = 0;

	for (int i = 0; i < NR_SLOTS; i++)
		nr += me.board->slots[i].state == SLOT_ALIVE;
	return nr;
}

/* --- others --- */

static void turn_take(void)
{
	board_catch_up();
	me.is_turn = true;
	turn_run();
	me.is_turn = false;
}

static void obey(uint32_t command)
{
	me.is_turn = true;
	if (command == CMD_STOP)
		family_leave();
	if (command == CMD_VERIFY)
		check_everything();
	if (command == CMD_TELL_FREED)
		serve_tell_freed();
	if (command == CMD_REST) {
		board_catch_up();
		writers_pause();
	}
	if (command == CMD_GO_ON)
		writers_go_on();
	me.is_turn = false;
}

void board_follow(void)
{
	struct board *b = me.board;

	STORE(my_slot()->arrived, me.round);
	word_bump(&b->done_word);
	for (;;) {
		uint32_t seen = LOAD(b->event_word), turn = turn_number(me.slot);

		if (LOAD(b->round) != me.round)
			break;
		if (LOAD(b->turn) == turn && my_slot()->turn_done != turn) {
			turn_take();
			STORE(my_slot()->turn_done, turn);
			word_bump(&b->done_word);
			if (my_slot()->state == SLOT_GONE)
				family_leave();
		} else if (LOAD(b->command_number) != me.command_number) {
			me.command_number++;
			obey(b->command);
			__atomic_add_fetch(&b->commands_done, 1, __ATOMIC_SEQ_CST);
			word_bump(&b->done_word);
		} else {
			word_wait(&b->event_word, seen);
		}
	}
	me.round = b->round;
}

/* --- the first process --- */

static bool all_arrived(void)
{
	for (int i = 1; i < NR_SLOTS; i++)
		if (LOAD(me.board->slots[i].state) == SLOT_ALIVE &&
		    LOAD(me.board->slots[i].arrived) != me.round)
			return false;
	return true;
}

static void wait_all_arrived(void)
{
	for (;;) {
		uint32_t seen = LOAD(me.board->done_word);

		if (all_arrived())
			return;
		word_wait(&me.board->done_word, seen);
	}
}

static void give_turn(uint32_t slot)
{
	uint32_t turn = turn_number(slot);

	if (slot == me.slot) {
		turn_take();
		return;
	}
	STORE(me.board->turn, turn);
	word_bump(&me.board->event_word);
	for (;;) {
		uint32_t seen = LOAD(me.board->done_word);

		if (LOAD(me.board->slots[slot].turn_done) == turn)
			return;
		word_wait(&me.board->done_word, seen);
	}
}

void board_command(enum command command)
{
	struct board *b = me.board;
	uint32_t nr = board_nr_alive() - 1;

	b->command = command;
	STORE(b->commands_done, 0);
	me.command_number++;
	STORE(b->command_number, me.command_number);
	word_bump(&b->event_word);
	while (command != CMD_STOP) {
		uint32_t seen = LOAD(b->done_word);

		if (LOAD(b->commands_done) == nr)
			break;
		word_wait(&b->done_word, seen);
	}
	obey(command);
}

static bool is_leaf(uint32_t slot)
{
	for (int i = 0; i < NR_SLOTS; i++)
		if (me.board->slots[i].state != SLOT_FREE && me.board->slots[i].parent == slot && i)
			return false;
	return true;
}

static uint32_t nth_slot(enum slot_state state, uint32_t n)
{
	for (uint32_t i = 0;; i = (i + 1) % NR_SLOTS)
		if (me.board->slots[i].state == state && !n--)
			return i;
}

static void plan_family(struct rng *r, struct plan *plan)
{
	uint32_t nr_alive = board_nr_alive(), nr_free = 0, slot;

	for (int i = 0; i < NR_SLOTS; i++)
		nr_free += me.board->slots[i].state == SLOT_FREE;
	if (rng_chance(r, FORK_PERCENT) && nr_free && nr_alive < me.cfg.max_processes &&
	    me.board->next_serial < SERIAL_LAST) {
		plan->fork_slot = nth_slot(SLOT_ALIVE, rng_below(r, nr_alive));
		plan->new_slot = nth_slot(SLOT_FREE, rng_below(r, nr_free));
		plan->fork_step = rng_below(r, plan->nr_steps);
	}
	slot = nth_slot(SLOT_ALIVE, rng_below(r, nr_alive));
	if (rng_chance(r, EXIT_PERCENT) && slot && is_leaf(slot) && slot != plan->fork_slot)
		plan->exit_slot = slot;
}

static void plan_round(void)
{
	struct rng r = rng_make(me.cfg.seed, me.board->round + 1, 0x706c616e);
	struct plan *plan = &me.board->plan;

	*plan = (struct plan){ .fork_slot = NR_SLOTS, .exit_slot = NR_SLOTS };
	plan->nr_steps = STEPS_MIN + rng_below(&r, STEPS_MORE);
	plan_family(&r, plan);
	for (uint32_t i = 0; i < NR_SLOTS; i++)
		if (me.board->slots[i].state == SLOT_ALIVE)
			plan->owners[plan->nr_owners++] = i;
}

void board_lead(void)
{
	struct board *b = me.board;

	wait_all_arrived();
	for (uint32_t i = 0; i < NR_SLOTS; i++)
		if (b->slots[i].state == SLOT_ALIVE)
			give_turn(i);
	board_catch_up();
	serve();
	plan_round();
	me.round = b->round + 1;
	STORE(b->round, me.round);
	word_bump(&b->event_word);
}

/* --- objects --- */

bool board_owns(uint32_t object, uint32_t opage)
{
	const struct plan *plan = &me.board->plan;

	return me.is_turn || plan->owners[(opage / 4 + object) % plan->nr_owners] == me.slot;
}

static uint64_t opage_sum(uint32_t object, uint32_t opage, const struct opage *p)
{
	if (!p->body && !p->stamp && !p->tail)
		return 0;
	return mix64(mix64(p->body + object) + mix64(p->stamp ^ opage) * 3 + p->tail * 5);
}

void opage_set(uint32_t object, uint32_t opage, struct opage p)
{
	struct opage *record = &me.board->objects[object].pages[opage];

	my_slot()->object_sum ^= opage_sum(object, opage, record) ^ opage_sum(object, opage, &p);
	*record = p;
}

static uint64_t size_sum(uint32_t object, uint32_t size)
{
	return mix64((uint64_t)(object + 1) << 32 | size);
}

void object_resize(uint32_t object, uint32_t size)
{
	struct object *o = &me.board->objects[object];

	my_slot()->object_sum ^= size_sum(object, o->size) ^ size_sum(object, size);
	for (uint32_t i = size; i < o->size; i++)
		opage_set(object, i, (struct opage){ 0 });
	o->size = size;
}

void objects_check(void)
{
	uint64_t sum = 0, kept = 0;

	for (uint32_t o = 0; o < NR_OBJECTS; o++) {
		struct object *object = &me.board->objects[o];

		sum ^= size_sum(o, 0) ^ size_sum(o, object->size);
		for (uint32_t i = 0; i < OBJECT_PAGES; i++)
			sum ^= opage_sum(o, i, &object->pages[i]);
	}
	for (int i = 0; i < NR_SLOTS; i++)
		kept ^= me.board->slots[i].object_sum;
	if (sum != kept)
		fail("the sum of the objects' records is %#lx, not %#lx", sum, kept);
}

void board_cut(uint32_t object, uint32_t size)
{
	struct board *b = me.board;

	b->events[b->nr_events % NR_EVENTS] = (struct event){ object, size };
	b->nr_events++;
	board_catch_up();
}

static void event_apply(const struct event *e)
{
	uint32_t first = segment_first(SEG_ARENA);

	for (uint32_t i = first; i < first + me.cfg.arena_pages; i++) {
		struct page p = *page_get(i);

		if (p.what != what_private(e->object) || !(p.flags & F_OWN) || p.opage < e->size)
			continue;
		p.flags &= AREA_FLAGS;
		p.body = p.stamp = p.tail = 0;
		page_set(i, p);
	}
}

void board_catch_up(void)
{
	struct slot *s = my_slot();

	if (me.board->nr_events - s->events > NR_EVENTS)
		fail("too many events in one round");
	for (; s->events != me.board->nr_events; s->events++)
		event_apply(&me.board->events[s->events % NR_EVENTS]);
	offer_take_back();
}

/* What a run of the same seed must give after the same number of rounds. */
uint64_t board_digest(void)
{
	uint64_t sum = me.board->round;

	for (uint32_t i = 0; i < NR_SLOTS; i++) {
		struct slot *s = &me.board->slots[i];

		sum = mix64(sum + s->object_sum);
		if (s->state == SLOT_ALIVE)
			sum = mix64((sum ^ mix64(s->sum + s->serial)) + s->steps);
	}
	return sum;
}
