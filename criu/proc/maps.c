// SPDX-License-Identifier: GPL-2.0-only
#include "proc/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

enum {
	MAPS_CHUNK = 65536, /* of the stream; no line is longer: a path has 4096 bytes, escaped */
	DELETED_LEN = 10,   /* " (deleted)" */
};

/* A parse that is fed whole lines, in as many pieces as it takes. */
struct maps_parse {
	struct arena *arena;
	struct proc_maps maps;
};

/* clang-format off */
static const struct vm_flag_word {
	char word[3];
	uint64_t flag;
} vm_flag_words[] = {
	{ "rd", VMF_READ },        { "wr", VMF_WRITE },        { "ex", VMF_EXEC },
	{ "sh", VMF_SHARED },      { "mr", VMF_MAYREAD },      { "mw", VMF_MAYWRITE },
	{ "me", VMF_MAYEXEC },     { "ms", VMF_MAYSHARE },     { "gd", VMF_GROWSDOWN },
	{ "pf", VMF_PFNMAP },      { "lo", VMF_LOCKED },       { "io", VMF_IO },
	{ "sr", VMF_SEQ_READ },    { "rr", VMF_RAND_READ },    { "dc", VMF_DONTCOPY },
	{ "de", VMF_DONTEXPAND },  { "lf", VMF_LOCKONFAULT },  { "ac", VMF_ACCOUNT },
	{ "nr", VMF_NORESERVE },   { "ht", VMF_HUGETLB },      { "sf", VMF_SYNC },
	{ "wf", VMF_WIPEONFORK },  { "dd", VMF_DONTDUMP },     { "sd", VMF_SOFTDIRTY },
	{ "mm", VMF_MIXEDMAP },    { "hg", VMF_HUGEPAGE },     { "nh", VMF_NOHUGEPAGE },
	{ "mg", VMF_MERGEABLE },   { "um", VMF_UFFD_MISSING }, { "uw", VMF_UFFD_WP },
	{ "ui", VMF_UFFD_MINOR },  { "ss", VMF_SHADOW_STACK }, { "sl", VMF_SEALED },
	{ "dp", VMF_DROPPABLE },   { "gu", VMF_MAYBE_GUARD },  { "mt", VMF_MTE },
	{ "ar", VMF_ARCH },        { "bt", VMF_ARCH },
	/* 6.1 has no word for it, and words for all else that a locked area may have. */
	{ "??", VMF_LOCKONFAULT },
};
/* clang-format on */

static uint64_t vm_flag(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(vm_flag_words); i++) {
		if (!memcmp(vm_flag_words[i].word, word, 2))
			return vm_flag_words[i].flag;
	}
	return VMF_UNKNOWN;
}

static bool parse_vm_flags(struct scan *s, struct proc_vma *vma)
{
	uint64_t flags = 0;

	for (scan_blanks(s); !scan_at_end(s); scan_blanks(s)) {
		struct scan word;

		if (!scan_word(s, &word) || word.end - word.pos != 2)
			return false;
		flags |= vm_flag(word.pos);
	}
	vma->flags = flags;
	return true;
}

static bool parse_perms(struct scan *s, struct proc_vma *vma)
{
	const char *p = s->pos;

	if (s->end - s->pos < 4 || !strchr("r-", p[0]) || !strchr("w-", p[1]) ||
	    !strchr("x-", p[2]) || !strchr("sp", p[3]) || !p[0] || !p[1] || !p[2] || !p[3])
		return false;
	vma->prot = (p[0] == 'r' ? PROT_READ : 0) | (p[1] == 'w' ? PROT_WRITE : 0) |
		    (p[2] == 'x' ? PROT_EXEC : 0);
	vma->is_shared = p[3] == 's';
	vma->flags = (p[0] == 'r' ? VMF_READ : 0) | (p[1] == 'w' ? VMF_WRITE : 0) |
		     (p[2] == 'x' ? VMF_EXEC : 0) | (p[3] == 's' ? VMF_MAYSHARE : 0);
	s->pos += 4;
	return true;
}

static bool parse_place(struct scan *s, struct proc_vma *vma)
{
	uint64_t major, minor;

	if (!scan_char(s, ' ') || !scan_hex(s, &vma->pgoff) || !scan_char(s, ' ') ||
	    !scan_hex(s, &major) || !scan_char(s, ':') || !scan_hex(s, &minor) ||
	    !scan_char(s, ' ') || !scan_u64(s, &vma->ino) || major > UINT32_MAX ||
	    minor > UINT32_MAX)
		return false;
	vma->dev_major = (uint32_t)major;
	vma->dev_minor = (uint32_t)minor;
	return true;
}

/* The kernel writes a newline in a name as \012; a NUL cannot be in one. */
static bool parse_path(struct maps_parse *m, struct scan *s, struct proc_vma *vma)
{
	size_t len, to = 0;
	char *path;

	scan_blanks(s);
	len = (size_t)(s->end - s->pos);
	if (!len) {
		vma->path = "";
		return true;
	}
	if (memchr(s->pos, 0, len))
		return false;
	if (vma->ino && len > DELETED_LEN &&
	    !memcmp(s->end - DELETED_LEN, " (deleted)", DELETED_LEN)) {
		vma->is_deleted = true;
		len -= DELETED_LEN;
	}
	path = arena_alloc(m->arena, len + 1);
	for (size_t from = 0; from < len; to++) {
		bool is_newline = len - from >= 4 && !memcmp(s->pos + from, "\\012", 4);

		path[to] = is_newline ? '\n' : s->pos[from];
		from += is_newline ? 4 : 1;
	}
	vma->path = path;
	s->pos = s->end;
	return true;
}

/* Neighbours mostly have the same path, so its copy is shared. */
static bool path_is_last(const struct maps_parse *m, const struct scan *s, struct proc_vma *vma)
{
	const struct proc_vma *last = m->maps.nr ? &m->maps.vmas[m->maps.nr - 1] : NULL;
	struct scan rest = *s;

	scan_blanks(&rest);
	if (!last || last->is_deleted || !scan_is(&rest, last->path))
		return false;
	vma->path = last->path;
	return true;
}

static struct err *parse_header(struct maps_parse *m, struct scan *line)
{
	struct scan s = *line;
	struct proc_vma vma = { 0 };
	uint64_t floor = m->maps.nr ? m->maps.vmas[m->maps.nr - 1].end : 0;

	if (!scan_hex(&s, &vma.start) || !scan_char(&s, '-') || !scan_hex(&s, &vma.end) ||
	    !scan_char(&s, ' ') || !parse_perms(&s, &vma) || !parse_place(&s, &vma))
		return scan_error(line, "a mapping");
	if (vma.start >= vma.end || vma.start < floor || ((vma.start | vma.end) & 0xfff))
		return scan_error(line, "the addresses of a mapping");
	if (!path_is_last(m, &s, &vma) && !parse_path(m, &s, &vma))
		return scan_error(line, "the path of a mapping");
	m->maps.vmas = arena_grow(m->arena, m->maps.vmas, m->maps.nr, sizeof(*m->maps.vmas));
	m->maps.vmas[m->maps.nr++] = vma;
	return NULL;
}

static bool parse_kb(struct scan *s, uint64_t *bytes)
{
	uint64_t kb;

	scan_blanks(s);
	if (!scan_u64(s, &kb) || kb > UINT64_MAX / 1024 || !scan_text(s, " kB"))
		return false;
	*bytes += kb * 1024;
	return true;
}

static bool parse_pkey(struct scan *s, struct proc_vma *vma)
{
	uint64_t key;

	scan_blanks(s);
	if (!scan_u64(s, &key) || key > UINT32_MAX)
		return false;
	vma->pkey = (uint32_t)key;
	return true;
}

/*
 * One of the about 25 lines below a header; what we do not use costs one comparison of its first
 * byte.
 */
static struct err *parse_attribute(struct maps_parse *m, const struct scan *line)
{
	struct scan s = *line;
	struct proc_vma *vma;
	bool ok = true;

	if (!m->maps.nr)
		return scan_error(line, "an smaps line before the first mapping");
	vma = &m->maps.vmas[m->maps.nr - 1];
	switch (*s.pos) {
	case 'V':
		ok = !scan_text(&s, "VmFlags:") || parse_vm_flags(&s, vma);
		break;
	case 'R':
		ok = !scan_text(&s, "Rss:") || parse_kb(&s, &vma->rss_bytes);
		break;
	case 'A':
		ok = !scan_text(&s, "Anonymous:") || parse_kb(&s, &vma->anonymous_bytes);
		break;
	case 'K':
		ok = !scan_text(&s, "KernelPageSize:") || parse_kb(&s, &vma->page_size);
		break;
	case 'S':
		if (scan_text(&s, "Swap:"))
			ok = parse_kb(&s, &vma->swap_bytes);
		else if (scan_text(&s, "Shared_Clean:") || scan_text(&s, "Shared_Dirty:"))
			ok = parse_kb(&s, &vma->shared_bytes);
		else if (scan_text(&s, "Shared_Hugetlb:"))
			ok = parse_kb(&s, &vma->hugetlb_bytes);
		break;
	case 'P':
		if (scan_text(&s, "Private_Hugetlb:"))
			ok = parse_kb(&s, &vma->hugetlb_bytes);
		else if (scan_text(&s, "Pss:"))
			ok = parse_kb(&s, &vma->pss_bytes);
		else if (scan_text(&s, "ProtectionKey:"))
			ok = parse_pkey(&s, vma);
		break;
	}
	return ok ? NULL : scan_error(line, "an smaps line");
}

static struct err *parse_lines(struct maps_parse *m, const char *text, size_t len)
{
	struct scan s = scan_init(text, len), line;

	while (scan_line(&s, &line)) {
		bool is_attribute = !scan_at_end(&line) && *line.pos >= 'A' && *line.pos <= 'Z';

		TRY(is_attribute ? parse_attribute(m, &line) : parse_header(m, &line));
	}
	return NULL;
}

struct err *proc_maps_parse(const char *text, size_t len, struct arena *a, struct proc_maps *out)
{
	struct maps_parse m = { .arena = a };

	TRY(parse_lines(&m, text, len));
	*out = m.maps;
	return NULL;
}

/* Parses the whole lines of a buffer and moves the rest to its start. */
static struct err *parse_chunk(struct maps_parse *m, char *buf, size_t *len)
{
	const char *last = memrchr(buf, '\n', *len);
	size_t whole = last ? (size_t)(last + 1 - buf) : 0;

	if (!whole && *len == MAPS_CHUNK)
		return err_new(ERR_SYS, "cannot parse a list of mappings: a line exceeds %d bytes",
			       MAPS_CHUNK);
	TRY(parse_lines(m, buf, whole));
	*len -= whole;
	memmove(buf, buf + whole, *len);
	return NULL;
}

static struct err *maps_stream(int fd, struct maps_parse *m)
{
	AUTO_FREE char *buf = malloc(MAPS_CHUNK);
	size_t len = 0;

	if (!buf)
		return err_sys(ENOMEM, "cannot read a list of mappings");
	for (;;) {
		ssize_t n = read(fd, buf + len, MAPS_CHUNK - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot read a list of mappings");
		if (n == 0)
			break;
		len += (size_t)n;
		TRY(parse_chunk(m, buf, &len));
	}
	return parse_lines(m, buf, len);
}

static struct err *maps_read(int dirfd, const char *name, struct arena *a, struct proc_maps *out)
{
	struct maps_parse m = { .arena = a };
	AUTO_FD fd = -1;

	TRY(proc_open_file(dirfd, name, O_RDONLY, &fd));
	TRY(maps_stream(fd, &m));
	*out = m.maps;
	return NULL;
}

struct err *proc_maps_read(int dirfd, struct arena *a, struct proc_maps *out)
{
	return maps_read(dirfd, "smaps", a, out);
}

struct err *proc_maps_read_quick(int dirfd, struct arena *a, struct proc_maps *out)
{
	return maps_read(dirfd, "maps", a, out);
}

const struct proc_vma *proc_maps_find(const struct proc_maps *m, uint64_t addr)
{
	size_t low = 0, high = m->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->vmas[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->nr ? &m->vmas[low] : NULL;
}
