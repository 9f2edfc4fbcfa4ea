// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layout, little endian, nothing between the parts:
 *
 *	header    96 bytes   struct header
 *	files     nr_files times { u64 size, u64 sum, u8 flags, u8 name_len, name }, names ascending
 *	padding   zeros up to a multiple of 8
 *	sums      u64 for each page of each file with FILE_PAGES, in the order of the files
 *
 * There is exactly one way to write a given manifest, so a reader needs no offsets and nothing can
 * overlap.
 */
#include "image/manifest.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xxhash.h>

#include "base/fd.h"

enum { PAGE_BYTES = 4096, FILE_PAGES = 1, VERSION = 1, RECORD_BYTES = 18 };
enum { HEAD_PARENT = 1, HEAD_REMOVED = 2 };

static const char magic[8] = { 'C', 'R', 'L', 'M', 'N', 'F', 'S', 'T' };

struct header {
	char magic[8];
	uint32_t version;
	uint32_t header_len;
	uint64_t total_len;
	uint64_t nr_files;
	uint32_t flags;
	uint32_t zero;
	uint8_t set_id[MANIFEST_ID_LEN];
	uint8_t parent_id[MANIFEST_ID_LEN];
	uint8_t mark[MANIFEST_ID_LEN];
	uint64_t nr_sums;
};

_Static_assert(sizeof(struct header) == 96, "the header is written as it lies in memory");
_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN,
	       "sums and header are written as they lie in memory");

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct manifest_file *)a)->name,
		      ((const struct manifest_file *)b)->name);
}

static struct err *pack_measure(const struct manifest_file *files, size_t nr, size_t *records_out,
				uint64_t *nr_sums_out)
{
	size_t records = 0;
	uint64_t nr_sums = 0;

	for (size_t i = 0; i < nr; i++) {
		size_t name_len = strlen(files[i].name);

		BUG_ON(!name_len || name_len > MANIFEST_FILE_NAME_MAX);
		BUG_ON(i && !strcmp(files[i].name, files[i - 1].name));
		BUG_ON(files[i].is_pages && files[i].size % PAGE_BYTES);
		records += RECORD_BYTES + name_len;
		nr_sums += files[i].is_pages ? files[i].size / PAGE_BYTES : 0;
	}
	*records_out = records;
	*nr_sums_out = nr_sums;
	return NULL;
}

static uint8_t *pack_record(uint8_t *at, const struct manifest_file *f)
{
	size_t name_len = strlen(f->name);
	uint64_t sum = f->is_pages ? 0 : f->sum;

	memcpy(at, &f->size, 8);
	memcpy(at + 8, &sum, 8);
	at[16] = f->is_pages ? FILE_PAGES : 0;
	at[17] = (uint8_t)name_len;
	memcpy(at + RECORD_BYTES, f->name, name_len);
	return at + RECORD_BYTES + name_len;
}

/* Header, list and padding. */
static struct err *pack_front(const struct manifest_head *head, const struct manifest_file *files,
			      size_t nr, void **own_buf_out, size_t *len_out)
{
	struct header h = { .version = VERSION,
			    .header_len = sizeof(h),
			    .nr_files = nr,
			    .flags = head->has_parent ? HEAD_PARENT : 0 };
	size_t records = 0, len;
	uint8_t *buf, *at;

	TRY(pack_measure(files, nr, &records, &h.nr_sums));
	len = (sizeof(h) + records + 7) & ~(size_t)7;
	buf = calloc(1, len);
	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate %zu bytes for the manifest", len);
	memcpy(h.magic, magic, sizeof(magic));
	h.total_len = len + h.nr_sums * sizeof(uint64_t);
	memcpy(h.set_id, head->set_id, MANIFEST_ID_LEN);
	memcpy(h.parent_id, head->parent_id, MANIFEST_ID_LEN);
	memcpy(h.mark, head->mark, MANIFEST_ID_LEN);
	memcpy(buf, &h, sizeof(h));
	at = buf + sizeof(h);
	for (size_t i = 0; i < nr; i++)
		at = pack_record(at, &files[i]);
	*own_buf_out = buf;
	*len_out = len;
	return NULL;
}

static struct err *write_summed(int fd, XXH3_state_t *state, const void *buf, size_t len)
{
	XXH3_128bits_update(state, buf, len);
	return fd_write_all(fd, buf, len);
}

static void digest_out(XXH128_hash_t hash, uint8_t out[MANIFEST_DIGEST_LEN])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(out, canonical.digest, MANIFEST_DIGEST_LEN);
}

/* The sums of one pages file. */
static struct err *write_sums(int fd, XXH3_state_t *state, const struct manifest_file *f,
			      const struct spool *spool)
{
	enum { STEP = 8192 };
	AUTO_FREE uint64_t *buf = malloc(STEP * sizeof(*buf));
	uint64_t nr = f->size / PAGE_BYTES;

	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate a buffer for sums");
	for (uint64_t at = 0; at < nr; at += STEP) {
		size_t here = (size_t)MIN(nr - at, STEP);

		TRY(sums_read(spool, f->spooled, at, here, buf));
		TRY(write_summed(fd, state, buf, here * sizeof(*buf)));
	}
	return NULL;
}

struct err *manifest_write(int fd, const struct manifest_head *head, struct manifest_file *files,
			   size_t nr, const struct spool *spool,
			   uint8_t sum_out[MANIFEST_DIGEST_LEN])
{
	AUTO_FREE void *front = NULL;
	XXH3_state_t *state;
	struct err *e;
	size_t len = 0;

	qsort(files, nr, sizeof(*files), by_name);
	TRY(pack_front(head, files, nr, &front, &len));
	state = XXH3_createState();
	if (!state)
		return err_new(ERR_NOMEM, "cannot allocate the state of a digest");
	XXH3_128bits_reset(state);
	e = write_summed(fd, state, front, len);
	for (size_t i = 0; !e && i < nr; i++)
		if (files[i].is_pages && files[i].size)
			e = write_sums(fd, state, &files[i], spool);
	if (!e)
		digest_out(XXH3_128bits_digest(state), sum_out);
	XXH3_freeState(state);
	return e;
}

static struct err *bad(const char *what)
{
	return err_new(ERR_IMAGE, "%s: %s", MANIFEST_NAME, what);
}

static bool name_is_fine(const char *name, size_t len)
{
	return len && !memchr(name, '/', len) && !memchr(name, 0, len) && name[0] != '.';
}

static struct err *parse_header(const struct header *h, size_t len)
{
	if (memcmp(h->magic, magic, sizeof(magic)))
		return bad("it is no manifest");
	if (h->version != VERSION || h->header_len != sizeof(*h))
		return err_hint(err_new(ERR_IMAGE, "%s: version %u is not known", MANIFEST_NAME,
					h->version),
				"use a newer criu-lite for this set");
	if (h->total_len != len)
		return err_new(ERR_IMAGE, "%s: it has %zu bytes where %llu were written",
			       MANIFEST_NAME, len, (unsigned long long)h->total_len);
	/* Bounds both counts before anything is sized by them. */
	if (h->nr_files > len / RECORD_BYTES || h->nr_sums > len / sizeof(uint64_t))
		return bad("its counts are larger than the file");
	if (h->zero || h->flags & ~(uint32_t)(HEAD_PARENT | HEAD_REMOVED))
		return bad("unknown flags");
	return NULL;
}

/*
 * One record; its name gets its NUL where the next record's size begins, which was read before:
 * that is why names are moved one byte down, over name_len.
 */
static struct err *parse_record(uint8_t **at, const uint8_t *end, struct manifest_file *f)
{
	uint8_t *rec = *at;
	size_t name_len;

	if (end - rec < RECORD_BYTES)
		return bad("the list of files is cut short");
	memcpy(&f->size, rec, 8);
	memcpy(&f->sum, rec + 8, 8);
	if (rec[16] & ~FILE_PAGES)
		return bad("unknown flags of a file");
	f->is_pages = rec[16] & FILE_PAGES;
	name_len = rec[17];
	if ((size_t)(end - rec) < RECORD_BYTES + name_len)
		return bad("the list of files is cut short");
	if (!name_is_fine((const char *)rec + RECORD_BYTES, name_len))
		return bad("a name is not allowed");
	if (f->is_pages && (f->size % PAGE_BYTES || f->sum))
		return bad("a pages file of broken size");
	memmove(rec + 17, rec + RECORD_BYTES, name_len);
	rec[17 + name_len] = 0;
	f->name = (const char *)rec + 17;
	*at = rec + RECORD_BYTES + name_len;
	return NULL;
}

static struct err *parse_files(struct manifest *m, const struct header *h, uint8_t *at)
{
	uint8_t *end = (uint8_t *)m->bytes + m->len;
	uint8_t *sums = end - h->nr_sums * sizeof(uint64_t);
	uint64_t nr_sums = 0;

	for (size_t i = 0; i < m->nr_files; i++) {
		struct manifest_file *f = &m->files[i];

		TRY(parse_record(&at, end, f));
		if (i && strcmp(m->files[i - 1].name, f->name) >= 0)
			return bad("names are out of order");
		if (!f->is_pages)
			continue;
		if (f->size / PAGE_BYTES > h->nr_sums - nr_sums)
			return bad("there are too few page sums");
		f->sums = (const uint64_t *)sums + nr_sums;
		nr_sums += f->size / PAGE_BYTES;
	}
	if (nr_sums != h->nr_sums || at > sums || sums - at >= 8)
		return bad("its parts do not add up");
	while (at < sums)
		if (*at++)
			return bad("padding is not zero");
	return NULL;
}

static struct err *parse_all(struct manifest *m)
{
	struct header h;

	if (m->len < sizeof(h))
		return bad("it is cut short");
	memcpy(&h, m->bytes, sizeof(h));
	TRY(parse_header(&h, m->len));
	if ((m->len - h.nr_sums * sizeof(uint64_t)) % sizeof(uint64_t))
		return bad("page sums are not aligned");
	/* The list is changed in place, the sums behind it are left where the file is mapped. */
	if (m->is_mapped &&
	    mprotect(m->bytes, m->len - h.nr_sums * sizeof(uint64_t), PROT_READ | PROT_WRITE))
		return err_sys(errno, "cannot use the manifest");
	m->nr_files = h.nr_files;
	m->files = calloc(m->nr_files + 1, sizeof(*m->files));
	if (!m->files)
		return err_new(ERR_NOMEM, "cannot allocate a list of %zu files", m->nr_files);
	TRY(parse_files(m, &h, (uint8_t *)m->bytes + sizeof(h)));
	memcpy(m->head.set_id, h.set_id, MANIFEST_ID_LEN);
	memcpy(m->head.parent_id, h.parent_id, MANIFEST_ID_LEN);
	memcpy(m->head.mark, h.mark, MANIFEST_ID_LEN);
	m->head.has_parent = h.flags & HEAD_PARENT;
	m->head.has_removed = h.flags & HEAD_REMOVED;
	return NULL;
}

struct err *manifest_parse(void *own_bytes, size_t len, bool is_mapped, struct manifest *out)
{
	struct manifest m = { .bytes = own_bytes, .len = len, .is_mapped = is_mapped };
	struct err *e = parse_all(&m);

	if (e)
		manifest_fini(&m);
	else
		*out = m;
	return e;
}

void manifest_fini(struct manifest *m)
{
	free(m->files);
	if (m->is_mapped)
		munmap(m->bytes, m->len);
	else
		free(m->bytes);
	*m = (struct manifest){ 0 };
}

uint64_t manifest_sum_at(const struct manifest *m, const struct manifest_file *f, uint64_t page)
{
	return (uint64_t)((const char *)(f->sums + page) - (const char *)m->bytes);
}

struct err *manifest_set_removed(int fd)
{
	uint32_t flags;
	off_t at = offsetof(struct header, flags);

	TRY(fd_pread_all(fd, &flags, sizeof(flags), at));
	flags |= HEAD_REMOVED;
	return fd_pwrite_all(fd, &flags, sizeof(flags), at);
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *name)
{
	struct manifest_file key = { .name = name };

	return m->nr_files ? bsearch(&key, m->files, m->nr_files, sizeof(key), by_name) : NULL;
}

struct err *manifest_sum(const void *bytes, size_t len, bool is_mapped,
			 uint8_t out[MANIFEST_DIGEST_LEN])
{
	enum { WINDOW = 1 << 20 };
	XXH3_state_t *state;

	if (!is_mapped) {
		digest_out(XXH3_128bits(bytes, len), out);
		return NULL;
	}
	state = XXH3_createState();
	if (!state)
		return err_new(ERR_NOMEM, "cannot allocate the state of a digest");
	XXH3_128bits_reset(state);
	for (size_t at = 0; at < len; at += WINDOW) {
		size_t here = MIN(len - at, WINDOW);

		XXH3_128bits_update(state, (const char *)bytes + at, here);
		madvise((char *)bytes + at, here, MADV_DONTNEED);
	}
	digest_out(XXH3_128bits_digest(state), out);
	XXH3_freeState(state);
	return NULL;
}

struct err *manifest_digest(const uint8_t sum[MANIFEST_DIGEST_LEN], const void *inventory,
			    size_t inventory_len, uint8_t out[MANIFEST_DIGEST_LEN])
{
	AUTO_FREE uint8_t *both = malloc(MANIFEST_DIGEST_LEN + inventory_len);

	if (!both)
		return err_new(ERR_NOMEM, "cannot allocate %zu bytes for the inventory",
			       inventory_len);
	memcpy(both, sum, MANIFEST_DIGEST_LEN);
	memcpy(both + MANIFEST_DIGEST_LEN, inventory, inventory_len);
	digest_out(XXH3_128bits(both, MANIFEST_DIGEST_LEN + inventory_len), out);
	return NULL;
}
