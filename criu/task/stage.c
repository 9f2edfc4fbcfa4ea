/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shared memory of a restore.  Everything in it is written by several processes at once; the
 * invariant is that counters go up only and that whoever moves a futex wakes its waiters, so no
 * wake-up is lost.
 */
#include "task/stage.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "pie/abi/restorer.h"
#include "task/rst_text.h"

struct stage {
	char *base;
	size_t len;
	size_t born_off;
	uint32_t nr_slots;
	int pidfd; /* of the coordinator */
};

static long futex(uint32_t *word, int op, uint32_t val, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op, val, timeout, NULL, 0);
}

static void futex_wake_all(uint32_t *word)
{
	futex(word, FUTEX_WAKE, INT32_MAX, NULL);
}

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static size_t pages_up(size_t len)
{
	return (len + STAGE_PAGE - 1) / STAGE_PAGE * STAGE_PAGE;
}

struct err *stage_new(uint32_t nr_slots, uint32_t nr_workers, uint32_t nr_all, int fd_floor,
		      struct stage **out)
{
	AUTO_FD pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	struct stage *s;

	if (pidfd < 0)
		return err_sys(errno, "cannot make a descriptor of this process");
	TRY(fd_move_up(&pidfd, fd_floor));
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(ENOMEM, "cannot make the shared memory of the restore");
	s->nr_slots = nr_slots;
	s->born_off = STAGE_PAGE + (size_t)nr_slots * STAGE_PAGE;
	s->len = s->born_off + pages_up((size_t)nr_slots * sizeof(uint32_t));
	s->base = mmap(NULL, s->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->base == MAP_FAILED) {
		free(s);
		return err_sys(errno, "cannot map the shared memory of the restore");
	}
	s->pidfd = fd_take(&pidfd);
	stage_common(s)->coordinator = getpid();
	stage_common(s)->workers.expected = nr_workers;
	stage_common(s)->all.expected = nr_all;
	*out = s;
	return NULL;
}

void stage_free(struct stage *s)
{
	if (!s)
		return;
	munmap(s->base, s->len);
	close(s->pidfd);
	free(s);
}

struct stage_common *stage_common(struct stage *s)
{
	return (struct stage_common *)s->base;
}

pid_t stage_coordinator(struct stage *s)
{
	return stage_common(s)->coordinator;
}

bool stage_coordinator_ended(const struct stage *s)
{
	struct pollfd fd = { .fd = s->pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN);
}

struct stage_slot *stage_slot(struct stage *s, uint32_t slot)
{
	return (struct stage_slot *)(s->base + STAGE_PAGE + (size_t)slot * STAGE_PAGE);
}

static uint32_t *born_list(struct stage *s)
{
	return (uint32_t *)(s->base + s->born_off);
}

static void tell_coordinator(struct stage *s)
{
	struct stage_common *c = stage_common(s);

	__atomic_add_fetch(&c->events, 1, __ATOMIC_RELEASE);
	futex(&c->events, FUTEX_WAKE, 1, NULL);
}

/* A failure that says nothing by itself: somebody else's is the one to report. */
static struct err *given_up(void)
{
	return err_new(ERR_GONE, "another task of the tree could not be restored");
}

/*
 * Sleeps while the word has this value.  Not for ever: a worker that nobody is attached to yet, and
 * whose parent is not the coordinator, has no other way to learn that the coordinator is gone.
 */
static void wait_a_while(struct stage *s, uint32_t *word, uint32_t value)
{
	const struct timespec a_while = { .tv_nsec = 200000000 };

	if (futex(word, FUTEX_WAIT, value, &a_while) && errno == ETIMEDOUT &&
	    stage_coordinator_ended(s))
		syscall(SYS_exit_group, 1);
}

static struct err *meet(struct stage *s, struct stage_meeting *m)
{
	struct stage_common *c = stage_common(s);
	uint32_t generation = load(&m->generation);

	if (__atomic_add_fetch(&m->arrived, 1, __ATOMIC_ACQ_REL) == m->expected) {
		__atomic_store_n(&m->arrived, 0, __ATOMIC_RELEASE);
		__atomic_add_fetch(&m->generation, 1, __ATOMIC_RELEASE);
		futex_wake_all(&m->generation);
	}
	while (load(&m->generation) == generation) {
		if (load(&c->failed))
			return given_up();
		wait_a_while(s, &m->generation, generation);
	}
	return NULL;
}

struct err *stage_meet(struct worker *w)
{
	return meet(w->restore->stage, &stage_common(w->restore->stage)->workers);
}

struct err *stage_meet_all(struct stage *s)
{
	return meet(s, &stage_common(s)->all);
}

void stage_started(struct stage *s, uint32_t slot)
{
	__atomic_store_n(&stage_slot(s, slot)->started, 1, __ATOMIC_RELEASE);
}

bool stage_has_started(struct stage *s, uint32_t slot)
{
	return load(&stage_slot(s, slot)->started);
}

void stage_born(struct stage *s, uint32_t slot)
{
	uint32_t place = __atomic_fetch_add(&stage_common(s)->nr_born, 1, __ATOMIC_ACQ_REL);

	if (place < s->nr_slots)
		/* Stored plus one: 0 is a place that was taken but not written yet. */
		__atomic_store_n(&born_list(s)[place], slot + 1, __ATOMIC_RELEASE);
	tell_coordinator(s);
}

struct err *stage_wait_open(struct stage *s, uint32_t nr)
{
	struct stage_common *c = stage_common(s);
	uint32_t now;

	while ((now = load(&c->open)) < nr) {
		if (load(&c->failed))
			return given_up();
		wait_a_while(s, &c->open, now);
	}
	return NULL;
}

void stage_give_up(struct stage *s, uint32_t slot, struct err *own_e)
{
	struct stage_slot *sl = stage_slot(s, slot);

	err_pack(own_e, sl->text, sizeof(sl->text));
	__atomic_store_n(&sl->text_set, 1, __ATOMIC_RELEASE);
	err_drop(own_e, "kept for the coordinator");
	stage_set_failed(s, slot);
	while (!stage_coordinator_ended(s))
		usleep(10000);
	syscall(SYS_exit_group, 1);
	__builtin_unreachable();
}

void stage_open(struct stage *s, uint32_t nr)
{
	__atomic_store_n(&stage_common(s)->open, nr, __ATOMIC_RELEASE);
	futex_wake_all(&stage_common(s)->open);
}

uint32_t stage_nr_born(struct stage *s)
{
	return load(&stage_common(s)->nr_born);
}

bool stage_born_slot(struct stage *s, uint32_t i, uint32_t *slot_out)
{
	uint32_t slot = i < s->nr_slots ? load(&born_list(s)[i]) : 0;

	if (slot)
		*slot_out = slot - 1;
	return slot;
}

uint32_t stage_wait_event(struct stage *s, uint32_t seen, unsigned int timeout_ms)
{
	struct stage_common *c = stage_common(s);
	struct timespec ts = { .tv_sec = timeout_ms / 1000,
			       .tv_nsec = timeout_ms % 1000 * 1000000L };

	if (load(&c->events) == seen)
		futex(&c->events, FUTEX_WAIT, seen, &ts);
	return load(&c->events);
}

uint32_t stage_nr_ready(struct stage *s)
{
	return load(&stage_common(s)->nr_ready);
}

uint32_t stage_nr_gates(struct stage *s)
{
	return load(&stage_common(s)->nr_gate);
}

bool stage_gate_reached(struct stage *s, uint32_t slot, uint32_t nr_threads)
{
	return load(&stage_slot(s, slot)->nr_gate) == nr_threads;
}

void stage_gate_open(struct stage *s, uint32_t slot)
{
	__atomic_store_n(&stage_slot(s, slot)->gate_open, 1, __ATOMIC_RELEASE);
	futex_wake_all(&stage_slot(s, slot)->gate_open);
}

uint32_t stage_failed(struct stage *s)
{
	return load(&stage_common(s)->failed);
}

void stage_set_failed(struct stage *s, uint32_t slot)
{
	struct stage_common *c = stage_common(s);
	uint32_t nobody = 0;

	__atomic_compare_exchange_n(&c->failed, &nobody, slot + 1, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
	futex_wake_all(&c->open);
	futex_wake_all(&c->workers.generation);
	futex_wake_all(&c->all.generation);
	tell_coordinator(s);
}

const struct rst_result *stage_slot_result(struct stage *s, uint32_t slot)
{
	struct stage_slot *sl = stage_slot(s, slot);

	return __atomic_load_n(&sl->result.set, __ATOMIC_ACQUIRE) == 1 ? &sl->result : NULL;
}

struct err *stage_slot_failure(struct stage *s, uint32_t slot, const char *task_name)
{
	struct stage_slot *sl = stage_slot(s, slot);

	if (load(&sl->text_set)) {
		sl->text[sizeof(sl->text) - 1] = 0;
		return err_context(err_unpack(sl->text), "task %s", task_name);
	}
	if (__atomic_load_n(&sl->result.set, __ATOMIC_ACQUIRE))
		return err_context(rst_result_err(&sl->result), "task %s", task_name);
	return NULL;
}
