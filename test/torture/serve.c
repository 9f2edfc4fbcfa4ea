/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runner's questions, answered by the first process between two rounds.  A question is a word in the file DIR/ask,
 * the answer a line in DIR/answer.
 *   pause     stand still until "resume"; tells the round and a digest of all records
 *   verify    everything is compared; only while it stands still
 *   freed     DIR/freed.SLOT: ranges that MADV_FREE may have dropped
 *   stop      all processes end
 */
#include "torture.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { POLL_US = 1000 };

static struct {
	char ask[NAME_LEN], answer[NAME_LEN], temporary[NAME_LEN];
	bool rests;
} served;

void serve_start(void)
{
	snprintf(served.ask, sizeof(served.ask), "%s/ask", me.cfg.dir);
	snprintf(served.answer, sizeof(served.answer), "%s/answer", me.cfg.dir);
	snprintf(served.temporary, sizeof(served.temporary), "%s/answer.new", me.cfg.dir);
}

/* The file appears by a rename: its word is whole. */
static bool read_ask(char *word, size_t len)
{
	int fd = open(served.ask, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return false;
	got = SYS(read(fd, word, len - 1));
	word[got] = '\0';
	close(fd);
	return true;
}

__attribute__((format(printf, 1, 2))) static void answer(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int fd, len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fd = SYS(open(served.temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
	if (write(fd, line, (size_t)len) != len)
		fail("cannot write an answer: %m");
	close(fd);
	SYS(unlink(served.ask));
	SYS(rename(served.temporary, served.answer));
}

void serve_tell_freed(void)
{
	char path[NAME_LEN + 16], line[64];
	int fd, len;

	snprintf(path, sizeof(path), "%s/freed.%u", me.cfg.dir, me.slot);
	fd = SYS(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
	for (uint32_t i = 0; i < segment_first(SEG_ARENA) + me.cfg.arena_pages; i++) {
		if (page_get(i)->what == WHAT_FREE || !(page_get(i)->flags & F_FREED))
			continue;
		len = snprintf(line, sizeof(line), "%d %p\n", getpid(), (void *)page_address(i));
		if (write(fd, line, (size_t)len) != len)
			fail("cannot write %s: %m", path);
	}
	close(fd);
}

static void rest(bool rests)
{
	if (rests == served.rests)
		return;
	served.rests = rests;
	board_command(rests ? CMD_REST : CMD_GO_ON);
}

static void tell_state(void)
{
	answer("ok round=%u step=%u processes=%u digest=%#lx\n", me.round, me.step,
	       board_nr_alive(), board_digest());
}

static void stop(void)
{
	board_command(CMD_STOP);
	tell_state();
	_exit(0);
}

static void obey_word(const char *word)
{
	if (!strcmp(word, "stop"))
		stop();
	if (!strcmp(word, "pause"))
		rest(true);
	else if (!strcmp(word, "resume"))
		rest(false);
	else if (!strcmp(word, "verify") && served.rests)
		board_command(CMD_VERIFY);
	else if (!strcmp(word, "freed") && served.rests)
		board_command(CMD_TELL_FREED);
	else
		fail("cannot obey \"%s\"", word);
	tell_state();
}

void serve(void)
{
	char word[32];

	if (me.cfg.rounds && me.round >= me.cfg.rounds) {
		rest(true);
		board_command(CMD_VERIFY);
		dprintf(STDOUT_FILENO,
			"round=%u step=%u processes=%u touched=%u mapped=%u digest=%#lx\n",
			me.round, me.step, board_nr_alive(), me.nr_touched, me.nr_mapped,
			board_digest());
		board_command(CMD_STOP);
		_exit(0);
	}
	do {
		if (read_ask(word, sizeof(word)))
			obey_word(word);
		else if (served.rests)
			sleep_us(POLL_US);
	} while (served.rests);
}
