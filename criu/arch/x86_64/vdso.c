/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a vDSO's dynamic symbols, from the program headers alone (section headers are not mapped in
 * every kernel's vDSO), and writes redirections over its functions.
 *
 * Invariant: nothing outside [bytes, bytes + len) is read or written, whatever the bytes say.
 */

#include "arch/x86_64/vdso.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* Where the dynamic section says the tables are: offsets in the image. */
struct dynamic {
	uint64_t symtab, strtab, strsz, hash;
};

/* A struct of @size bytes at @offset, or NULL when it does not lie inside. */
static const void *at(const struct vdso_image *v, uint64_t offset, uint64_t size)
{
	if (offset > v->len || size > v->len - offset)
		return NULL;
	return v->bytes + offset;
}

static struct err *not_a_vdso(const char *why)
{
	return err_new(ERR_IMAGE, "cannot read the vDSO: %s", why);
}

/* Copies the program header of @type; the last one wins, there is one. */
static bool find_phdr(const struct vdso_image *v, const Elf64_Ehdr *eh, uint32_t type,
		      Elf64_Phdr *out)
{
	bool found = false;

	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr ph;
		const void *p = at(v, eh->e_phoff + (uint64_t)i * sizeof(ph), sizeof(ph));

		if (!p)
			return false;
		memcpy(&ph, p, sizeof(ph));
		if (ph.p_type == type && !found) {
			*out = ph;
			found = true;
		}
	}
	return found;
}

static struct err *read_dynamic(const struct vdso_image *v, const Elf64_Phdr *dyn, uint64_t base,
				struct dynamic *out)
{
	struct dynamic d = { 0 };

	for (uint64_t off = 0; off + sizeof(Elf64_Dyn) <= dyn->p_filesz; off += sizeof(Elf64_Dyn)) {
		Elf64_Dyn e;
		const void *p = at(v, dyn->p_offset + off, sizeof(e));

		if (!p)
			return not_a_vdso("its dynamic section is cut");
		memcpy(&e, p, sizeof(e));
		if (e.d_tag == DT_NULL)
			break;
		if (e.d_tag == DT_SYMTAB)
			d.symtab = e.d_un.d_ptr - base;
		else if (e.d_tag == DT_STRTAB)
			d.strtab = e.d_un.d_ptr - base;
		else if (e.d_tag == DT_STRSZ)
			d.strsz = e.d_un.d_val;
		else if (e.d_tag == DT_HASH)
			d.hash = e.d_un.d_ptr - base;
	}
	if (!d.symtab || !d.strtab || !d.strsz || !at(v, d.strtab, d.strsz))
		return not_a_vdso("it has no symbol table");
	if (v->bytes[d.strtab + d.strsz - 1])
		return not_a_vdso("its names do not end");
	*out = d;
	return NULL;
}

/*
 * The ELF hash table knows the number of symbols.  Newer linkers may leave it out; then the table
 * ends where the names begin, as every linker lays it out.
 */
static uint64_t count_syms(const struct vdso_image *v, const struct dynamic *d)
{
	uint32_t counts[2];
	const void *p = d->hash ? at(v, d->hash, sizeof(counts)) : NULL;

	if (p) {
		memcpy(counts, p, sizeof(counts));
		return counts[1];
	}
	return d->strtab > d->symtab ? (d->strtab - d->symtab) / sizeof(Elf64_Sym) : 0;
}

static struct err *read_syms(struct vdso_image *v, const struct dynamic *d, uint64_t base)
{
	uint64_t nr = count_syms(v, d);

	for (uint64_t i = 0; i < nr; i++) {
		Elf64_Sym s;
		const void *p = at(v, d->symtab + i * sizeof(s), sizeof(s));

		if (!p)
			return not_a_vdso("its symbol table is cut");
		memcpy(&s, p, sizeof(s));
		if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF)
			continue;
		if (s.st_name >= d->strsz || !at(v, s.st_value - base, s.st_size))
			return not_a_vdso("a function lies outside of it");
		if (v->nr_syms == VDSO_MAX_SYMS)
			return not_a_vdso("it has too many functions");
		v->syms[v->nr_syms++] = (struct vdso_sym){
			.name = (const char *)v->bytes + d->strtab + s.st_name,
			.offset = (uint32_t)(s.st_value - base),
			.len = (uint32_t)s.st_size,
		};
	}
	return v->nr_syms ? NULL : not_a_vdso("it has no functions");
}

struct err *vdso_parse(const void *bytes, size_t len, struct vdso_image *out)
{
	struct vdso_image v = { .bytes = bytes, .len = len };
	Elf64_Phdr load, dyn;
	struct dynamic d = { 0 };
	Elf64_Ehdr eh;

	if (len < sizeof(eh) || len > VDSO_MAX_BYTES)
		return not_a_vdso("its size is impossible");
	memcpy(&eh, bytes, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_machine != EM_X86_64 || eh.e_phentsize != sizeof(Elf64_Phdr))
		return not_a_vdso("it is no x86-64 ELF image");
	if (!find_phdr(&v, &eh, PT_LOAD, &load) || !find_phdr(&v, &eh, PT_DYNAMIC, &dyn))
		return not_a_vdso("program headers are missing");
	/*
	 * Linked at 0 or, long ago, at a high address; file offset 0 is its first byte in both
	 * cases.
	 */
	TRY(read_dynamic(&v, &dyn, load.p_vaddr - load.p_offset, &d));
	TRY(read_syms(&v, &d, load.p_vaddr - load.p_offset));
	*out = v;
	return NULL;
}

const struct vdso_sym *vdso_find(const struct vdso_image *v, const char *name)
{
	for (size_t i = 0; i < v->nr_syms; i++)
		if (!strcmp(v->syms[i].name, name))
			return &v->syms[i];
	return NULL;
}

/* What a vDSO function does in the kernel instead; -1: it exists in a vDSO only. */
static long syscall_of(const char *name)
{
	static const struct {
		const char *name;
		long nr;
	} calls[] = {
		{ "clock_gettime", SYS_clock_gettime },
		{ "gettimeofday", SYS_gettimeofday },
		{ "time", SYS_time },
		{ "getcpu", SYS_getcpu },
		{ "clock_getres", SYS_clock_getres },
	};

	if (!strncmp(name, "__vdso_", 7))
		name += 7;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].nr;
	return -1;
}

/* Room for the longest of the put_ functions. */
enum { CODE_BYTES = 16 };

/* movabs $target,%rax; jmp *%rax: reaches any address; rax holds nothing at a function's entry. */
static size_t put_jump(uint8_t code[CODE_BYTES], uint64_t target)
{
	code[0] = 0x48;
	code[1] = 0xb8;
	memcpy(code + 2, &target, sizeof(target));
	code[10] = 0xff;
	code[11] = 0xe0;
	return 12;
}

/* mov $nr,%eax; syscall; ret */
static size_t put_syscall(uint8_t code[CODE_BYTES], uint32_t nr)
{
	code[0] = 0xb8;
	memcpy(code + 1, &nr, sizeof(nr));
	code[5] = 0x0f;
	code[6] = 0x05;
	code[7] = 0xc3;
	return 8;
}

/* mov $-ENOSYS,%rax; ret: callers of what is no plain system call have their own way for that. */
static size_t put_enosys(uint8_t code[CODE_BYTES])
{
	int32_t value = -ENOSYS;

	code[0] = 0x48;
	code[1] = 0xc7;
	code[2] = 0xc0;
	memcpy(code + 3, &value, sizeof(value));
	code[7] = 0xc3;
	return 8;
}

struct err *vdso_redirect(uint8_t *bytes, const struct vdso_image *old,
			  const struct vdso_image *running, uint64_t running_start)
{
	for (size_t i = 0; i < old->nr_syms; i++) {
		const struct vdso_sym *from = &old->syms[i];
		const struct vdso_sym *to = vdso_find(running, from->name);
		long nr = syscall_of(from->name);
		uint8_t code[CODE_BYTES];
		size_t len;

		if (to)
			len = put_jump(code, running_start + to->offset);
		else if (nr >= 0)
			len = put_syscall(code, (uint32_t)nr);
		else
			len = put_enosys(code);
		if (len > from->len)
			return err_new(ERR_IMAGE,
				       "cannot redirect vDSO function %s: it has %u bytes",
				       from->name, from->len);
		memcpy(bytes + from->offset, code, len);
	}
	return NULL;
}

bool vdso_is_overwritten(const struct vdso_image *old, uint64_t offset)
{
	for (size_t i = 0; i < old->nr_syms; i++)
		if (offset > old->syms[i].offset && offset < old->syms[i].offset + CODE_BYTES)
			return true;
	return false;
}

bool vdso_find_syscall(const void *bytes, size_t len, size_t *offset_out)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i + 2 <= len; i++) {
		if (b[i] == 0x0f && b[i + 1] == 0x05) {
			*offset_out = i;
			return true;
		}
	}
	return false;
}
