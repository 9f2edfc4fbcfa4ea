// SPDX-License-Identifier: GPL-2.0-only
#include "image/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/progress.h"
#include "ghost-file.pb-c.h"
#include "image/level_priv.h"
#include "ipc-msg.pb-c.h"

/* --- names --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The images that lie in the directory, sorted, in @a. */
static struct err *names_read(const struct image_dir *dir, struct arena *a, char ***out,
			      size_t *nr_out)
{
	AUTO_DIR DIR *d = NULL;
	AUTO_FD fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char **names = NULL;
	struct dirent *entry;
	size_t nr = 0;

	if (fd < 0 || !(d = fdopendir(fd)))
		return err_sys(errno, "cannot list \"%s\"", dir->path);
	fd_take(&fd);
	while ((entry = readdir(d))) {
		enum image_kind kind;
		uint64_t id;

		if (!image_name_parse(entry->d_name, &kind, &id) || kind == IMAGE_INVENTORY ||
		    image_record(kind)->framing == FRAMING_SERVICE)
			continue;
		names = arena_grow(a, names, nr, sizeof(*names));
		names[nr++] = arena_strdup(a, entry->d_name);
	}
	if (nr)
		qsort(names, nr, sizeof(*names), by_text);
	*out = names;
	*nr_out = nr;
	return NULL;
}

struct err *image_dir_each(struct image_dir *dir, const struct image_visitor *v)
{
	struct arena *a;
	struct err *e = NULL;
	char **names = NULL;
	size_t nr = 0;

	if (dir->inventory)
		TRY(v->run(v->arg, dir, "inventory.img"));
	if (dir->has_manifest) {
		for (size_t i = 0; i < dir->manifest.nr_files; i++)
			TRY(v->run(v->arg, dir, dir->manifest.files[i].name));
		return NULL;
	}
	a = arena_new();
	e = names_read(dir, a, &names, &nr);
	for (size_t i = 0; !e && i < nr; i++)
		e = v->run(v->arg, dir, names[i]);
	arena_free(a);
	return e;
}

uint64_t image_dir_nr_pages(const struct image_dir *dir)
{
	uint64_t nr = 0;

	for (size_t i = 0; dir->has_manifest && i < dir->manifest.nr_files; i++)
		if (dir->manifest.files[i].is_pages)
			nr += dir->manifest.files[i].size / IMAGE_PAGE_SIZE;
	return nr;
}

/* --- entries --- */

struct walk {
	struct image_stream *s;
	struct arena *a;
	const struct image_entry_visitor *v;
	enum image_kind kind;
};

static struct err *walk_tell(const struct walk *w, const ProtobufCMessage *msg,
			     uint64_t payload_len, bool is_nested)
{
	struct image_entry entry = { .file = image_stream_name(w->s),
				     .offset = image_stream_offset(w->s),
				     .msg = msg,
				     .payload_len = payload_len,
				     .is_nested = is_nested };

	return w->v ? w->v->run(w->v->arg, &entry) : NULL;
}

static struct err *walk_ghost(const struct walk *w, const GhostFileEntry *ghost)
{
	const void *bytes;

	if (!ghost->has_chunks || !ghost->chunks) {
		TRY(walk_tell(w, &ghost->base, image_left(w->s), false));
		return image_payload(w->s, image_left(w->s), &bytes);
	}
	TRY(walk_tell(w, &ghost->base, 0, false));
	while (image_left(w->s)) {
		ProtobufCMessage *msg = NULL;
		const GhostChunkEntry *chunk;

		TRY(image_next_as(w->s, &ghost_chunk_entry__descriptor, w->a, &msg));
		chunk = (const GhostChunkEntry *)msg;
		TRY(walk_tell(w, msg, chunk->len, true));
		TRY(image_payload(w->s, chunk->len, &bytes));
	}
	return NULL;
}

static struct err *walk_ipc_msg(const struct walk *w, const IpcMsgEntry *queue)
{
	TRY(walk_tell(w, &queue->base, 0, false));
	for (uint32_t i = 0; i < queue->qnum; i++) {
		ProtobufCMessage *msg = NULL;
		const void *bytes;
		uint64_t len;

		TRY(image_next_as(w->s, &ipc_msg__descriptor, w->a, &msg));
		if (!msg)
			return image_stream_err(w->s, "%u messages of the queue are missing",
						queue->qnum - i);
		len = ((uint64_t)((const IpcMsg *)msg)->msize + 7) & ~7ULL;
		TRY(walk_tell(w, msg, len, true));
		TRY(image_payload(w->s, len, &bytes));
	}
	return NULL;
}

static struct err *walk_entry(const struct walk *w, const ProtobufCMessage *msg)
{
	uint64_t len = 0;

	switch (image_record(w->kind)->payload) {
	case PAYLOAD_GHOST:
		return walk_ghost(w, (const GhostFileEntry *)msg);
	case PAYLOAD_IPC_MSG:
		return walk_ipc_msg(w, (const IpcMsgEntry *)msg);
	case PAYLOAD_SIZED:
		len = image_payload_len(w->kind, msg);
		break;
	case PAYLOAD_NONE:
		break;
	}
	return walk_tell(w, msg, len, false);
}

static struct err *walk_stream(struct walk *w)
{
	const struct image_record *rec = image_record(w->kind);
	size_t nr = 0;

	for (;;) {
		ProtobufCMessage *msg = NULL;
		struct err *e;

		w->a = arena_new();
		e = image_next(w->s, w->a, &msg);
		if (!e && msg && rec->is_single && nr)
			e = image_stream_err(w->s, "there is a second entry");
		if (!e && msg)
			e = walk_entry(w, msg);
		arena_free(w->a);
		if (e)
			return e;
		if (!msg)
			break;
		nr++;
	}
	if (rec->is_single && !nr)
		return image_stream_err(w->s, "there is no entry");
	return NULL;
}

struct err *image_walk(struct image_dir *dir, enum image_kind kind, uint64_t id,
		       const struct image_entry_visitor *v)
{
	AUTO_STREAM struct image_stream *s = NULL;
	struct walk w = { .kind = kind, .v = v };

	if (image_record(kind)->framing == FRAMING_RAW)
		return NULL;
	TRY(image_open(dir, kind, id, &s));
	w.s = s;
	return walk_stream(&w);
}

/* --- checks --- */

static struct err *page_damaged(const struct image_dir *dir, const char *name, uint64_t page)
{
	return err_hint(
		err_new(ERR_IMAGE,
			"image \"%s/%s\" is damaged: the checksum of the page at byte %llu differs",
			dir->path, name, (unsigned long long)page * IMAGE_PAGE_SIZE),
		"copy it again from where it was written");
}

/* Pages read from number @first on against what the manifest says. */
static struct err *sums_check(const struct image_dir *dir, const struct manifest_file *listed,
			      uint64_t first, size_t nr, const char *buf,
			      struct image_check_stats *stats)
{
	enum { MAX_NR = 64 };
	uint64_t sums[MAX_NR];

	BUG_ON(nr > MAX_NR);
	page_sums(buf, nr, sums);
	for (size_t i = 0; i < nr; i++) {
		uint64_t want = listed->sums[first + i];

		if (want == SUM_REMOVED && dir->manifest.head.has_removed)
			stats->nr_removed++;
		else if (sums[i] != want)
			return page_damaged(dir, listed->name, first + i);
		else
			stats->nr_pages++;
	}
	progress_add(stats->progress, nr);
	return NULL;
}

static struct err *pages_check(struct image_dir *dir, const char *name,
			       const struct manifest_file *listed, struct image_check_stats *stats)
{
	enum { STEP = 64 };
	AUTO_FREE char *buf = malloc(STEP * IMAGE_PAGE_SIZE);
	uint64_t size, nr;
	AUTO_FD fd = -1;
	bool found;

	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate a buffer for pages");
	TRY(file_open(dir, name, &fd, &size, &found));
	nr = size / IMAGE_PAGE_SIZE;
	for (uint64_t page = 0; page < nr; page += STEP) {
		size_t here = (size_t)MIN(nr - page, STEP);

		TRY(err_context(fd_pread_all(fd, buf, here * IMAGE_PAGE_SIZE,
					     (off_t)(page * IMAGE_PAGE_SIZE)),
				"image \"%s/%s\"", dir->path, name));
		TRY(sums_check(dir, listed, page, here, buf, stats));
	}
	return NULL;
}

static struct err *count_entry(void *arg, const struct image_entry *entry UNUSED)
{
	((struct image_check_stats *)arg)->nr_entries++;
	return NULL;
}

/* The sum of a file whose insides are not looked at. */
static struct err *sum_check(struct image_dir *dir, const char *name)
{
	struct loaded f = { 0 };
	bool found;

	TRY(file_load(dir, name, &f, &found));
	if (found)
		loaded_fini(&f);
	return NULL;
}

/* A set that newer ones have made leaner is still good as their parent. */
static bool may_lack_removed(const struct image_dir *dir)
{
	return dir->is_parent || !dir->inventory->img_version ||
	       (dir->has_manifest && dir->manifest.head.has_removed);
}

static struct err *pagemap_check(struct image_dir *dir, enum image_kind kind, uint64_t id)
{
	struct source_run run = { 0 };
	struct levels l = { .skip_removed = may_lack_removed(dir) };
	struct err *e = levels_open(&l, dir, kind, id);

	do {
		if (!e)
			e = levels_find(&l, run_end(&run), &run);
	} while (!e && run.nr_pages);
	levels_close(&l);
	return e;
}

struct err *image_check(struct image_dir *dir, const char *name, struct image_check_stats *stats)
{
	const struct manifest_file *listed = file_listed(dir, name);
	struct image_entry_visitor count = { .arg = stats, .run = count_entry };
	enum image_kind kind;
	struct stat st;
	uint64_t id;
	bool known = image_name_parse(name, &kind, &id);

	stats->nr_files++;
	if (!fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		stats->nr_bytes += (uint64_t)st.st_size;
	if (known && kind == IMAGE_INVENTORY)
		return NULL; /* opening the set has checked it */
	if (listed && listed->is_pages)
		return pages_check(dir, name, listed, stats);
	if (!known || image_record(kind)->framing == FRAMING_RAW)
		return sum_check(dir, name);
	TRY(image_walk(dir, kind, id, &count));
	if (kind == IMAGE_PAGEMAP || kind == IMAGE_PAGEMAP_SHMEM)
		return pagemap_check(dir, kind, id);
	return NULL;
}
