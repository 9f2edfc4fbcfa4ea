// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsers of bytes that are no messages: ELF files, extended CPU state, manifests, packed failures, names of images,
 * and the wire format itself.  First byte: which one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "arch/x86_64/xstate.h"
#include "base/arena.h"
#include "base/fd.h"
#include "files/files_priv.h"
#include "files/sk_diag.h"
#include "fuzz/lib/fuzz.h"
#include "image/manifest.h"
#include "image/records.h"
#include "image/wire.h"

enum { MANIFEST_HEAD = 96, VDSO_BYTES = 8192 };

/* A copy of exactly its length, so that a read behind it is seen. */
static void *copy_of(const struct input *in)
{
	size_t len = input_left(in);
	void *copy = malloc(len ? len : 1);

	MUST(copy);
	memcpy(copy, in->at, len);
	return copy;
}

/* --- the vDSO --- */

static void check_syms(const struct vdso_image *v)
{
	MUST(v->nr_syms <= VDSO_MAX_SYMS);
	for (size_t i = 0; i < v->nr_syms; i++) {
		const struct vdso_sym *s = &v->syms[i];

		MUST(s->offset <= v->len && s->len <= v->len - s->offset);
		MUST((const uint8_t *)s->name >= v->bytes &&
		     (const uint8_t *)s->name + strlen(s->name) < v->bytes + v->len);
		MUST(vdso_find(v, s->name));
	}
}

static bool running_vdso(struct vdso_image *out)
{
	unsigned long at = getauxval(AT_SYSINFO_EHDR);
	struct err *e = at ? vdso_parse((const void *)at, VDSO_BYTES, out) : NULL;

	MUST(!e);
	return at;
}

/* Only bytes of functions change. */
static void check_redirect(const struct vdso_image *old, const struct vdso_image *to)
{
	AUTO_FREE uint8_t *bytes = malloc(old->len);
	struct err *e;

	MUST(bytes);
	memcpy(bytes, old->bytes, old->len);
	e = vdso_redirect(bytes, old, to, 0x7fff00000000);
	for (size_t i = 0; !e && i < old->len; i++) {
		bool is_function = false;

		for (size_t k = 0; k < old->nr_syms && bytes[i] != old->bytes[i]; k++)
			is_function |= i >= old->syms[k].offset &&
				       i - old->syms[k].offset < old->syms[k].len;
		MUST(is_function || bytes[i] == old->bytes[i]);
	}
	fuzz_drop(e);
}

/* The running vDSO with some bytes changed: a place in 16 bits and a byte, again and again. */
static size_t patched_vdso(struct input *in, uint8_t **own_out)
{
	const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	uint8_t *bytes = calloc(1, VDSO_BYTES);

	MUST(bytes);
	if (vdso)
		memcpy(bytes, vdso, VDSO_BYTES);
	while (input_left(in)) {
		size_t at = (size_t)input_int(in, 2) % VDSO_BYTES;

		bytes[at] = (uint8_t)input_int(in, 1);
	}
	*own_out = bytes;
	return VDSO_BYTES;
}

static void try_vdso(struct input *in)
{
	bool is_patched = input_int(in, 1) & 1;
	AUTO_FREE uint8_t *copy = NULL;
	size_t len = input_left(in), at = 0;
	struct vdso_image v, running;
	struct err *e;

	if (is_patched)
		len = patched_vdso(in, &copy);
	else
		copy = copy_of(in);
	e = vdso_parse(copy, len, &v);
	if (vdso_find_syscall(copy, len, &at))
		MUST(at + 2 <= len && !memcmp(copy + at, "\x0f\x05", 2));
	fuzz_drop(e);
	if (e)
		return;
	check_syms(&v);
	for (uint64_t i = 0; i <= len; i++)
		vdso_is_overwritten(&v, i);
	check_redirect(&v, &v);
	if (running_vdso(&running)) {
		check_redirect(&v, &running);
		check_redirect(&running, &v);
	}
}

/* --- the build-id --- */

static void try_build_id(struct input *in)
{
	AUTO_FD dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t words[BUILD_ID_WORDS];
	uint64_t zeros = input_int(in, 1) * 64;
	size_t nr = 0;
	AUTO_FD fd = -1;

	fuzz_put(dir, "elf", in->at, input_left(in), zeros);
	fd = openat(dir, "elf", O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0 && !build_id_read(fd, words, &nr));
	MUST(nr <= BUILD_ID_WORDS);
	fuzz_clear(dir);
}

/* --- extended state --- */

/* The record of an area makes an area that has the same record. */
static void try_xstate(struct input *in)
{
	AUTO_FREE uint8_t *area = copy_of(in);
	AUTO_FREE uint8_t *second = calloc(1, ARCH_XSTATE_MAX);
	size_t len = input_left(in), second_len = 0;
	struct arena *a = arena_new();
	ThreadInfoX86 info = THREAD_INFO_X86__INIT;
	struct err *e = NULL;

	MUST(second);
	if (len >= 512) {
		MUST(!xstate_to_pb(area, len, a, &info));
		e = xstate_from_pb(&info, second, ARCH_XSTATE_MAX, &second_len);
		MUST(e || second_len <= ARCH_XSTATE_MAX);
	}
	/* x87 registers, without the bytes that no CPU keeps, and XMM. */
	if (second_len && !info.has_xstate)
		MUST(!memcmp(area + 160, second + 160, 256));
	fuzz_drop(e);
	arena_free(a);
}

static void try_xstate_record(struct input *in)
{
	AUTO_FREE uint8_t *area = calloc(1, ARCH_XSTATE_MAX);
	size_t cap = 512 + (size_t)input_int(in, 2) % (ARCH_XSTATE_MAX - 512), len = 0;
	struct arena *a = arena_new();
	ProtobufCMessage *msg = NULL;
	struct err *e = wire_unpack(&thread_info_x86__descriptor, in->at, input_left(in), a, &msg);
	uint8_t *exact = malloc(cap);

	MUST(area && exact);
	if (!e && ((ThreadInfoX86 *)msg)->fpregs)
		e = xstate_from_pb((ThreadInfoX86 *)msg, exact, cap, &len);
	MUST(len <= cap);
	fuzz_drop(e);
	free(exact);
	arena_free(a);
}

/* Whatever the registers are: a frame is as long as it is said to be. */
static void try_registers(struct input *in)
{
	struct arch_context *ctx = aligned_alloc(64, sizeof(*ctx));
	uint64_t addr = input_int(in, 8) & ~63ULL;
	uint8_t how = (uint8_t)input_int(in, 1);
	struct input gp = input_take(in, sizeof(ctx->gp));
	uint8_t *frame;

	MUST(ctx);
	memset(ctx, 0, sizeof(*ctx));
	memcpy(&ctx->gp, gp.at, input_left(&gp));
	ctx->sigmask = input_int(in, 8);
	ctx->xstate_len = 576 + (size_t)input_int(in, 2) % (ARCH_XSTATE_MAX - 576) / 8 * 8;
	memcpy(ctx->xstate, in->at, MIN(input_left(in), ctx->xstate_len));
	arch_gp_is_compat(&ctx->gp);
	arch_syscall_reissue(&ctx->gp, how & 1, how & 2);
	frame = malloc(arch_sigframe_len(ctx));
	MUST(frame);
	arch_sigframe_build(ctx, addr, frame);
	free(frame);
	free(ctx);
}

/* --- the manifest --- */

/* There is one way to write a manifest, so writing what was read gives the bytes that were read. */
static void check_written(const struct manifest *m, const void *bytes, size_t len)
{
	struct manifest_file *files = calloc(m->nr_files + 1, sizeof(*files));
	struct sum_list *lists = calloc(m->nr_files + 1, sizeof(*lists));
	AUTO_FREE uint8_t *again = malloc(len);
	AUTO_FD fd = memfd_create("manifest", MFD_CLOEXEC);
	uint8_t sum[MANIFEST_DIGEST_LEN], want[MANIFEST_DIGEST_LEN];
	struct spool spool;

	MUST(files && lists && again && fd >= 0);
	spool_init(&spool);
	for (size_t i = 0; i < m->nr_files; i++) {
		files[i] = m->files[i];
		lists[i] = (struct sum_list){ .nr = files[i].is_pages ? files[i].size / 4096 : 0,
					      .heap = (uint64_t *)files[i].sums };
		files[i].spooled = &lists[i];
	}
	MUST(!manifest_write(fd, &m->head, files, m->nr_files, &spool, sum));
	MUST(lseek(fd, 0, SEEK_END) == (off_t)len && !fd_pread_all(fd, again, len, 0));
	MUST(!manifest_sum(again, len, false, want) && !memcmp(sum, want, sizeof(sum)));
	if (m->head.has_removed)
		MUST(!manifest_set_removed(fd) && !fd_pread_all(fd, again, len, 0));
	/* Sums of files that have none, and ids without their flags, are kept by nobody. */
	MUST(!memcmp(again + MANIFEST_HEAD, (const char *)bytes + MANIFEST_HEAD,
		     len - MANIFEST_HEAD));
	spool_fini(&spool);
	free(files);
	free(lists);
}

/* The frame is right, so that mutations are about what is in it. */
static void manifest_frame(uint8_t *bytes, size_t len)
{
	uint32_t version = 1, head = MANIFEST_HEAD;
	uint64_t total = len;

	if (len < MANIFEST_HEAD)
		return;
	memcpy(bytes, "CRLMNFST", 8);
	memcpy(bytes + 8, &version, 4);
	memcpy(bytes + 12, &head, 4);
	memcpy(bytes + 16, &total, 8);
}

static void try_manifest(struct input *in)
{
	bool is_framed = input_int(in, 1) & 1;
	AUTO_FREE uint8_t *bytes = copy_of(in);
	size_t len = input_left(in);
	struct manifest m = { 0 };
	struct err *e;
	uint8_t *own;

	if (is_framed)
		manifest_frame(bytes, len);
	own = malloc(len ? len : 1);
	MUST(own);
	memcpy(own, bytes, len);
	e = manifest_parse(own, len, false, &m);
	if (!e) {
		for (size_t i = 0; i < m.nr_files; i++)
			MUST(manifest_find(&m, m.files[i].name) == &m.files[i]);
		check_written(&m, bytes, len);
		manifest_fini(&m);
	}
	fuzz_drop(e);
}

/* --- messages --- */

static const ProtobufCMessageDescriptor *any_message(uint8_t which)
{
	for (int i = 0; i < IMAGE_NR_KINDS; i++) {
		const struct image_record *rec =
			image_record((enum image_kind)((which + i) % IMAGE_NR_KINDS));

		if (rec->message)
			return rec->message;
	}
	abort();
}

/*
 * What was unpacked packs to bytes that unpack to the same, if they do: protobuf-c takes an unknown field of number 0
 * that is written in more than one byte, and no shorter one.
 */
static void try_message(struct input *in)
{
	const ProtobufCMessageDescriptor *desc = any_message((uint8_t)input_int(in, 1));
	struct arena *a = arena_new();
	AUTO_FREE uint8_t *copy = copy_of(in);
	ProtobufCMessage *one = NULL, *two = NULL;
	struct err *e = wire_unpack(desc, copy, input_left(in), a, &one);

	if (!e) {
		size_t len = protobuf_c_message_get_packed_size(one);
		AUTO_FREE uint8_t *first = malloc(len + 1), *second = malloc(len + 1);

		MUST(first && second && protobuf_c_message_pack(one, first) == len);
		e = wire_unpack(desc, first, len, a, &two);
		MUST(e || protobuf_c_message_get_packed_size(two) == len);
		MUST(e ||
		     (protobuf_c_message_pack(two, second) == len && !memcmp(first, second, len)));
	}
	fuzz_drop(e);
	arena_free(a);
}

/* --- small ones --- */

static void try_failure(struct input *in)
{
	AUTO_FREE char *text = calloc(1, input_left(in) + 1);
	struct err *e;

	MUST(text);
	memcpy(text, in->at, input_left(in));
	e = err_unpack(text);
	for (const struct err *one = e; one; one = err_next(one))
		MUST(err_code(one) >= ERR_USAGE && err_code(one) <= ERR_BUG && err_message(one));
	err_drop(e, "a try");
}

/* A name that is an image's is that image's only name. */
static void try_name(struct input *in)
{
	AUTO_FREE char *text = calloc(1, input_left(in) + 1);
	char again[IMAGE_NAME_MAX];
	enum image_kind kind;
	uint64_t id;

	MUST(text);
	memcpy(text, in->at, input_left(in));
	if (!image_name_parse(text, &kind, &id))
		return;
	MUST((unsigned int)kind < IMAGE_NR_KINDS);
	image_name(kind, id, again);
	MUST(!strcmp(again, text));
}

/* An answer of sock_diag(7). */
static void try_sockets(struct input *in)
{
	AUTO_FREE void *copy = copy_of(in);
	struct arena *a = arena_new();
	struct unix_diags t = { .by_ino = { .arena = a } };
	bool done = false;

	fuzz_drop(unix_diags_parse(a, copy, input_left(in), &t, &done));
	for (size_t i = 0; i < t.nr; i++)
		MUST(unix_diag_find(&t, t.list[i]->ino));
	arena_free(a);
}

static void (*const parsers[])(struct input *in) = {
	try_vdso,     try_build_id, try_xstate,	 try_xstate_record, try_registers,
	try_manifest, try_message,  try_failure, try_name,	    try_sockets,
};

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint8_t which = (uint8_t)input_int(&in, 1);

	parsers[which % ARRAY_SIZE(parsers)](&in);
	return 0;
}
