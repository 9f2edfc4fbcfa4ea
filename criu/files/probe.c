// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the descriptor tables of a frozen tree from /proc.  Each descriptor costs one stat and one fdinfo;
 * the link's text and the kind are only looked at once for each open file description.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "files/locks.h"
#include "proc/scan.h"
#include "task/kobj.h"

/* All blockers are wanted, but not ten thousand of a kind. */
enum { MAX_BLOCKERS = 100 };

/* Descriptors that agree in what can be compared without kcmp. */
struct key_set {
	struct lookup_node node;
	dev_t dev;
	ino_t ino;
	uint64_t pos;
	uint32_t flags;
	struct kobj_set same;
};

/* The open directories of one task's table. */
struct table_dirs {
	int proc; /* /proc/PID */
	int fdinfo;
	int pidfd;
};

struct err *files_blocker(struct dump *d, struct err *own_e)
{
	if (!own_e || err_code(own_e) != ERR_UNSUPPORTED)
		return own_e;
	if (++d->files->dump->nr_blockers > MAX_BLOCKERS) {
		err_drop(own_e, "a hundred like it are reported");
		return NULL;
	}
	d->blockers = err_join(d->blockers, own_e);
	return NULL;
}

struct err *fd_probe_refuse(const struct fd_probe *p, const char *why, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, why);
	vsnprintf(text, sizeof(text), why, ap);
	va_end(ap);
	if (p->carrier)
		return err_new(ERR_UNSUPPORTED,
			       "cannot dump a descriptor in the queue of fd %d of task %d (%s): %s",
			       p->carrier->fd, p->carrier->task->host_pid, p->text, text);
	if (p->fd < 0)
		return err_new(ERR_UNSUPPORTED, "cannot dump %s of task %d (%s): %s", p->link,
			       p->task->host_pid, p->text, text);
	return err_new(ERR_UNSUPPORTED, "cannot dump fd %d of task %d (%s): %s", p->fd,
		       p->task->host_pid, p->text, text);
}

struct fd_probe *fd_probe_keep(struct arena *a, const struct fd_probe *p)
{
	struct fd_probe *kept = arena_memdup(a, p, sizeof(*p));

	kept->link = arena_strdup(a, p->link);
	kept->text = arena_strdup(a, p->text);
	kept->dup = -1;
	return kept;
}

struct err *fd_probe_getfd(const struct fd_probe *p, int *fd_out)
{
	AUTO_FD pidfd = pidfd_open(p->task->host_pid, 0);
	int fd;

	if (pidfd < 0)
		return err_sys(errno, "cannot open a pidfd of task %d", p->task->host_pid);
	fd = pidfd_getfd(pidfd, p->fd, 0);
	if (fd < 0)
		return err_sys(errno, "cannot duplicate fd %d of task %d", p->fd,
			       p->task->host_pid);
	*fd_out = fd;
	return NULL;
}

struct err *fd_probe_reopen(const struct fd_probe *p, int flags, int *fd_out)
{
	return fd_open_at(AT_FDCWD, flags, fd_out, "/proc/%d/%s", p->task->host_pid, p->link);
}

/* pos:, flags:, mnt_id: and whether there are locks. */
static struct err *parse_fdinfo(struct fd_probe *p, const char *text, size_t len)
{
	struct scan s = scan_init(text, len), line;
	bool has_pos = false, has_flags = false;
	uint64_t flags = 0, mnt_id;
	struct proc_lock lock;

	p->mnt_id = -1;
	p->has_locks = p->has_write_lease = false;
	while (scan_line(&s, &line)) {
		if (scan_text(&line, "pos:\t")) {
			has_pos = scan_u64(&line, &p->pos);
		} else if (scan_text(&line, "flags:\t")) {
			has_flags = scan_oct(&line, &flags);
		} else if (scan_text(&line, "mnt_id:\t")) {
			if (scan_u64(&line, &mnt_id))
				p->mnt_id = (int)mnt_id;
		} else if (scan_text(&line, "lock:")) {
			p->has_locks = true;
			scan_blanks(&line);
			p->has_write_lease |= proc_lock_parse(&line, &lock) &&
					      lock.kind >= PROC_LOCK_LEASE &&
					      (lock.is_write || lock.is_breaking);
		}
	}
	if (!has_pos || !has_flags)
		return err_new(ERR_SYS, "cannot parse fdinfo of fd %d of task %d", p->fd,
			       p->task->host_pid);
	p->is_cloexec = flags & O_CLOEXEC;
	p->flags = (uint32_t)flags & ~(uint32_t)O_CLOEXEC;
	return NULL;
}

static struct err *read_fdinfo(const struct table_dirs *dirs, const char *name, struct fd_probe *p)
{
	AUTO_FD fd = openat(dirs->fdinfo, name, O_RDONLY | O_CLOEXEC);
	/* What a kind adds to the text can be long; what is read here comes first but for locks. */
	char text[4096];
	ssize_t len;

	if (fd < 0)
		return err_sys(errno, "cannot open /proc/%d/fdinfo/%s", p->task->host_pid, name);
	len = read(fd, text, sizeof(text));
	if (len < 0)
		return err_sys(errno, "cannot read /proc/%d/fdinfo/%s", p->task->host_pid, name);
	return parse_fdinfo(p, text, (size_t)len);
}

static struct kobj_set *key_set_of(struct dump *d, const struct fd_probe *p)
{
	struct lookup *l = &d->files->dump->by_key;
	uint64_t hash = lookup_hash_u64(lookup_hash_u64(0, p->st.st_dev), p->st.st_ino);
	struct key_set *k;

	hash = lookup_hash_u64(lookup_hash_u64(hash, p->pos), p->flags);
	for (struct lookup_node *n = lookup_first(l, hash); n; n = lookup_next(n)) {
		k = CONTAINER_OF(n, struct key_set, node);
		if (k->dev == p->st.st_dev && k->ino == p->st.st_ino && k->pos == p->pos &&
		    k->flags == p->flags)
			return &k->same;
	}
	k = ARENA_NEW(d->arena, struct key_set);
	k->dev = p->st.st_dev;
	k->ino = p->st.st_ino;
	k->pos = p->pos;
	k->flags = p->flags;
	k->same.arena = d->arena;
	k->same.kind = KOBJ_FILE;
	lookup_add(l, &k->node, hash);
	return &k->same;
}

struct file *files_new(struct dump *d, const struct file_kind *kind, const struct fd_probe *p)
{
	struct files *fs = d->files;
	struct file *f = ARENA_NEW(d->arena, struct file);

	fs->list = arena_grow(d->arena, fs->list, fs->nr, sizeof(*fs->list));
	fs->list[fs->nr++] = f;
	f->id = (uint32_t)fs->nr;
	f->kind = kind;
	f->probe = fd_probe_keep(d->arena, p);
	f->rec = PB_NEW(d->arena, FileEntry, file_entry);
	f->rec->id = f->id;
	f->rec->type = kind->type;
	return f;
}

/* The first descriptor of a description decides about all of them. */
static struct err *new_file(struct dump *d, struct fd_probe *p)
{
	/* Of a declared one nothing but the key is needed, so that it may be one that no kind knows. */
	bool is_outside = external_is_declared(d, p) && !S_ISFIFO(p->st.st_mode);
	struct file *f = files_new(d, is_outside ? &file_kind_regular : file_kind_of_probe(p), p);
	struct err *e;

	f->probe->dup = p->dup;
	e = f->kind->dump(d, f->probe, f->rec);
	f->probe->dup = -1;
	return files_blocker(d, e);
}

/* A duplicate answers stat and fcntl much faster than links of /proc do. */
static struct err *get_dup(const struct table_dirs *dirs, struct fd_probe *p)
{
	p->dup = pidfd_getfd(dirs->pidfd, p->fd, 0);
	if (p->dup < 0)
		return err_sys(errno, "cannot duplicate fd %d of task %d", p->fd,
			       p->task->host_pid);
	if (fstat(p->dup, &p->st))
		return err_sys(errno, "cannot stat fd %d of task %d", p->fd, p->task->host_pid);
	return NULL;
}

/*
 * Most descriptors that are shared were inherited: one kcmp with the parent's saves the search.  0 if it is
 * not the same.
 */
static struct err *ask_parent(const struct fd_probe *p, uint32_t *id_out)
{
	const struct task *parent = p->task->parent;
	const struct fd_slot *slot = parent && parent->fdt ? fdtable_find(parent->fdt, p->fd) :
							     NULL;
	bool is_same;

	*id_out = 0;
	if (!slot)
		return NULL;
	TRY(kobj_same_file(p->task->host_pid, p->fd, parent->host_pid, p->fd, &is_same));
	if (is_same)
		*id_out = slot->id;
	return NULL;
}

static struct err *probe_fd(struct dump *d, const struct table_dirs *dirs, const char *name,
			    struct fd_probe *p, char *text_buf, size_t text_len, uint32_t *id_out)
{
	uint32_t next = (uint32_t)d->files->nr + 1;
	char link[32];

	TRY(read_fdinfo(dirs, name, p));
	TRY(ask_parent(p, id_out));
	if (*id_out)
		return NULL;
	TRY(get_dup(dirs, p));
	TRY(kobj_set_add(key_set_of(d, p), p->task->host_pid, p->fd, next, id_out));
	if (*id_out != next)
		return NULL;
	snprintf(link, sizeof(link), "fd/%d", p->fd);
	p->link = link;
	p->text = text_buf;
	TRY(link_read_at(dirs->proc, text_buf, text_len, "%s", link));
	return new_file(d, p);
}

static struct err *probe_own(struct dump *d, const struct fd_probe *carrier, int fd, int pidfd,
			     uint32_t *id_out)
{
	struct fd_probe p = {
		.task = d->files->dump->tool, .fd = fd, .carrier = carrier, .dup = -1
	};
	AUTO_FD proc = -1, fdinfo = -1;
	char text[4096 + 64], name[16];
	size_t before = d->files->nr;
	struct err *e;

	snprintf(name, sizeof(name), "%d", fd);
	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &proc, "/proc/self"));
	TRY(fd_open_at(proc, O_PATH | O_DIRECTORY, &fdinfo, "fdinfo"));
	e = probe_fd(d, &(struct table_dirs){ .proc = proc, .fdinfo = fdinfo, .pidfd = pidfd },
		     name, &p, text, sizeof(text), id_out);
	if (p.dup >= 0)
		close(p.dup);
	if (e || !p.has_locks || d->files->nr == before)
		return e;
	/* That of a file which a task has, too, is found there. */
	p.text = text;
	return files_blocker(
		d, err_hint(fd_probe_refuse(&p, "the file is locked through it"),
			    "release the lock, or let the program take the descriptor out of the "
			    "queue, before the dump"));
}

struct err *files_add_in_flight(struct dump *d, int own_fd, const struct fd_probe *carrier,
				uint32_t *id_out)
{
	struct dump_files *df = d->files->dump;
	size_t before = d->files->nr;
	AUTO_FD fd = own_fd, pidfd = pidfd_open(getpid(), 0);

	if (pidfd < 0)
		return err_sys(errno, "cannot open a pidfd of this process");
	if (!df->tool) {
		df->tool = ARENA_NEW(d->arena, struct task);
		df->tool->host_pid = getpid();
	}
	/* A socket in the queue of one that is in a queue is found in the one that a task has. */
	TRY(probe_own(d, carrier->carrier ? carrier->carrier : carrier, fd, pidfd, id_out));
	if (d->files->nr > before)
		fd_take(&fd);
	return NULL;
}

static int slot_order(const void *a, const void *b)
{
	return ((const struct fd_slot *)a)->fd - ((const struct fd_slot *)b)->fd;
}

static struct err *probe_table(struct dump *d, struct fdtable *table)
{
	const struct task *t = table->task;
	AUTO_FD proc = -1, fdinfo = -1, pidfd = pidfd_open(t->host_pid, 0);
	AUTO_DIR DIR *dir = NULL;
	char text[4096 + 64];
	int fd;

	if (pidfd < 0)
		return err_sys(errno, "cannot open a pidfd of task %d", t->host_pid);
	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &proc, "/proc/%d", t->host_pid));
	TRY(fd_open_at(proc, O_PATH | O_DIRECTORY, &fdinfo, "fdinfo"));
	TRY(fd_open_at(proc, O_RDONLY | O_DIRECTORY, &fd, "fd"));
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(errno, "cannot list descriptors of task %d", t->host_pid);
	for (struct dirent *e; errno = 0, (e = readdir(dir));) {
		struct table_dirs dirs = { .proc = proc, .fdinfo = fdinfo, .pidfd = pidfd };
		struct fd_probe p = { .task = t, .dup = -1 };
		struct err *err;
		uint32_t id;

		if (e->d_name[0] == '.')
			continue;
		p.fd = atoi(e->d_name);
		err = probe_fd(d, &dirs, e->d_name, &p, text, sizeof(text), &id);
		if (p.dup >= 0)
			close(p.dup);
		if (err)
			return err;
		if (p.has_locks)
			TRY(locks_note(d, proc, table, &p, id));
		table->slots = arena_grow(d->arena, table->slots, table->nr_slots,
					  sizeof(*table->slots));
		table->slots[table->nr_slots++] =
			(struct fd_slot){ .fd = p.fd, .is_cloexec = p.is_cloexec, .id = id };
	}
	if (errno)
		return err_sys(errno, "cannot list descriptors of task %d", t->host_pid);
	if (table->nr_slots)
		qsort(table->slots, table->nr_slots, sizeof(*table->slots), slot_order);
	return NULL;
}

size_t files_count(const struct task *t)
{
	AUTO_DIR DIR *dir = NULL;
	struct dirent *entry;
	char path[32];
	size_t nr = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", t->host_pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	return nr;
}

static struct fdtable *table_find(const struct files *fs, uint32_t files_id)
{
	for (size_t i = fs->nr_tables; i-- > 0;)
		if (fs->tables[i]->files_id == files_id)
			return fs->tables[i];
	return NULL;
}

/* CRIU's images can say only that a task shares with its parent. */
static struct err *check_sharing(struct dump *d, const struct task *t)
{
	const struct fdtable *table = t->fdt;
	const struct task *parent = t->parent;

	if (t == table->task ||
	    (parent && parent->ids && parent->ids->files_id == t->ids->files_id))
		return NULL;
	return files_blocker(d,
			     err_hint(err_new(ERR_UNSUPPORTED,
					      "cannot dump task %d: it shares its descriptor table "
					      "(CLONE_FILES) with task %d, which is not its parent",
					      t->host_pid, table->task->host_pid),
				      "share it with the parent only, or use threads"));
}

static struct err *task_probe_files(struct dump *d, struct task *t)
{
	struct files *fs = d->files;

	/* A new id is greater than all before, so only shared tables are searched for. */
	t->fdt = NULL;
	if (fs->nr_tables && t->ids->files_id <= fs->tables[fs->nr_tables - 1]->files_id)
		t->fdt = table_find(fs, t->ids->files_id);
	if (t->fdt) {
		t->fdt->nr_tasks++;
		return check_sharing(d, t);
	}
	t->fdt = ARENA_NEW(d->arena, struct fdtable);
	t->fdt->files_id = t->ids->files_id;
	t->fdt->task = t;
	t->fdt->nr_tasks = 1;
	fs->tables = arena_grow(d->arena, fs->tables, fs->nr_tables, sizeof(*fs->tables));
	fs->tables[fs->nr_tables++] = t->fdt;
	return probe_table(d, t->fdt);
}

static void lookups_init(struct dump *d, struct dump_files *df)
{
	struct lookup *const all[] = { &df->by_key, &df->by_path, &df->by_named, &df->build_ids,
				       &df->ghosts, &df->pipes,	  &df->memfds };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->arena = d->arena;
}

struct err *files_probe(struct dump *d)
{
	struct files *fs = ARENA_NEW(d->arena, struct files);

	d->files = fs;
	fs->dump = ARENA_NEW(d->arena, struct dump_files);
	fs->dump->fs = arena_array(d->arena, d->tree.nr_tasks, sizeof(*fs->dump->fs));
	lookups_init(d, fs->dump);
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		TRY(task_probe_files(d, t));
		TRY(fs_probe(d, t));
	}
	TRY(locks_check(d));
	for (size_t i = 0; file_kinds[i]; i++)
		if (file_kinds[i]->check)
			TRY(file_kinds[i]->check(d));
	log_info("files", 0, "descriptors read: tables=%zu files=%zu ghosts=%zu blockers=%zu",
		 fs->nr_tables, fs->nr, fs->dump->nr_ghosts, fs->dump->nr_blockers);
	return NULL;
}
