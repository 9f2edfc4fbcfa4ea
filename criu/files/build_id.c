// SPDX-License-Identifier: GPL-2.0-only
/*
 * The build-id of an ELF file: the linker's digest of what it linked, in a note.  A file whose note is not in
 * its first MiB counts as having none.  Works on untrusted bytes.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/options.h"
#include "files/files_priv.h"

enum { WINDOW_BYTES = 1 << 20, MAX_ID_BYTES = BUILD_ID_WORDS * 4 };

struct window {
	const unsigned char *bytes;
	size_t len;
};

/* @len bytes at @off, or NULL when they are not in the window. */
static const void *window_at(const struct window *w, uint64_t off, uint64_t len)
{
	return off <= w->len && len <= w->len - off ? w->bytes + off : NULL;
}

static size_t pad4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static size_t take_id(const unsigned char *id, size_t len, uint32_t *words)
{
	if (!len || len > MAX_ID_BYTES)
		return 0;
	memset(words, 0, pad4(len));
	memcpy(words, id, len);
	return pad4(len) / 4;
}

static size_t scan_notes(const struct window *w, uint64_t off, uint64_t len, uint32_t *words)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *raw = window_at(w, off, sizeof(*raw));
		const unsigned char *name;
		Elf64_Nhdr note;
		uint64_t size;

		if (!raw)
			return 0;
		memcpy(&note, raw, sizeof(note));
		size = sizeof(note) + ((uint64_t)note.n_namesz + 3) / 4 * 4 +
		       ((uint64_t)note.n_descsz + 3) / 4 * 4;
		name = window_at(w, off + sizeof(note), size - sizeof(note));
		if (!name || size > len)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(name, "GNU", 4))
			return take_id(name + 4, note.n_descsz, words);
		off += size;
		len -= size;
	}
	return 0;
}

static size_t scan_elf64(const struct window *w, uint32_t *words)
{
	Elf64_Ehdr eh;

	if (w->len < sizeof(eh))
		return 0;
	memcpy(&eh, w->bytes, sizeof(eh));
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		const void *raw = window_at(w, eh.e_phoff + (uint64_t)i * sizeof(Elf64_Phdr),
					    sizeof(Elf64_Phdr));
		Elf64_Phdr ph;
		size_t nr;

		if (!raw)
			return 0;
		memcpy(&ph, raw, sizeof(ph));
		if (ph.p_type != PT_NOTE)
			continue;
		nr = scan_notes(w, ph.p_offset, ph.p_filesz, words);
		if (nr)
			return nr;
	}
	return 0;
}

static size_t scan_elf32(const struct window *w, uint32_t *words)
{
	Elf32_Ehdr eh;

	memcpy(&eh, w->bytes, sizeof(eh));
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		const void *raw = window_at(w, eh.e_phoff + (uint64_t)i * sizeof(Elf32_Phdr),
					    sizeof(Elf32_Phdr));
		Elf32_Phdr ph;
		size_t nr;

		if (!raw)
			return 0;
		memcpy(&ph, raw, sizeof(ph));
		if (ph.p_type != PT_NOTE)
			continue;
		nr = scan_notes(w, ph.p_offset, ph.p_filesz, words);
		if (nr)
			return nr;
	}
	return 0;
}

static size_t scan_elf(const struct window *w, uint32_t *words)
{
	if (w->len < sizeof(Elf32_Ehdr) || memcmp(w->bytes, ELFMAG, SELFMAG))
		return 0;
	return w->bytes[EI_CLASS] == ELFCLASS64 ? scan_elf64(w, words) :
	       w->bytes[EI_CLASS] == ELFCLASS32 ? scan_elf32(w, words) :
						  0;
}

struct err *build_id_read(int fd, uint32_t *words, size_t *nr_out)
{
	/* The headers and notes of nearly every ELF file fit here, and reading is cheaper than mapping. */
	unsigned char head[4096] __attribute__((aligned(8)));
	ssize_t len = pread(fd, head, sizeof(head), 0);
	struct window w = { .bytes = head };
	AUTO_FREE unsigned char *whole = NULL;

	*nr_out = 0;
	if (len < 0)
		return err_sys(errno, "cannot read the head of a file");
	w.len = (size_t)len;
	*nr_out = scan_elf(&w, words);
	if (*nr_out || w.len < sizeof(head) || memcmp(head, ELFMAG, SELFMAG))
		return NULL;
	whole = malloc(WINDOW_BYTES);
	if (!whole)
		return err_sys(ENOMEM, "cannot read the head of a file");
	len = pread(fd, whole, WINDOW_BYTES, 0);
	if (len < 0)
		return err_sys(errno, "cannot read the head of a file");
	w = (struct window){ .bytes = whole, .len = (size_t)len };
	*nr_out = scan_elf(&w, words);
	return NULL;
}

struct build_id {
	struct lookup_node node;
	dev_t dev;
	ino_t ino;
	const uint32_t *words;
	size_t nr;
};

/* Reading must not be seen in the file's access time, and must break no lease. */
static struct err *read_probe(const struct fd_probe *p, uint32_t *words, size_t *nr_out)
{
	AUTO_FD fd = -1;
	struct err *e;

	*nr_out = 0;
	if (p->has_write_lease)
		return NULL;
	e = fd_probe_reopen(p, O_RDONLY | O_NOATIME | O_NONBLOCK, &fd);
	if (e) {
		err_drop(e, "not ours, or no right to read it: the size is all that is compared");
		return NULL;
	}
	return build_id_read(fd, words, nr_out);
}

/*
 * Only files that look like code are read: behind a mapping or exe, or with an execute bit.  Of other open
 * files the size is compared.
 */
static bool is_wanted(const struct dump *d, const struct fd_probe *p)
{
	return d->opts->file_validation_build_id && S_ISREG(p->st.st_mode) &&
	       p->st.st_size > (off_t)sizeof(Elf32_Ehdr) && !(p->flags & O_PATH) &&
	       (p->fd < 0 || p->st.st_mode & 0111);
}

struct err *build_id_dump(struct dump *d, const struct fd_probe *p, const uint32_t **words_out,
			  size_t *nr_out)
{
	struct lookup *l = &d->files->dump->build_ids;
	uint64_t hash = lookup_hash_u64(lookup_hash_u64(0, p->st.st_dev), p->st.st_ino);
	uint32_t words[BUILD_ID_WORDS];
	struct build_id *b = NULL;

	*nr_out = 0;
	if (!is_wanted(d, p))
		return NULL;
	for (struct lookup_node *n = lookup_first(l, hash); n; n = lookup_next(n)) {
		b = CONTAINER_OF(n, struct build_id, node);
		if (b->dev == p->st.st_dev && b->ino == p->st.st_ino)
			break;
		b = NULL;
	}
	if (!b) {
		b = ARENA_NEW(d->arena, struct build_id);
		b->dev = p->st.st_dev;
		b->ino = p->st.st_ino;
		TRY(read_probe(p, words, &b->nr));
		b->words = arena_memdup(d->arena, words, b->nr * sizeof(*words));
		lookup_add(l, &b->node, hash);
	}
	*words_out = b->words;
	*nr_out = b->nr;
	return NULL;
}
