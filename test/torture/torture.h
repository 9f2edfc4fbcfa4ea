/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * torture: a tree of processes that uses memory in every way it can, driven by a seed, and knows what each byte must be.
 *
 *   pattern.c   what a page holds: made from a tag, and read back from bytes
 *   model.c     the records of what must be where, and their sums
 *   board.c     the memory all processes share: rounds, turns, the objects that several of them map
 *   pick.c      where the next action goes to
 *   map.c advise.c write.c share.c family.c    the actions
 *   writer.c    threads that never stop writing
 *   check.c     memory against the records
 *   serve.c     questions of the runner
 *   look.c      another program in this one: the memory of processes from outside
 *
 * A run is a list of rounds.  In a round each process makes its steps, side by side with the others; then each has a
 * turn, alone, for what concerns others.  What a step does follows from the seed, the process' number and the step's
 * number only, so neither time nor a left out step changes the others.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PAGE = 4096,
	PAGE_WORDS = 512,
	HUGE_PAGES = 512,
	NR_SLOTS = 5,
	NR_OBJECTS = 12,
	OBJECT_PAGES = 1024,
	GHOST_PAGES = 128,
	NR_EVENTS = 256,
	DIRECT_PAGES = 256,
	STAGING_PAGES = 640,
	NR_WRITERS = 2,
	NAME_LEN = 256,
};

/* Where things are; far from each other and from what the kernel places by itself. */
#define ARENA_ADDR 0x100000000000UL
#define WIDE_ADDR 0x110000000000UL
#define GROW_ADDR 0x120000000000UL
#define WRITER_ADDR 0x130000000000UL
#define MODEL_ADDR 0x140000000000UL
#define BOARD_ADDR 0x150000000000UL
#define STAGING_ADDR 0x160000000000UL
#define PROGRESS_ADDR 0x170000000000UL

/* --- pattern.c --- */

/* A page: a pattern of the tag @body (0: zeros), from byte @tail on zeros (0: none), one word that tells @stamp. */
struct content {
	uint64_t body;
	uint64_t stamp;
	uint32_t tail;
	bool may_be_zero;      /* MADV_FREE may have dropped it */
	bool body_may_be_zero; /* the same, and then it was stamped */
};

struct rng {
	uint64_t state;
};

struct rng rng_make(uint64_t a, uint64_t b, uint64_t c);
uint64_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t limit);
bool rng_chance(struct rng *r, uint32_t percent);
uint64_t mix64(uint64_t x);

uint64_t tag_make(uint32_t serial, uint32_t step, uint32_t number);
void page_fill(void *page, uint64_t body);
/* Where the stamp of a page is, and what it looks like. */
uint32_t stamp_word(uint64_t body);
uint64_t stamp_value(uint64_t stamp);
bool page_matches(const void *page, const struct content *c);
/* What a page seems to be, in words. */
void page_describe(const void *page, char *text, size_t len);
void tag_describe(uint64_t tag, char *text, size_t len);
void content_describe(const struct content *c, char *text, size_t len);
/* The tag that made word @number of a page. */
uint64_t word_tag(uint64_t word, uint32_t number);
bool tag_is_likely(uint64_t tag);

/* --- model.c --- */

enum segment_id { SEG_WIDE, SEG_BRK, SEG_GROW, SEG_ARENA, NR_SEGMENTS };
enum { WIDE_NR = 128, WIDE_STRIDE = 2048, BRK_NR = 1024, GROW_NR = 1024 };

/* What is mapped at a page. */
enum { WHAT_FREE, WHAT_ANON, WHAT_OBJECTS };

enum page_flags {
	F_OWN = 1,   /* of a private mapping of an object: it has its own copy */
	F_FREED = 2, /* MADV_FREE: old or zero */
	F_BASE = 4,  /* the same, but stamped since then */
	F_WIPE = 8,  /* MADV_WIPEONFORK */
	F_DONTFORK = 16,
	F_LOCKED = 32,
	F_HUGE = 64,   /* hugetlb */
	F_GROWS = 128, /* MAP_GROWSDOWN */
};
#define AREA_FLAGS (F_WIPE | F_DONTFORK | F_LOCKED | F_HUGE | F_GROWS)

struct page {
	uint64_t body;
	uint64_t stamp;
	uint32_t opage; /* of the object */
	uint32_t flags;
	uint16_t tail;
	uint8_t what;
	uint8_t prot;
	uint32_t unused;
};

static inline uint8_t what_private(uint32_t object)
{
	return (uint8_t)(WHAT_OBJECTS + 2 * object);
}

static inline uint8_t what_shared(uint32_t object)
{
	return (uint8_t)(WHAT_OBJECTS + 2 * object + 1);
}

static inline bool page_has_object(const struct page *p)
{
	return p->what >= WHAT_OBJECTS;
}

static inline bool page_is_shared(const struct page *p)
{
	return page_has_object(p) && (p->what - WHAT_OBJECTS) % 2;
}

static inline uint32_t page_object(const struct page *p)
{
	return (uint32_t)(p->what - WHAT_OBJECTS) / 2;
}

struct run {
	uint32_t start;
	uint32_t nr;
};

uint32_t segment_first(enum segment_id id);
uint32_t segment_nr(enum segment_id id);
enum segment_id segment_of(uint32_t index);
char *page_address(uint32_t index);
/* The record's number of an address, or -1. */
int64_t page_index(uint64_t address);
size_t model_bytes(void);
const struct page *page_get(uint32_t index);
void page_set(uint32_t index, struct page p);
void page_clear(uint32_t index);
/* Whether the records are what their sums say. */
void model_check(void);

enum known { KNOWN_NOT, KNOWN_ABSENT, KNOWN_BEYOND, KNOWN_CONTENT };
enum known content_of(uint32_t index, struct content *out);
/* A write replaced the page, or only its stamp. */
void content_replace(uint32_t index, uint64_t body);
void content_stamp(uint32_t index, uint64_t stamp);

/* --- board.c --- */

enum object_kind { OBJECT_NONE, OBJECT_ANON, OBJECT_MEMFD, OBJECT_FILE, OBJECT_GHOST };
enum slot_state { SLOT_FREE, SLOT_ALIVE, SLOT_GONE };
enum command { CMD_NONE, CMD_VERIFY, CMD_TELL_FREED, CMD_REST, CMD_GO_ON, CMD_STOP };

struct opage {
	uint64_t body;
	uint64_t stamp;
	uint64_t tail;
};

struct object {
	uint32_t kind;
	uint32_t generation;
	uint32_t size; /* pages */
	uint32_t max;
	struct opage pages[OBJECT_PAGES];
};

/* A process lets another one write into its memory. */
struct offer {
	uint64_t address;
	uint32_t index;
	uint32_t nr;  /* 0: there is none */
	uint64_t tag; /* of the first page, by the writer */
	uint32_t is_stamp;
};

struct slot {
	uint32_t state;
	uint32_t serial;
	uint32_t parent;
	uint32_t arrived; /* in this round */
	uint32_t turn_done;
	uint32_t events; /* how many it has heard of */
	pid_t pid;
	uint64_t sum;	     /* second copy of the model's */
	uint64_t object_sum; /* its part of the objects' */
	uint64_t steps;
	uint32_t refs[NR_OBJECTS];
	int32_t fds[NR_OBJECTS];
	struct offer offer;
};

/* An object was cut: private copies of pages behind @size are gone, in all processes. */
struct event {
	uint32_t object;
	uint32_t size;
};

struct plan {
	uint32_t fork_slot; /* which one forks; NR_SLOTS: none */
	uint32_t new_slot;
	uint32_t fork_step;
	uint32_t exit_slot;
	uint32_t nr_steps;
	uint32_t nr_owners;
	uint32_t owners[NR_SLOTS]; /* who may write which page of an object during this round's steps */
};

struct board {
	uint32_t event_word; /* futex: something for all */
	uint32_t done_word;  /* futex: something for the first process */
	uint32_t round;
	uint32_t turn;
	uint32_t command;
	uint32_t command_number;
	uint32_t commands_done;
	uint32_t next_serial;
	uint32_t nr_events;
	struct plan plan;
	struct event events[NR_EVENTS];
	struct slot slots[NR_SLOTS];
	struct object objects[NR_OBJECTS];
};

void board_make(void);
/* The end of a round, for the first process and for the others. */
void board_lead(void);
void board_follow(void);
void board_command(enum command command);
/* Applies what others did to this process. */
void board_catch_up(void);
void board_cut(uint32_t object, uint32_t size);
bool board_owns(uint32_t object, uint32_t opage);
void opage_set(uint32_t object, uint32_t opage, struct opage p);
void object_resize(uint32_t object, uint32_t size);
void objects_check(void);
uint64_t board_digest(void);
uint32_t board_nr_alive(void);

/* --- pick.c --- */

enum { C_ANON = 1, C_PRIVATE = 2, C_SHARED = 4, C_OBJECT = C_PRIVATE | C_SHARED, C_ALL = 7 };

struct want {
	uint32_t classes;
	uint32_t segments; /* bits; 0: the arena */
	uint32_t prot;	   /* at least these */
	uint32_t with;	   /* all of these flags */
	uint32_t without;  /* none of these */
	bool may_write;	   /* nobody else writes there now, and it is not behind the object's end */
	bool is_known;	   /* its bytes are known now */
	uint32_t max;	   /* pages */
	uint32_t align;	   /* of start and length, in pages */
};

bool pick_run(struct rng *r, const struct want *w, struct run *out);
/* A hole of the arena. */
bool pick_hole(struct rng *r, uint32_t nr, uint32_t align, struct run *out);
/* A hole, or sometimes a place where something is. */
bool pick_place(struct rng *r, uint32_t nr, uint32_t align, struct run *out);
bool range_may_go(uint32_t start, uint32_t nr);
uint32_t pick_length(struct rng *r);

/* --- actions --- */

struct action {
	const char *name;
	uint32_t weight;
	bool (*run)(struct rng *r); /* false: there was nothing to do it to */
};

extern const struct action map_actions[], advise_actions[], write_actions[], family_actions[];
/* Those of a process' own turn. */
extern const struct action share_actions[];

/* For the log, and for --sabotage: where the action was; pages of this process, or of an object. */
void told(uint32_t start, uint32_t nr, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void told_object(uint32_t object, uint32_t opage, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A line for what was told; an action does so itself when it is at several places. */
void action_log(void);
bool is_sabotaged(const char *action);

void map_start(struct rng *r);
void map_anon_at(uint32_t start, uint32_t nr, uint8_t prot, uint32_t flags, int mmap_flags);
void write_start(struct rng *r);
void share_start(struct rng *r);
bool write_some(struct rng *r, uint32_t max, uint32_t classes);
void offer_post(struct rng *r);
void offer_take_back(void);
void steps_run(uint32_t nr);
void turn_run(void);
void family_reap(void);
void family_leave(void);
void pipe_make(void);

/* --- writer.c --- */

void writers_start(struct rng *r);
void writers_pause(void);
void writers_go_on(void);
/* In a new child: threads are gone, their private memory is there. */
void writers_forget(void);
void writers_check(void);

/* --- check.c --- */

void check_range(uint32_t start, uint32_t nr);
/* In a turn: everything that can be looked at then, or with @r some of it. */
void check_known(struct rng *r);
/* With the whole tree at rest: also what cannot be read, what must not be there, and the list of mappings. */
void check_everything(void);
void check_catch_faults(void);

/* --- serve.c --- */

void serve_start(void);
void serve(void);
void serve_tell_freed(void);

/* --- look.c --- */

int look_main(int argc, char **argv);
int differ_main(int argc, char **argv);

/* --- main.c --- */

enum can { CAN_DIRECT = 1, CAN_HUGETLB = 2 };

struct skip {
	uint32_t serial; /* 0: all */
	uint32_t first;
	uint32_t last;
};

struct config {
	uint64_t seed;
	const char *dir;    /* where questions and answers are */
	const char *disk;   /* for files that are mapped */
	const char *direct; /* a file for O_DIRECT */
	const char *log;
	const char *without; /* names of actions, with commas around each */
	const char *sabotage;
	uint32_t rounds; /* then it ends by itself; 0: never */
	uint32_t arena_pages;
	uint32_t touched_max;
	uint32_t max_processes;
	uint32_t nr_writers;
	uint32_t hugepages;
	uint32_t pace_us; /* longest sleep between two steps */
	uint32_t nr_skips;
	struct skip skips[64];
};

/* Where --sabotage strikes. */
struct target {
	pid_t pid;
	uint64_t address;
	int fd; /* or in this file, when it is not -1 */
	off_t offset;
};

struct self {
	struct config cfg;
	struct board *board;
	struct page *pages;
	char *staging;
	uint64_t *progress;
	uint64_t sum;
	uint64_t brk_base;
	uint32_t slot;
	uint32_t serial;
	uint32_t round;
	uint32_t step;
	uint32_t number; /* of tags in this step */
	uint32_t depth;	 /* of nested steps */
	uint32_t command_number;
	uint32_t can;
	uint32_t nr_mapped, nr_touched;
	bool is_turn; /* alone, or all at rest */
	bool is_newborn;
	bool has_forked;
	pid_t children[NR_SLOTS];
	int fds[NR_OBJECTS];
	int pipe[2];
	int direct_fd, zero_fd, log_fd, mem_fd;
	const char *action;
	struct run told;
	struct target target;
	char told_text[96];
	bool has_sabotaged;
	char name[NAME_LEN];
};

extern struct self me;

/* Ends this process with a reason; the runner sees it. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...);
uint64_t new_tag(void);
void sleep_us(uint32_t us);

/* The value of a call that must not give -1. */
#define SYS(expr)                                                              \
	__extension__({                                                        \
		__typeof__(expr) sys_r_ = (expr);                              \
		if ((long)sys_r_ == -1)                                        \
			fail("%s:%d: %s gives %m", __FILE__, __LINE__, #expr); \
		sys_r_;                                                        \
	})

#endif
