// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore, coordinator: sockets with addresses are bound here, before there is any worker.
 *
 * A path goes to bind(2) exactly as the program had given it, because getsockname(2) shows it, but the file may
 * belong elsewhere: its folder was moved, the program was chrooted or in another folder, the file is deleted.  So each
 * path is bound inside a folder of ours beside the place, which is root and working directory for that moment, and
 * then renamed to the place.  There it replaces the file of a socket that nobody has any more, most often of the dumped
 * one: when the restore does not succeed, another such file is there, and none where there was none.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/sk_diag.h"
#include "files/sk_restore.h"

/* Room for the path of a file of ours: folder and address. */
enum { PATH_LEN = 4096 + 512 };

void unix_addr_set(struct unix_addr *a, const void *path, size_t len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	/* A path that fills sun_path is given without the NUL that the kernel adds. */
	len = MIN(len, sizeof(un.sun_path));
	memcpy(un.sun_path, path, len);
	memcpy(a->bytes, &un, sizeof(un));
	a->len = (unsigned int)(offsetof(struct sockaddr_un, sun_path) + len);
}

struct err *unix_addr_of(const struct unix_name *n, int fd, struct unix_addr *out, int *file_out)
{
	char path[64];
	int file;

	*file_out = -1;
	if (!n->path) {
		unix_addr_set(out, n->addr, n->len);
		return NULL;
	}
	file = ioctl(fd, SIOCUNIXFILE);
	if (file < 0)
		return err_sys(errno, "cannot reach the file of a socket");
	unix_addr_set(out, path,
		      (size_t)snprintf(path, sizeof(path), "/proc/self/fd/%d", file) + 1);
	*file_out = file;
	return NULL;
}

static const char *addr_text(struct arena *a, const struct unix_name *n)
{
	if (n->addr[0])
		return arena_printf(a, "\"%s\"", (const char *)n->addr);
	return arena_printf(a, "\"@%.*s\"", (int)n->len - 1, (const char *)n->addr + 1);
}

/* --- folders --- */

static bool make_folder_in(struct arena *a, const char *parent, int len, size_t nr,
			   struct unix_name *n)
{
	n->dir = arena_printf(a, "%.*s/.criu-lite-%d-%zu", len, parent, (int)getpid(), nr);
	if (!mkdir(n->dir, 0700))
		return true;
	n->dir = NULL;
	return false;
}

/* Beside the place; that of a deleted file may be gone, and then any folder does. */
static struct err *make_folder(struct restore *r, struct unix_name *n, size_t nr)
{
	static const char *const others[] = { "/tmp", "/run", "/dev/shm", "/" };
	int failed;

	if (make_folder_in(r->arena, n->path, (int)(strrchr(n->path, '/') - n->path), nr, n))
		return NULL;
	failed = errno;
	for (size_t i = 0; n->is_deleted && i < ARRAY_SIZE(others); i++)
		if (make_folder_in(r->arena, others[i], (int)strlen(others[i]), nr, n))
			return NULL;
	return err_hint(err_sys(failed, "cannot make a folder beside \"%s\" to bind a socket in",
				n->path),
			"make sure that the folder is there and can be written to");
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int kind UNUSED,
			struct FTW *ftw UNUSED)
{
	return remove(path);
}

static void remove_folder(struct unix_name *n)
{
	if (n->dir && nftw(n->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS))
		log_warn("files", 0, "cannot remove \"%s\": %s", n->dir, strerror(errno));
	n->dir = NULL;
}

/* The folders that the path goes through; "/" first or not, as the address has it. */
static struct err *make_parents(const struct unix_name *n)
{
	char path[sizeof(struct sockaddr_un)] = "";

	for (size_t i = 0; i + 1 < n->len && i < sizeof(path) - 1; i++) {
		path[i] = (char)n->addr[i];
		if (!i || path[i] != '/')
			continue;
		path[i] = 0;
		if (mkdir(path, 0700) && errno != EEXIST)
			return err_sys(errno, "cannot make folder \"%s\"", path);
		path[i] = '/';
	}
	return NULL;
}

/* A relative address can go up as often as it has "..": the working directory is that deep. */
static struct err *go_deep(const struct unix_name *n)
{
	for (size_t i = 1; i < n->len; i++) {
		if (n->addr[i - 1] != '.' || n->addr[i] != '.')
			continue;
		if ((mkdir("d", 0700) && errno != EEXIST) || chdir("d"))
			return err_sys(errno, "cannot make a folder to bind a socket in");
	}
	return NULL;
}

static struct err *do_bind(const struct unix_name *n)
{
	struct unix_addr a;

	unix_addr_set(&a, n->addr, n->len);
	if (bind(n->fd, (struct sockaddr *)(void *)a.bytes, a.len))
		return err_sys(errno, "cannot bind it");
	return NULL;
}

/* Everything in here happens with our folder as root. */
static struct err *bind_as_root(const struct unix_name *n)
{
	if (chroot(n->dir) || chdir("/"))
		return err_sys(errno, "cannot make \"%s\" the root", n->dir);
	TRY(go_deep(n));
	TRY(make_parents(n));
	return do_bind(n);
}

static struct err *bind_in_folder(struct restore *r, struct unix_name *n)
{
	AUTO_FD root = open("/", O_PATH | O_CLOEXEC), cwd = open(".", O_PATH | O_CLOEXEC);
	AUTO_FD file = -1;
	char made[PATH_LEN];
	struct err *e;

	if (root < 0 || cwd < 0)
		return err_sys(errno, "cannot open the root");
	e = bind_as_root(n);
	if (fchdir(root) || chroot(".") || fchdir(cwd))
		e = err_join(e, err_sys(errno, "cannot go back to the root"));
	TRY(e);
	file = ioctl(n->fd, SIOCUNIXFILE);
	if (file < 0)
		return err_sys(errno, "cannot reach its file");
	TRY(link_read_at(AT_FDCWD, made, sizeof(made), "/proc/self/fd/%d", file));
	n->made = arena_strdup(r->arena, made);
	return NULL;
}

static struct err *set_perms(const struct unix_name *n)
{
	const FilePermsEntry *perms = n->rec ? n->rec->file_perms : NULL;

	if (!perms)
		return NULL;
	if (lchown(n->made, perms->uid, perms->gid) || chmod(n->made, perms->mode & 07777))
		return err_sys(errno, "cannot set owner and mode of \"%s\"", n->made);
	return NULL;
}

/* --- places --- */

/* Is a socket bound to the file?  A datagram socket can ask without being noticed. */
static bool is_in_use(const char *path)
{
	AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	AUTO_FD file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct unix_addr a;
	char link[64];

	unix_addr_set(&a, link, (size_t)snprintf(link, sizeof(link), "/proc/self/fd/%d", file) + 1);
	return fd >= 0 && file >= 0 &&
	       (!connect(fd, (struct sockaddr *)(void *)a.bytes, a.len) || errno != ECONNREFUSED);
}

/* A file of another kind is somebody else's, and so is the socket of a process that runs. */
static struct err *check_place(const struct unix_name *n, bool *is_there)
{
	struct stat st;

	*is_there = !lstat(n->path, &st);
	if (!*is_there)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return err_hint(err_new(ERR_SYS, "something else is at \"%s\" now", n->path),
				"move it away, the restore makes the socket there");
	if (is_in_use(n->path))
		return err_hint(err_new(ERR_SYS, "another process has a socket at \"%s\" now",
					n->path),
				"end that process (ss -xlp shows it)");
	return NULL;
}

static struct err *place(struct unix_name *n)
{
	bool is_there;

	TRY(check_place(n, &is_there));
	if (rename(n->made, n->path))
		return err_sys(errno, "cannot put a socket at \"%s\"", n->path);
	n->is_new = !is_there;
	return NULL;
}

static struct err *bind_path(struct restore *r, struct unix_name *n, size_t nr)
{
	struct err *e;

	TRY(make_folder(r, n, nr));
	e = bind_in_folder(r, n);
	if (!e)
		e = set_perms(n);
	if (!e && !n->is_deleted)
		e = place(n);
	remove_folder(n);
	return e;
}

/* --- sockets --- */

static struct err *make_sockets(const struct restore *r, struct unix_name *n)
{
	int type = n->type | SOCK_CLOEXEC, ends[2];

	if (!n->is_pair) {
		n->fd = socket(AF_UNIX, type, 0);
		if (n->fd < 0)
			return err_sys(errno, "cannot make it");
		return fd_move_up(&n->fd, files_fd_floor(r));
	}
	if (socketpair(AF_UNIX, type, 0, ends))
		return err_sys(errno, "cannot make it");
	n->fd = ends[0];
	n->other = ends[1];
	TRY(fd_move_up(&n->fd, files_fd_floor(r)));
	return fd_move_up(&n->other, files_fd_floor(r));
}

static struct err *bind_abstract(struct unix_name *n)
{
	struct err *e = do_bind(n);

	if (!e || n->rec || err_errno(e) != EADDRINUSE)
		return err_hint(e, "end the process that uses the address (ss -xlp shows it)");
	/* Somebody has taken the address of a sender that was gone: its messages come from nobody. */
	err_drop(e, "the sender of messages in a queue is gone");
	close(n->fd);
	n->fd = -1;
	return NULL;
}

static struct err *make_name(struct restore *r, struct unix_name *n, size_t nr)
{
	TRY(make_sockets(r, n));
	return n->path ? bind_path(r, n, nr) : bind_abstract(n);
}

struct err *unix_names_make(struct restore *r)
{
	struct unix_restore *ur = r->files->restore->unix_sks;

	for (size_t i = 0; ur && i < ur->nr_names; i++)
		TRY(err_context(make_name(r, ur->names[i], i), "cannot restore unix socket %s",
				addr_text(r->arena, ur->names[i])));
	return NULL;
}

void unix_names_close(const struct restore_files *rf)
{
	const struct unix_restore *ur = rf->unix_sks;

	for (size_t i = 0; ur && i < ur->nr_names; i++) {
		struct unix_name *n = ur->names[i];

		if (n->fd >= 0)
			close(n->fd);
		if (n->other >= 0)
			close(n->other);
	}
}

void unix_names_drop(struct restore *r, bool is_commit)
{
	struct unix_restore *ur = r->files->restore->unix_sks;

	unix_names_close(r->files->restore);
	for (size_t i = 0; ur && i < ur->nr_names; i++) {
		struct unix_name *n = ur->names[i];

		n->fd = n->other = -1;
		if (!is_commit && n->is_new && unlink(n->path))
			log_warn("files", 0, "cannot remove \"%s\": %s", n->path, strerror(errno));
		n->is_new = false;
	}
}

struct err *unix_name_take(struct worker *w, int coordinators_fd, int *fd_out)
{
	AUTO_FD pidfd = pidfd_open(w->restore->files->restore->coordinator, 0);
	int fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, coordinators_fd, 0);

	if (fd < 0)
		return err_sys(errno, "cannot take a socket from the coordinator");
	*fd_out = fd;
	return fd_move_up(fd_out, w->fd_floor);
}
