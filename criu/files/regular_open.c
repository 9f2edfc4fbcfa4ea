// SPDX-License-Identifier: GPL-2.0-only
/* Restore of files that have a path: what must be there is checked first, workers only open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/options.h"
#include "files/restore_priv.h"

/* Never taken from an image: they would change files. */
#define FORBIDDEN_FLAGS (O_CREAT | O_EXCL | O_TRUNC | TMPFILE_BIT)

struct found {
	struct lookup_node node;
	const char *path;
	int errnum; /* of stat */
	struct stat st;
	bool has_build_id; /* was read */
	uint32_t words[BUILD_ID_WORDS];
	size_t nr_words;
};

static struct found *find_path(struct restore *r, const char *path, bool is_link)
{
	struct lookup *l = &r->files->restore->by_path;
	uint64_t hash = lookup_hash_text(0, path);
	struct found *fp;

	for (struct lookup_node *n = lookup_first(l, hash); n; n = lookup_next(n)) {
		fp = CONTAINER_OF(n, struct found, node);
		if (!strcmp(fp->path, path))
			return fp;
	}
	fp = ARENA_NEW(r->arena, struct found);
	fp->path = path;
	if (fstatat(AT_FDCWD, path, &fp->st, is_link ? AT_SYMLINK_NOFOLLOW : 0))
		fp->errnum = errno;
	lookup_add(l, &fp->node, hash);
	return fp;
}

static struct err *read_build_id(struct found *fp)
{
	AUTO_FD fd = -1;

	if (fp->has_build_id)
		return NULL;
	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_NOATIME | O_NONBLOCK, &fd, "%s", fp->path));
	TRY(build_id_read(fd, fp->words, &fp->nr_words));
	fp->has_build_id = true;
	return NULL;
}

/* A file without a build-id now is taken: it may have been stripped. */
static struct err *check_build_id(struct restore *r, const struct file *f, struct found *fp)
{
	const RegFileEntry *rec = f->rec->reg;

	if (!rec->n_build_id || !r->opts->file_validation_build_id || !S_ISREG(fp->st.st_mode))
		return NULL;
	TRY(err_context(read_build_id(fp), "%s", file_user(r, f)));
	if (!fp->nr_words || (fp->nr_words == rec->n_build_id &&
			      !memcmp(fp->words, rec->build_id, fp->nr_words * sizeof(*fp->words))))
		return NULL;
	return err_hint(err_new(ERR_IMAGE,
				"cannot restore %s: %s was replaced by another build (build-id "
				"%08x... now, %08x... at the dump)",
				file_user(r, f), fp->path, be32toh(fp->words[0]),
				be32toh(rec->build_id[0])),
			"install the version that was running when the dump was made");
}

static const char *type_text(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a regular file";
	case S_IFDIR:
		return "a directory";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	case S_IFIFO:
		return "a fifo";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFSOCK:
		return "a socket";
	}
	return "of unknown type";
}

static struct err *check_state(struct restore *r, const struct file *f, const struct found *fp)
{
	const RegFileEntry *rec = f->rec->reg;
	const struct stat *st = &fp->st;

	if (rec->has_mode && (rec->mode & S_IFMT) != (st->st_mode & S_IFMT))
		return err_hint(err_new(ERR_IMAGE,
					"cannot restore %s: %s is %s now, at the dump it was %s",
					file_user(r, f), rec->name, type_text(st->st_mode),
					type_text(rec->mode)),
				"put back what was there when the dump was made");
	if (rec->has_mode && !r->opts->skip_file_rwx_check &&
	    (rec->mode & 0777) != (st->st_mode & 0777))
		return err_hint(
			err_new(ERR_IMAGE,
				"cannot restore %s: %s has mode %04o now, at the dump it was "
				"%04o",
				file_user(r, f), rec->name, st->st_mode & 0777, rec->mode & 0777),
			"pass --skip-file-rwx-check, or chmod %04o %s", rec->mode & 0777,
			rec->name);
	if (rec->has_size && S_ISREG(st->st_mode) && rec->size != (uint64_t)st->st_size)
		return err_hint(
			err_new(ERR_IMAGE,
				"cannot restore %s: %s has %llu bytes now, at the dump it had "
				"%llu",
				file_user(r, f), rec->name, (unsigned long long)st->st_size,
				(unsigned long long)rec->size),
			"put back the file as it was when the dump was made");
	return NULL;
}

static struct err *check_path(struct restore *r, const struct file *f)
{
	const RegFileEntry *rec = f->rec->reg;
	struct found *fp = find_path(r, rec->name, rec->has_mode && S_ISLNK(rec->mode));

	if (fp->errnum)
		return err_hint(err_sys(fp->errnum, "cannot restore %s: %s", file_user(r, f),
					rec->name),
				"put back what was there when the dump was made");
	/* Opening these would wait, or talk to somebody. */
	if (f->user && !(rec->flags & O_PATH) &&
	    (S_ISFIFO(fp->st.st_mode) || S_ISSOCK(fp->st.st_mode) || S_ISBLK(fp->st.st_mode)))
		return err_new(ERR_IMAGE, "cannot restore %s: %s is %s", file_user(r, f), rec->name,
			       type_text(fp->st.st_mode));
	TRY(check_state(r, f, fp));
	return check_build_id(r, f, fp);
}

/* Entries of /proc of tasks that are still to be made. */
static bool is_of_task(struct restore *r, const char *path)
{
	int pid, len = 0;

	return sscanf(path, "/proc/%d%n", &pid, &len) == 1 && len &&
	       (!path[len] || path[len] == '/') && tree_find(&r->tree, pid);
}

static struct err *find_inherited(struct restore *r, struct file *f)
{
	const RegFileEntry *rec = f->rec->reg;

	f->inherited = inherited_find(r, rec->name[0] == '/' ? rec->name + 1 : rec->name);
	if (f->inherited < 0 && rec->has_ext && rec->ext)
		return err_hint(err_new(ERR_USAGE, "cannot restore %s: %s was dumped as external",
					file_user(r, f), rec->name),
				"pass --inherit-fd fd[N]:%s", rec->name);
	return NULL;
}

/* A deleted file is what its image says; a hard link of the dump must be there. */
static struct err *check_remap(struct restore *r, const struct file *f)
{
	const struct remap *m = f->remap;
	const struct found *fp;

	if (m->type == REMAP_TYPE__GHOST)
		return NULL;
	fp = find_path(r, m->link, true);
	if (fp->errnum)
		return err_hint(
			err_sys(fp->errnum, "cannot restore %s: hard link %s of the dump",
				file_user(r, f), m->link),
			"restore on the machine and file system of the dump, and only once");
	return check_state(r, f, fp);
}

struct err *regular_link(struct restore *r, struct file *f)
{
	const RegFileEntry *rec = f->rec->reg;

	/* It is there when the tool has made the pair. */
	if (f->path_of && f->path_of->kind == &file_kind_tty)
		return NULL;
	TRY(find_inherited(r, f));
	if (f->inherited >= 0)
		return NULL;
	if (rec->name[0] != '/')
		return err_new(ERR_IMAGE, "cannot restore %s: \"%s\" is no absolute path",
			       file_user(r, f), rec->name);
	if (f->remap)
		return check_remap(r, f);
	if (is_of_task(r, rec->name)) {
		f->is_late = true;
		return NULL;
	}
	return check_path(r, f);
}

struct err *regular_open_path(struct worker *w, const struct file *f, int flags, int *fd_out)
{
	const struct restore_files *rf = w->restore->files->restore;
	const RegFileEntry *rec = f->rec->reg;
	const char *path = rec->name;
	char proc_path[64];
	int fd;

	flags = (flags & ~FORBIDDEN_FLAGS) | O_CLOEXEC | O_NOCTTY;
	if (f->remap) {
		snprintf(proc_path, sizeof(proc_path), "/proc/%d/fd/%d", rf->coordinator,
			 f->remap->fd);
		path = proc_path;
		flags &= ~O_NOFOLLOW;
	}
	fd = open(path, flags);
	if (fd < 0)
		return err_sys(errno, "cannot open %s", rec->name);
	*fd_out = fd;
	return NULL;
}

/* Position 0 is where a new description is; all ones means that there is none. */
static struct err *seek(const RegFileEntry *rec, int fd)
{
	if (!rec->pos || rec->pos == UINT64_MAX || rec->flags & O_PATH)
		return NULL;
	if (lseek(fd, (off_t)rec->pos, SEEK_SET) < 0 && errno != ESPIPE)
		return err_sys(errno, "cannot go to byte %llu of %s", (unsigned long long)rec->pos,
			       rec->name);
	return NULL;
}

/* A description that only the coordinator could make: opening it anew would not give the same. */
static bool is_taken_over(const struct file *f)
{
	const uint32_t link_only = O_PATH | O_NOFOLLOW;

	return f->remap &&
	       (f->remap->nameless == f || (f->rec->reg->flags & link_only) == link_only);
}

static struct err *take_over(struct worker *w, const struct file *f, int *fd_out)
{
	AUTO_FD pidfd = pidfd_open(w->restore->files->restore->coordinator, 0);
	AUTO_FD fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, f->remap->fd, 0);

	if (fd < 0)
		return err_sys(errno, "cannot take %s over from the tool", f->rec->reg->name);
	if (f->remap->nameless == f && fcntl(fd, F_SETFL, f->rec->reg->flags & ~(uint32_t)O_ASYNC))
		return err_sys(errno, "cannot set the flags of %s", f->rec->reg->name);
	*fd_out = fd_take(&fd);
	return NULL;
}

struct err *regular_open(struct worker *w, struct file *f, int *fd_out)
{
	const RegFileEntry *rec = f->rec->reg;
	int flags = (int)rec->flags;
	AUTO_FD fd = -1;

	/* F_GETFL of a file made by O_TMPFILE shows O_DIRECTORY too, which it is not. */
	if (flags & TMPFILE_BIT)
		flags &= ~O_TMPFILE;
	TRY(is_taken_over(f) ? take_over(w, f, &fd) : regular_open_path(w, f, flags, &fd));
	TRY(seek(rec, fd));
	*fd_out = fd_take(&fd);
	return NULL;
}
