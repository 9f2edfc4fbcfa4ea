/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * torture --seed N --dir DIR [OPTIONS]: what torture.h says.
 * torture look FILE PID..., torture differ BEFORE AFTER [FREED...]: look.c.
 */
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct self me = {
	.log_fd = -1,
	.mem_fd = -1,
	.direct_fd = -1,
	.serial = 1,
	.cfg = { .max_processes = 4, .nr_writers = 1, .pace_us = 300 },
};

enum { LOG_FD = 30, DIRECT_FD = 31, ZERO_FD = 32, MALLOC_ROOM = 64 << 10 };

void fail(const char *fmt, ...)
{
	char line[1024], path[NAME_LEN + 16];
	va_list ap;
	int len, fd, err = errno;

	len = snprintf(line, sizeof(line), "process %u (pid %d) round %u step %u%s%s: ", me.serial,
		       getpid(), me.round, me.step, me.action ? " " : "",
		       me.action ? me.action : "");
	va_start(ap, fmt);
	errno = err;
	len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	snprintf(path, sizeof(path), "%s/failed", me.cfg.dir ? me.cfg.dir : ".");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, line, (size_t)len) != len ||
	    write(STDERR_FILENO, line, (size_t)len) != len)
		_exit(3);
	/* The others would wait for us. */
	if (me.board && getpgrp() == me.board->slots[0].pid)
		kill(0, SIGKILL);
	_exit(1);
}

void sleep_us(uint32_t us)
{
	struct timespec left = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* --- options --- */

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "dir", required_argument, NULL, 'd' },
	{ "disk", required_argument, NULL, 'D' },
	{ "direct", required_argument, NULL, 'i' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "fast", no_argument, NULL, 'f' },
	{ "log", required_argument, NULL, 'l' },
	{ "skip", required_argument, NULL, 'x' },
	{ "without", required_argument, NULL, 'w' },
	{ "sabotage", required_argument, NULL, 'S' },
	{ "processes", required_argument, NULL, 'p' },
	{ "writers", required_argument, NULL, 't' },
	{ "pages", required_argument, NULL, 'P' },
	{ "hugepages", required_argument, NULL, 'H' },
	{ NULL, 0, NULL, 0 },
};

static uint32_t number_of(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

/* SERIAL:FIRST-LAST, where SERIAL is 0 for all processes. */
static void skip_add(struct config *cfg, const char *text)
{
	struct skip *s = &cfg->skips[cfg->nr_skips];

	if (cfg->nr_skips == sizeof(cfg->skips) / sizeof(cfg->skips[0]) ||
	    sscanf(text, "%u:%u-%u", &s->serial, &s->first, &s->last) != 3)
		fail("cannot understand --skip %s", text);
	cfg->nr_skips++;
}

/* What follows from the seed unless an option says something else. */
static void config_draw(struct config *cfg)
{
	struct rng r = rng_make(cfg->seed, 0, 0x636f6e66);
	bool is_large = rng_chance(&r, 3);

	cfg->arena_pages = is_large ? 65536 : 8192 << rng_below(&r, 2);
	cfg->touched_max = is_large ? 12288 : 1024 + rng_below(&r, 2560);
	cfg->max_processes = is_large ? 2 : 1 + rng_below(&r, NR_SLOTS);
	cfg->nr_writers = rng_below(&r, NR_WRITERS + 1);
	cfg->pace_us = 150 << rng_below(&r, 4);
}

static void option_set(struct config *cfg, int option)
{
	const char **texts[] = { ['d'] = &cfg->dir, ['D'] = &cfg->disk,	   ['i'] = &cfg->direct,
				 ['l'] = &cfg->log, ['w'] = &cfg->without, ['S'] = &cfg->sabotage };
	uint32_t *numbers[] = { ['r'] = &cfg->rounds,
				['p'] = &cfg->max_processes,
				['t'] = &cfg->nr_writers,
				['H'] = &cfg->hugepages,
				['P'] = &cfg->arena_pages };

	if (option == '?')
		fail("usage: torture --seed N --dir DIR [OPTIONS]");
	if (option == 'f')
		cfg->pace_us = 0;
	else if (option == 'x')
		skip_add(cfg, optarg);
	else if ((size_t)option < sizeof(texts) / sizeof(texts[0]) && texts[option])
		*texts[option] = optarg;
	else if ((size_t)option < sizeof(numbers) / sizeof(numbers[0]) && numbers[option])
		*numbers[option] = number_of(optarg);
}

static void config_read(int argc, char **argv)
{
	int option;

	if (argc < 3 || strcmp(argv[1], "--seed"))
		fail("usage: torture --seed N --dir DIR [OPTIONS]");
	me.cfg.seed = strtoull(argv[2], NULL, 0);
	config_draw(&me.cfg);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		option_set(&me.cfg, option);
	if (!me.cfg.dir)
		fail("needs --dir");
	if (!me.cfg.disk)
		me.cfg.disk = me.cfg.dir;
	if (me.cfg.touched_max > me.cfg.arena_pages / 2)
		me.cfg.touched_max = me.cfg.arena_pages / 2;
}

/* --- the beginning --- */

static int open_at(int place, const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		return -1;
	SYS(dup2(fd, place));
	close(fd);
	return place;
}

/* What is missing is left out from the start, so that a seed does the same at each run. */
static void find_out(void)
{
	size_t len = (size_t)HUGE_PAGES * PAGE;
	void *huge = mmap(NULL, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (huge != MAP_FAILED && me.cfg.hugepages)
		me.can |= CAN_HUGETLB;
	if (huge != MAP_FAILED)
		munmap(huge, len);
	if (me.direct_fd >= 0)
		me.can |= CAN_DIRECT;
}

/* The file that direct reads read; written by the runner's first call. */
static void direct_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	char page[PAGE];

	if (fd < 0)
		return;
	for (uint32_t i = 0; i < DIRECT_PAGES; i++) {
		page_fill(page, tag_make(199, 0, i));
		if (write(fd, page, PAGE) != PAGE)
			fail("cannot write %s: %m", path);
	}
	close(fd);
}

static void *map_fixed(uint64_t address, size_t len, int flags, int fd)
{
	void *got = mmap((void *)address, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE,
			 fd, 0);

	if (got != (void *)address)
		fail("cannot map %zu bytes at %#lx: %m", len, address);
	return got;
}

static void open_files(void)
{
	char path[NAME_LEN];
	int fd;

	if (me.cfg.log)
		me.log_fd = open_at(LOG_FD, me.cfg.log, O_WRONLY | O_CREAT | O_APPEND);
	if (me.cfg.direct) {
		direct_make(me.cfg.direct);
		me.direct_fd = open_at(DIRECT_FD, me.cfg.direct, O_RDONLY | O_DIRECT);
	}
	me.zero_fd = SYS(open_at(ZERO_FD, "/dev/zero", O_RDONLY));
	pipe_make();
	snprintf(path, sizeof(path), "%s/progress", me.cfg.dir);
	fd = SYS(open(path, O_RDWR | O_CREAT, 0600));
	SYS(ftruncate(fd, PAGE));
	me.progress = map_fixed(PROGRESS_ADDR, PAGE, MAP_SHARED, fd);
	close(fd);
}

/* The heap begins behind what the C library may still need. */
static void brk_start(void)
{
	void *volatile room = malloc(MALLOC_ROOM);
	uint64_t end;

	free(room);
	end = (uint64_t)SYS(sbrk(0));
	me.brk_base = (end + PAGE - 1) / PAGE * PAGE;
	SYS(brk((void *)me.brk_base));
}

static void start(void)
{
	struct rng r = rng_make(me.cfg.seed, 0, 0x737461);

	for (int i = 0; i < NR_OBJECTS; i++)
		me.fds[i] = -1;
	brk_start();
	me.pages = map_fixed(MODEL_ADDR, model_bytes(), MAP_PRIVATE | MAP_ANONYMOUS, -1);
	me.staging = map_fixed(STAGING_ADDR, (size_t)STAGING_PAGES * PAGE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1);
	board_make();
	open_files();
	find_out();
	serve_start();
	check_catch_faults();
	me.is_turn = true;
	map_start(&r);
	share_start(&r);
	write_start(&r);
	me.is_turn = false;
	writers_start(&r);
}

static void round_run(void)
{
	struct rng r;

	board_catch_up();
	family_reap();
	steps_run(me.board->plan.nr_steps);
	r = rng_make(me.cfg.seed, me.serial, 0x6f666665ULL << 32 | me.round);
	offer_post(&r);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "look"))
		return look_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "differ"))
		return differ_main(argc, argv);
	config_read(argc, argv);
	start();
	for (;;) {
		round_run();
		if (me.slot)
			board_follow();
		else
			board_lead();
		me.is_newborn = false;
	}
}
