/* SPDX-License-Identifier: GPL-2.0-only */
/* Build-ids of real, odd and hostile ELF files, and the hash table of files/. */

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files/files_priv.h"
#include "unit.h"

struct elf {
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	Elf64_Nhdr note;
	char name[4];
	unsigned char id[20];
};

static struct elf good(void)
{
	struct elf e = {
		.eh = { .e_phoff = offsetof(struct elf, ph), .e_phnum = 1 },
		.ph = { .p_type = PT_NOTE,
			.p_offset = offsetof(struct elf, note),
			.p_filesz = sizeof(struct elf) - offsetof(struct elf, note) },
		.note = { .n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID },
		.name = "GNU",
	};

	memcpy(e.eh.e_ident, ELFMAG, SELFMAG);
	e.eh.e_ident[EI_CLASS] = ELFCLASS64;
	for (unsigned int i = 0; i < sizeof(e.id); i++)
		e.id[i] = (unsigned char)(i + 1);
	return e;
}

static size_t read_bytes(const void *bytes, size_t len, uint32_t *words)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	size_t nr = 99;

	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	CHECK_OK(build_id_read(fd, words, &nr));
	close(fd);
	CHECK(nr <= BUILD_ID_WORDS);
	return nr;
}

static size_t read_elf(struct elf e, uint32_t *words)
{
	return read_bytes(&e, sizeof(e), words);
}

static void check_fields(void)
{
	uint32_t words[BUILD_ID_WORDS];
	struct elf e = good();

	CHECK(read_elf(e, words) == 5);
	CHECK(words[0] == 0x04030201 && words[4] == 0x14131211);
	e.note.n_descsz = 18; /* padded with zeros */
	CHECK(read_elf(e, words) == 5 && words[4] == 0x1211);
	e = good();
	e.note.n_descsz = 0;
	CHECK(read_elf(e, words) == 0);
	e = good();
	e.note.n_descsz = 0xfffffff0u;
	CHECK(read_elf(e, words) == 0);
	e = good();
	e.note.n_namesz = 0xffffffffu;
	CHECK(read_elf(e, words) == 0);
	e = good();
	e.ph.p_offset = ~0ull - 3;
	CHECK(read_elf(e, words) == 0);
	e = good();
	e.eh.e_phoff = ~0ull;
	e.eh.e_phnum = 0xffff;
	CHECK(read_elf(e, words) == 0);
	e = good();
	e.note.n_type = 7;
	CHECK(read_elf(e, words) == 0);
}

/* Every cut of a good file, and every byte of it changed: never more than there is. */
static void check_damage(void)
{
	uint32_t words[BUILD_ID_WORDS];
	struct elf e = good();

	for (size_t len = 0; len < offsetof(struct elf, id) + sizeof(e.id); len++)
		CHECK(read_bytes(&e, len, words) == 0);
	for (size_t i = 0; i < sizeof(e); i++) {
		struct elf bad = good();

		((unsigned char *)&bad)[i] ^= 0xff;
		read_elf(bad, words);
	}
}

/* The note of a big file may lie behind its first page. */
static void check_far_note(void)
{
	static char bytes[1 << 16];
	uint32_t words[BUILD_ID_WORDS];
	struct elf e = good();

	e.ph.p_offset = 50000;
	memcpy(bytes, &e, sizeof(e));
	memcpy(bytes + 50000, &e.note, sizeof(e) - offsetof(struct elf, note));
	memset(bytes + offsetof(struct elf, note), 0, 8);
	CHECK(read_bytes(bytes, sizeof(bytes), words) == 5 && words[1] == 0x08070605);
}

struct number {
	struct lookup_node node;
	uint64_t value;
};

static struct number *find(const struct lookup *l, uint64_t value)
{
	struct lookup_node *n = lookup_first(l, lookup_hash_u64(0, value));

	while (n && CONTAINER_OF(n, struct number, node)->value != value)
		n = lookup_next(n);
	return n ? CONTAINER_OF(n, struct number, node) : NULL;
}

static void check_lookup(void)
{
	struct arena *a = arena_new();
	struct lookup l = { .arena = a };

	CHECK(!find(&l, 1));
	for (uint64_t i = 0; i < 10000; i++) {
		struct number *n = ARENA_NEW(a, struct number);

		n->value = i * 8;
		lookup_add(&l, &n->node, lookup_hash_u64(0, n->value));
	}
	for (uint64_t i = 0; i < 80000; i++)
		CHECK(!!find(&l, i) == (i % 8 == 0));
	CHECK(lookup_hash_text(0, "/a/b/c/d/e/f") != lookup_hash_text(0, "/a/b/c/d/e/g"));
	arena_free(a);
}

int main(void)
{
	UNIT_RUN(check_fields);
	UNIT_RUN(check_damage);
	UNIT_RUN(check_far_note);
	UNIT_RUN(check_lookup);
	return 0;
}
