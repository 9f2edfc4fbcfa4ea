// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dump of a unix socket's address: the bytes that bind(2) was given, and where the file that it made is now.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "files/sk_unix.h"

static const char deleted[] = " (deleted)";

/* SIOCUNIXFILE gives a descriptor of O_PATH for the file; see unix_open_file() in net/unix/af_unix.c. */
static struct err *bound_file(const struct fd_probe *p, int fd, int *file_out)
{
	int file = ioctl(fd, SIOCUNIXFILE);

	if (file < 0)
		return err_sys(errno, "cannot reach the file that fd %d of task %d is bound to",
			       p->fd, p->task->host_pid);
	*file_out = file;
	return NULL;
}

/* What the link says, without the mark of a deleted file; *is_there when the path leads to @st. */
static struct err *where(struct dump *d, const struct fd_probe *p, int file, const struct stat *st,
			 char **path_out, bool *is_there)
{
	char text[4096 + 64];
	struct stat now;
	size_t len;

	TRY(link_read_at(AT_FDCWD, text, sizeof(text), "/proc/self/fd/%d", file));
	if (text[0] != '/')
		return err_hint(fd_probe_refuse(p,
						"it is bound to a file that is not seen from "
						"here (%s)",
						text),
				"run the tool where the file's file system is mounted");
	*is_there = !lstat(text, &now) && now.st_dev == st->st_dev && now.st_ino == st->st_ino;
	len = strlen(text);
	if (!*is_there && len > strlen(deleted) && !strcmp(text + len - strlen(deleted), deleted))
		text[len - strlen(deleted)] = 0;
	*path_out = arena_strdup(d->arena, text);
	return NULL;
}

static bool ends_with_name(const char *path, const char *name)
{
	size_t len = strlen(path), name_len = strlen(name);

	return len > name_len && !strcmp(path + len - name_len, name) &&
	       path[len - name_len - 1] == '/';
}

/* What other tools make of name and name_dir is the path, or else it is written too. */
static void set_path(struct dump *d, UnixSkEntry *rec, const char *name, char *path)
{
	size_t dir_len;

	if (name[0] == '/') {
		if (strcmp(name, path))
			rec->path = path;
		return;
	}
	dir_len = (size_t)(strrchr(path, '/') - path);
	if (ends_with_name(path, name))
		dir_len = strlen(path) - strlen(name) - 1;
	else
		rec->path = path;
	rec->name_dir = dir_len ? arena_printf(d->arena, "%.*s", (int)dir_len, path) :
				  arena_strdup(d->arena, "/");
}

static struct err *file_dump(struct dump *d, const struct fd_probe *p, int fd, UnixSkEntry *rec)
{
	AUTO_FD file = -1;
	bool is_there;
	struct stat st;
	char *path;

	TRY(bound_file(p, fd, &file));
	if (fstat(file, &st))
		return err_sys(errno, "cannot stat the file that fd %d of task %d is bound to",
			       p->fd, p->task->host_pid);
	TRY(where(d, p, file, &st, &path, &is_there));
	set_path(d, rec, arena_printf(d->arena, "%.*s", (int)rec->name.len, (char *)rec->name.data),
		 path);
	if (!is_there)
		rec->has_deleted = rec->deleted = true;
	rec->file_perms = PB_NEW(d->arena, FilePermsEntry, file_perms_entry);
	rec->file_perms->mode = st.st_mode;
	rec->file_perms->uid = st.st_uid;
	rec->file_perms->gid = st.st_gid;
	return NULL;
}

struct err *unix_name_dump(struct dump *d, const struct fd_probe *p, int fd, UnixSkEntry *rec)
{
	/* A path of full length comes with a NUL behind it, one byte more than sockaddr_un has. */
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	const size_t at = offsetof(struct sockaddr_un, sun_path);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return err_sys(errno, "cannot read the name of fd %d of task %d", p->fd,
			       p->task->host_pid);
	if (len <= at)
		return NULL;
	rec->name.len = len - at;
	rec->name.data = arena_memdup(d->arena, (char *)&addr + at, rec->name.len);
	return rec->name.data[0] ? file_dump(d, p, fd, rec) : NULL;
}
