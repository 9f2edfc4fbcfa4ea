// SPDX-License-Identifier: GPL-2.0-only
#include "proc/scan.h"

#include <string.h>

enum { SCAN_PID_MAX = 1 << 30 };

bool scan_line(struct scan *s, struct scan *line_out)
{
	const char *newline;

	if (s->pos == s->end)
		return false;
	newline = memchr(s->pos, '\n', (size_t)(s->end - s->pos));
	line_out->pos = s->pos;
	line_out->end = newline ? newline : s->end;
	s->pos = newline ? newline + 1 : s->end;
	return true;
}

bool scan_char(struct scan *s, char c)
{
	if (s->pos == s->end || *s->pos != c)
		return false;
	s->pos++;
	return true;
}

bool scan_text(struct scan *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, text, len))
		return false;
	s->pos += len;
	return true;
}

void scan_blanks(struct scan *s)
{
	while (s->pos < s->end && (*s->pos == ' ' || *s->pos == '\t'))
		s->pos++;
}

bool scan_word(struct scan *s, struct scan *word_out)
{
	const char *pos = s->pos;

	while (pos < s->end && *pos != ' ' && *pos != '\t' && *pos != '\n')
		pos++;
	if (pos == s->pos)
		return false;
	*word_out = (struct scan){ .pos = s->pos, .end = pos };
	s->pos = pos;
	return true;
}

bool scan_is(const struct scan *s, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(s->end - s->pos) == len && !memcmp(s->pos, text, len);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool scan_base(struct scan *s, unsigned int base, uint64_t *out)
{
	const char *pos = s->pos;
	uint64_t value = 0;

	for (; pos < s->end; pos++) {
		unsigned int digit = (unsigned int)digit_value(*pos);

		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (pos == s->pos)
		return false;
	s->pos = pos;
	*out = value;
	return true;
}

bool scan_u64(struct scan *s, uint64_t *out)
{
	return scan_base(s, 10, out);
}

bool scan_hex(struct scan *s, uint64_t *out)
{
	return scan_base(s, 16, out);
}

bool scan_oct(struct scan *s, uint64_t *out)
{
	return scan_base(s, 8, out);
}

bool scan_i64(struct scan *s, int64_t *out)
{
	struct scan here = *s;
	bool is_negative = scan_char(&here, '-');
	uint64_t value;

	if (!scan_u64(&here, &value) || value > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
		return false;
	*out = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	*s = here;
	return true;
}

bool scan_pid(struct scan *s, int *out)
{
	struct scan here = *s;
	uint64_t value;

	if (!scan_u64(&here, &value) || value == 0 || value > SCAN_PID_MAX)
		return false;
	*out = (int)value;
	*s = here;
	return true;
}

struct err *scan_error(const struct scan *s, const char *what)
{
	size_t left = (size_t)(s->end - s->pos), i;
	char near[33];

	for (i = 0; i < left && i < sizeof(near) - 1; i++)
		near[i] = s->pos[i] >= ' ' && s->pos[i] < 0x7f ? s->pos[i] : '?';
	near[i] = 0;
	return err_new(ERR_SYS, "cannot parse %s near \"%s\"", what, near);
}
