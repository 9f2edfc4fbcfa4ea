// SPDX-License-Identifier: GPL-2.0-only
#include "base/err.h"

/*
 * Making a failure must not fail: without memory for one, the static err_nomem stands in.  It is const,
 * so nothing may be added to it and freeing it does nothing.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

struct err {
	enum err_code code;
	int errnum;
	char *message;
	char *hint; /* NULL: none */
	struct err *next;
};

static const struct err err_nomem = {
	.code = ERR_NOMEM,
	.errnum = ENOMEM,
	.message = (char *)"out of memory",
};

/* Packed failures: "CODE ERRNO MESSAGE", UNIT, hint, RECORD; the two are stripped from all texts. */
enum { PACK_UNIT = '\x1f', PACK_RECORD = '\x1e' };

static struct err *err_get_nomem(void)
{
	return (struct err *)&err_nomem;
}

static bool err_is_static(const struct err *e)
{
	return e == &err_nomem;
}

static void err_free(struct err *e)
{
	while (e && !err_is_static(e)) {
		struct err *next = e->next;

		free(e->message);
		free(e->hint);
		free(e);
		e = next;
	}
}

/* Takes @own_message; NULL there means that there was no memory for it. */
static struct err *err_make(enum err_code code, int errnum, char *own_message)
{
	struct err *e = own_message ? calloc(1, sizeof(*e)) : NULL;

	if (!e) {
		free(own_message);
		return err_get_nomem();
	}
	e->code = code;
	e->errnum = errnum;
	e->message = own_message;
	return e;
}

__attribute__((format(printf, 1, 0))) static char *text_format(const char *fmt, va_list args)
{
	char *text = NULL;

	return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}

PRINTF_LIKE(1, 2) static char *text_printf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = text_format(fmt, args);
	va_end(args);
	return text;
}

struct err *err_new(enum err_code code, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = text_format(fmt, args);
	va_end(args);
	return err_make(code, 0, text);
}

struct err *err_sys(int errnum, const char *fmt, ...)
{
	enum err_code code = errnum == ESRCH ? ERR_GONE : errnum == ENOMEM ? ERR_NOMEM : ERR_SYS;
	AUTO_FREE char *what = NULL;
	va_list args;

	va_start(args, fmt);
	what = text_format(fmt, args);
	va_end(args);
	return err_make(code, errnum, what ? text_printf("%s: %s", what, strerror(errnum)) : NULL);
}

struct err *err_hint(struct err *e, const char *fmt, ...)
{
	va_list args;

	if (!e || err_is_static(e) || e->hint)
		return e;
	va_start(args, fmt);
	e->hint = text_format(fmt, args);
	va_end(args);
	return e;
}

struct err *err_context(struct err *e, const char *fmt, ...)
{
	AUTO_FREE char *context = NULL;
	va_list args;
	char *text;

	if (!e || err_is_static(e))
		return e;
	va_start(args, fmt);
	context = text_format(fmt, args);
	va_end(args);
	text = context ? text_printf("%s: %s", context, e->message) : NULL;
	if (text) {
		free(e->message);
		e->message = text;
	}
	return e;
}

struct err *err_join(struct err *first, struct err *own_second)
{
	struct err *last = first;

	if (!first)
		return own_second;
	while (last->next)
		last = last->next;
	if (err_is_static(last))
		err_free(own_second);
	else
		last->next = own_second;
	return first;
}

void err_drop(struct err *e, const char *why)
{
	for (const struct err *i = e; i; i = i->next)
		log_debug("base", 0, "ignored (%s): %s", why, i->message);
	err_free(e);
}

enum err_code err_code(const struct err *e)
{
	return e->code;
}

const char *err_code_name(enum err_code code)
{
	switch (code) {
	case ERR_USAGE:
		return "usage";
	case ERR_UNSUPPORTED:
		return "unsupported";
	case ERR_KERNEL:
		return "kernel";
	case ERR_IMAGE:
		return "image";
	case ERR_GONE:
		return "gone";
	case ERR_SYS:
		return "sys";
	case ERR_REMOTE:
		return "remote";
	case ERR_NOMEM:
		return "nomem";
	case ERR_BUG:
		return "bug";
	}
	return "unknown";
}

const char *err_message(const struct err *e)
{
	return e->message;
}

const char *err_hint_text(const struct err *e)
{
	return e->hint;
}

int err_errno(const struct err *e)
{
	return e->errnum;
}

const struct err *err_next(const struct err *e)
{
	return e->next;
}

void err_report(struct err *own_e)
{
	for (const struct err *e = own_e; e; e = e->next) {
		log_error("error", 0, "%s", e->message);
		if (e->hint)
			log_error("hint", 0, "%s", e->hint);
	}
	err_free(own_e);
}

/* Copies @text without the two separators; returns the new position in @buf, at most @len. */
static size_t pack_text(char *buf, size_t pos, size_t len, const char *text)
{
	for (; *text && pos < len; text++)
		buf[pos++] = *text == PACK_UNIT || *text == PACK_RECORD ? ' ' : *text;
	return pos;
}

static size_t pack_byte(char *buf, size_t pos, size_t len, char byte)
{
	if (pos < len)
		buf[pos++] = byte;
	return pos;
}

void err_pack(const struct err *e, char *buf, size_t len)
{
	size_t pos = 0;

	if (!len)
		return;
	len--; /* for the NUL */
	for (; e && pos < len; e = e->next) {
		char numbers[32];

		snprintf(numbers, sizeof(numbers), "%d %d ", (int)e->code, e->errnum);
		pos = pack_text(buf, pos, len, numbers);
		pos = pack_text(buf, pos, len, e->message);
		pos = pack_byte(buf, pos, len, PACK_UNIT);
		pos = pack_text(buf, pos, len, e->hint ? e->hint : "");
		pos = pack_byte(buf, pos, len, PACK_RECORD);
	}
	buf[pos] = 0;
}

/* One record, NUL-terminated; a record that was cut off keeps what is there of it. */
static struct err *unpack_record(char *record)
{
	char *hint = strchr(record, PACK_UNIT);
	char *rest = record;
	long code = strtol(rest, &rest, 10);
	long errnum = strtol(rest, &rest, 10);
	struct err *e;

	if (hint)
		*hint++ = 0;
	if (code < ERR_USAGE || code > ERR_BUG)
		code = ERR_BUG;
	if (errnum < 0 || errnum > 4095)
		errnum = 0;
	e = err_new((enum err_code)code, "%s", *rest == ' ' ? rest + 1 : rest);
	if (hint && *hint)
		e = err_hint(e, "%s", hint);
	if (!err_is_static(e))
		e->errnum = (int)errnum;
	return e;
}

struct err *err_unpack(const char *buf)
{
	AUTO_FREE char *copy = strdup(buf);
	struct err *e = NULL;
	char *record, *rest;

	if (!copy)
		return err_get_nomem();
	for (record = copy; record && *record; record = rest) {
		rest = strchr(record, PACK_RECORD);
		if (rest)
			*rest++ = 0;
		e = err_join(e, unpack_record(record));
	}
	return e;
}
