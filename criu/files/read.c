// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore: reads and checks all images of this room, and finds out what is missing on this machine, before
 * anything is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/options.h"
#include "files/locks.h"
#include "files/sk_restore.h"
#include "image/dir.h"

enum { MAX_ERRORS = 100 };

void restore_error(struct restore *r, struct err *own_e)
{
	struct restore_files *rf = r->files->restore;

	if (!own_e)
		return;
	if (++rf->nr_errors > MAX_ERRORS) {
		err_drop(own_e, "a hundred like it are reported");
		return;
	}
	rf->errors = err_join(rf->errors, own_e);
}

const char *file_user(struct restore *r, const struct file *f)
{
	if (!f->user && f->path_of)
		f = f->path_of;
	if (!f->user)
		return "a mapping, exe, cwd or root";
	return arena_printf(r->arena, "fd %d of task %d", f->user_fd, f->user->ns_pid);
}

struct file *file_by_id(const struct files *fs, uint32_t id)
{
	struct lookup_node *n = lookup_first(&fs->restore->by_id, lookup_hash_u64(0, id));

	for (; n; n = lookup_next(n)) {
		struct file *f = CONTAINER_OF(n, struct file, node);

		if (f->id == id)
			return f;
	}
	return NULL;
}

const FileEntry *files_find(const struct restore *r, uint32_t id)
{
	const struct file *f = file_by_id(r->files, id);

	return f ? f->rec : NULL;
}

static struct err *add_file(struct restore *r, const struct image_stream *s, FileEntry *rec)
{
	const struct file_kind *kind = file_kind_of_type(rec->type);
	struct files *fs = r->files;
	struct file *f;

	if (kind && !file_record(kind, rec))
		return image_stream_err(s, "file %u has no record of its type %s", rec->id,
					file_type_name(rec->type));
	if (file_by_id(fs, rec->id))
		return image_stream_err(s, "file id %u is there twice", rec->id);
	f = ARENA_NEW(r->arena, struct file);
	f->id = rec->id;
	f->rec = rec;
	f->kind = kind;
	f->index = fs->nr;
	f->inherited = -1;
	f->owner_fd = -1;
	fs->list = arena_grow(r->arena, fs->list, fs->nr, sizeof(*fs->list));
	fs->list[fs->nr++] = f;
	lookup_add(&fs->restore->by_id, &f->node, lookup_hash_u64(0, f->id));
	return NULL;
}

static struct err *read_files(struct restore *r)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_FILES, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		TRY(add_file(r, s, (FileEntry *)msg));
	}
}

static struct err *add_slot(struct restore *r, const struct image_stream *s, struct fdtable *table,
			    const FdinfoEntry *rec)
{
	struct file *f = file_by_id(r->files, rec->id);

	if (!f)
		return image_stream_err(s, "fd %u is file %u, which does not exist", rec->fd,
					rec->id);
	if (f->rec->type != rec->type)
		return image_stream_err(s, "fd %u has type %s, its file %u has type %s", rec->fd,
					file_type_name(rec->type), rec->id,
					file_type_name(f->rec->type));
	if (rec->fd > MAX_FD)
		return image_stream_err(s, "descriptor number %u is impossible", rec->fd);
	if (!f->user) {
		f->user = table->task;
		f->user_fd = (int)rec->fd;
	}
	table->slots = arena_grow(r->arena, table->slots, table->nr_slots, sizeof(*table->slots));
	table->slots[table->nr_slots++] = (struct fd_slot){
		.fd = (int)rec->fd, .is_cloexec = rec->flags & FD_CLOEXEC, .id = rec->id, .file = f
	};
	return NULL;
}

static int slot_order(const void *a, const void *b)
{
	const struct fd_slot *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

static struct err *read_slots(struct restore *r, struct fdtable *table)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_FDINFO, table->files_id, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			break;
		TRY(add_slot(r, s, table, (FdinfoEntry *)msg));
	}
	if (table->nr_slots)
		qsort(table->slots, table->nr_slots, sizeof(*table->slots), slot_order);
	for (size_t i = 1; i < table->nr_slots; i++)
		if (table->slots[i].fd == table->slots[i - 1].fd)
			return image_stream_err(s, "descriptor %d is there twice",
						table->slots[i].fd);
	if (table->nr_slots)
		r->files->restore->highest_fd = MAX(r->files->restore->highest_fd,
						    table->slots[table->nr_slots - 1].fd);
	return NULL;
}

/* A files_id may only be shared with the parent: CLONE_FILES is the only way to make it again. */
static struct err *read_table(struct restore *r, struct task *t)
{
	struct files *fs = r->files;
	struct fdtable *table;

	if (t->parent && t->parent->fdt && t->parent->fdt->files_id == t->ids->files_id) {
		t->fdt = t->parent->fdt;
		t->fdt->nr_tasks++;
		fs->restore->has_shared_tables = true;
		return NULL;
	}
	for (size_t i = 0; i < t->index; i++)
		if (r->tree.tasks[i]->fdt && r->tree.tasks[i]->fdt->files_id == t->ids->files_id)
			return err_new(ERR_IMAGE,
				       "cannot restore task %d: it shares descriptor table %u with "
				       "task %d, which is not its parent",
				       t->ns_pid, t->ids->files_id, r->tree.tasks[i]->ns_pid);
	t->fdt = table = ARENA_NEW(r->arena, struct fdtable);
	table->files_id = t->ids->files_id;
	table->task = t;
	table->nr_tasks = 1;
	table->parent = t->parent ? t->parent->fdt : NULL;
	fs->tables = arena_grow(r->arena, fs->tables, fs->nr_tables, sizeof(*fs->tables));
	fs->tables[fs->nr_tables++] = table;
	return read_slots(r, table);
}

static struct err *check_limit(struct restore *r)
{
	struct rlimit lim;
	rlim_t needed = (rlim_t)r->files->restore->highest_fd + 1 + TOOL_FDS + unix_nr_fds(r) +
			r->files->restore->nr_pty_fds;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return err_sys(errno, "cannot read RLIMIT_NOFILE");
	if (lim.rlim_cur >= needed)
		return NULL;
	lim.rlim_cur = needed;
	if (needed > lim.rlim_max)
		lim.rlim_max = needed;
	if (setrlimit(RLIMIT_NOFILE, &lim))
		return err_hint(
			err_sys(errno,
				"cannot raise RLIMIT_NOFILE to %llu: the tree uses descriptor %d",
				(unsigned long long)needed, r->files->restore->highest_fd),
			"run the tool with a higher hard limit (ulimit -Hn %llu)",
			(unsigned long long)needed);
	return NULL;
}

/* Its path is in a record of its own. */
static bool has_path_record(const struct file *f)
{
	return f->kind == &file_kind_fifo || f->kind == &file_kind_tty;
}

static void link_files(struct restore *r)
{
	const struct files *fs = r->files;

	/* A fifo knows which task is meant when something is wrong with its path; a terminal's need not be there. */
	for (size_t i = 0; i < fs->nr; i++)
		if (has_path_record(fs->list[i]))
			restore_error(r, fs->list[i]->kind->link_up(r, fs->list[i]));
	for (size_t i = 0; i < fs->nr; i++) {
		struct file *f = fs->list[i];

		if (has_path_record(f))
			continue;
		if (f->kind)
			restore_error(r, f->kind->link_up(r, f));
		else if (f->user)
			restore_error(
				r, err_hint(err_new(ERR_UNSUPPORTED,
						    "cannot restore %s: files of type %s are not "
						    "supported yet",
						    file_user(r, f), file_type_name(f->rec->type)),
					    "restore this set with CRIU"));
	}
}

static struct err *take_errors(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	struct err *e = rf->errors;

	if (rf->nr_errors > MAX_ERRORS)
		e = err_join(e, err_new(ERR_IMAGE, "and %zu more like these",
					rf->nr_errors - MAX_ERRORS));
	rf->errors = NULL;
	return e;
}

static void lookups_init(struct restore *r, struct restore_files *rf)
{
	rf->by_id.arena = rf->by_path.arena = rf->ghosts.arena = rf->groups.arena = r->arena;
	rf->inet_ports.arena = r->arena;
	rf->terminal = -1;
	rf->highest_fd = 2;
	inherited_init(r);
}

static struct err *read_tables(struct restore *r)
{
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		struct task *t = r->tree.tasks[i];

		if (t->state != TASK_DEAD && t->ids)
			TRY(read_table(r, t));
	}
	return NULL;
}

/* The one piece that all processes write to; made early, while addresses are still free to choose. */
static struct err *make_shared(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	size_t len = (r->files->nr + 1) * sizeof(*rf->lent);

	rf->lent = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rf->lent == MAP_FAILED)
		return err_sys(errno, "cannot map %zu bytes for the plan of descriptors", len);
	rf->made = arena_array(r->arena, r->files->nr + 1, sizeof(*rf->made));
	return NULL;
}

struct err *files_read(struct restore *r)
{
	struct files *fs = ARENA_NEW(r->arena, struct files);

	r->files = fs;
	fs->restore = ARENA_NEW(r->arena, struct restore_files);
	lookups_init(r, fs->restore);
	TRY(read_files(r));
	TRY(read_tables(r));
	TRY(fs_read(r));
	TRY(ttys_read(r));
	TRY(memfds_read(r));
	TRY(remaps_read(r));
	TRY(unix_queues_read(r));
	link_files(r);
	TRY(locks_read(r));
	TRY(take_errors(r));
	TRY(unix_plan(r));
	inherited_check_use(r);
	TRY(pipe_data_read(r));
	TRY(make_shared(r));
	TRY(plan_make(r));
	TRY(check_limit(r));
	log_info("files", 0, "descriptors planned: tables=%zu files=%zu remaps=%zu highest=%d",
		 fs->nr_tables, fs->nr, fs->restore->nr_remaps, fs->restore->highest_fd);
	return NULL;
}

int files_fd_floor(const struct restore *r)
{
	return r->files->restore->highest_fd + 1;
}
