// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

/*
 * Every line goes to the ring; a line whose level is shown also goes out with one write, so that lines of
 * workers do not mix (the file is O_APPEND).  Until a file is opened, shown lines go to standard error and
 * are copied to the file later.  One thread at a time; a forked worker goes on with its own copy.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"

enum {
	LINE_MAX_BYTES = 2048,
	RING_BYTES = 256 * 1024,
	ROOM_NAME_MAX = 16,
	ROOMS_MAX = 16,
};

#define ERASE "\r\033[K"

/* In the ring a line is preceded by its mark: '0' + level, with this bit if it was shown already. */
enum { MARK_SHOWN = 0x40 };

struct room_level {
	char name[ROOM_NAME_MAX];
	enum log_level level;
};

static struct {
	enum log_level level;
	struct room_level rooms[ROOMS_MAX];
	size_t nr_rooms;
	int fd;
	bool is_opened;
	bool erases; /* a line of base/progress.c */
	uint64_t start_us;
	size_t ring_pos; /* where the next byte goes */
	bool ring_wrapped;
	char ring[RING_BYTES];
} state = { .level = LOG_WARN, .fd = STDERR_FILENO };

static const char *const level_names[] = {
	[LOG_MSG] = "msg",   [LOG_ERROR] = "error", [LOG_WARN] = "warn",
	[LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

static enum log_level level_of_room(const char *room)
{
	for (size_t i = 0; i < state.nr_rooms; i++)
		if (!strcmp(state.rooms[i].name, room))
			return state.rooms[i].level;
	return state.level;
}

/* A log that cannot be written must not stop a rollback: what write says is not looked at further. */
static void emit(const char *text, size_t len)
{
	int saved_errno = errno;

	while (len > 0) {
		ssize_t n = write(state.fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text += n;
		len -= (size_t)n;
	}
	errno = saved_errno;
}

static void ring_put(const char *bytes, size_t len)
{
	size_t first = MIN(len, RING_BYTES - state.ring_pos);

	memcpy(state.ring + state.ring_pos, bytes, first);
	memcpy(state.ring, bytes + first, len - first);
	state.ring_wrapped |= state.ring_pos + len >= RING_BYTES;
	state.ring_pos = (state.ring_pos + len) % RING_BYTES;
}

/*
 * Copies the oldest line at or after *@pos (a distance from the oldest byte) with its mark and its line end
 * into @line; false at the end of the ring.
 */
static bool ring_next(size_t *pos, char line[LINE_MAX_BYTES + 2], size_t *len_out)
{
	size_t held = state.ring_wrapped ? RING_BYTES : state.ring_pos;
	size_t oldest = state.ring_wrapped ? state.ring_pos : 0;
	size_t len = 0;

	while (*pos < held && len < LINE_MAX_BYTES + 2) {
		char byte = state.ring[(oldest + (*pos)++) % RING_BYTES];

		line[len++] = byte;
		if (byte != '\n')
			continue;
		*len_out = len;
		return true;
	}
	return false;
}

/* Names come from the tasks that are dumped: bytes that would break the line or a terminal are replaced. */
static void line_clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void log_line(enum log_level level, const char *room, pid_t pid, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES + 2];
	char who[16] = "-";
	int saved_errno = errno;
	uint64_t now = clock_us();
	bool is_shown = level <= level_of_room(room);
	va_list args;
	int head, len;

	if (!state.start_us)
		state.start_us = now;
	now -= state.start_us;
	if (pid)
		snprintf(who, sizeof(who), "%d", pid);
	head = snprintf(line + 1, LINE_MAX_BYTES, "%3" PRIu64 ".%06" PRIu64 " %-5s %-6s %7s  ",
			now / 1000000, now % 1000000, level_names[level], room, who);
	errno = saved_errno; /* for %m */
	va_start(args, fmt);
	len = vsnprintf(line + 1 + head, LINE_MAX_BYTES - (size_t)head, fmt, args);
	va_end(args);
	line_clean(line + 1);
	len = MIN(MAX(len, 0) + head, LINE_MAX_BYTES - 1);
	line[0] = (char)('0' + level + (is_shown ? MARK_SHOWN : 0));
	line[1 + len] = '\n';
	ring_put(line, (size_t)len + 2);
	if (is_shown && state.erases)
		emit(ERASE, sizeof(ERASE) - 1);
	if (is_shown)
		emit(line + 1, (size_t)len + 1);
	errno = saved_errno;
}

bool log_spares_terminal(void)
{
	return state.level < LOG_INFO || !isatty(state.fd);
}

void log_set_erase(bool on)
{
	state.erases = on && isatty(state.fd);
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

/* A name of a level or its number. */
static bool level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		bool is_number = text[0] == (char)('0' + i) && !text[1];

		if (!is_number && strcmp(text, level_names[i]))
			continue;
		*out = (enum log_level)i;
		return true;
	}
	return false;
}

struct err *log_set_room(const char *spec)
{
	const char *equals = strchr(spec, '=');
	size_t len = equals ? (size_t)(equals - spec) : 0;
	struct room_level *r;
	enum log_level level;

	if (!len || len >= ROOM_NAME_MAX || !level_parse(equals + 1, &level))
		return err_hint(err_new(ERR_USAGE, "cannot use \"%s\" as a log level", spec),
				"write it as ROOM=LEVEL, for example mem=debug");
	if (state.nr_rooms == ROOMS_MAX)
		return err_new(ERR_USAGE, "cannot hold more than %d log levels", ROOMS_MAX);
	r = &state.rooms[state.nr_rooms++];
	memcpy(r->name, spec, len);
	r->name[len] = 0;
	r->level = level;
	return NULL;
}

/* The room of a line in the ring: the third word. */
static enum log_level level_for_line(const char *line)
{
	char room[ROOM_NAME_MAX] = "";

	if (sscanf(line + 1, "%*s %*s %15s", room) != 1)
		return state.level;
	return level_of_room(room);
}

/* Lines from before the log was opened, if their level is shown now. */
static void replay_early_lines(void)
{
	char line[LINE_MAX_BYTES + 2];
	size_t pos = 0, len;

	while (ring_next(&pos, line, &len)) {
		int level = (line[0] & ~MARK_SHOWN) - '0';

		if (level <= (int)level_for_line(line))
			emit(line + 1, len - 1);
	}
}

void log_use_fd(int own_fd)
{
	bool is_first = !state.is_opened;

	if (state.is_opened && state.fd > STDERR_FILENO && state.fd != own_fd)
		close(state.fd);
	state.fd = own_fd;
	state.is_opened = true;
	if (is_first && own_fd != STDERR_FILENO)
		replay_early_lines();
}

struct err *log_open(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY,
			  0600);
	if (fd < 0)
		return err_hint(err_sys(errno, "cannot open the log \"%s\"", path),
				"pass a writable path with -o, or - for standard output");
	log_use_fd(fd);
	return NULL;
}

int log_fd(void)
{
	return state.fd;
}

void log_dump_ring(void)
{
	static const char head[] = "--- what led to this, from the log kept in memory ---\n";
	char line[LINE_MAX_BYTES + 2];
	bool is_head_due = true;
	size_t pos = 0, len;

	/* The oldest line of a full ring has lost its beginning. */
	if (state.ring_wrapped)
		ring_next(&pos, line, &len);
	while (ring_next(&pos, line, &len)) {
		if (line[0] & MARK_SHOWN)
			continue;
		if (is_head_due)
			emit(head, sizeof(head) - 1);
		is_head_due = false;
		emit(line + 1, len - 1);
	}
}

void log_close(void)
{
	if (state.is_opened && state.fd > STDERR_FILENO)
		close(state.fd);
	state.fd = STDERR_FILENO;
	state.is_opened = false;
}
