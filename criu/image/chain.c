// SPDX-License-Identifier: GPL-2.0-only
/*
 * A set and its parents: where the links "parent" lead, and whether each is the set that its child was dumped against.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "image/dir_priv.h"

static struct err *parent_exists(const struct image_dir *dir, bool *out)
{
	struct stat st;
	bool there = !fstatat(dir->fd, "parent", &st, AT_SYMLINK_NOFOLLOW);

	/* With a manifest, only what it says is there. */
	if (dir->has_manifest && dir->manifest.head.has_parent && !there)
		return err_hint(err_new(ERR_IMAGE, "the link \"%s/parent\" is missing", dir->path),
				"copy the whole chain of directories");
	*out = dir->has_manifest ? dir->manifest.head.has_parent : there;
	return NULL;
}

static bool is_same_dir(const struct image_dir *a, const struct image_dir *b)
{
	return a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino;
}

/* Sets of earlier versions are not bound to a parent without a manifest. */
static bool is_bound_to(const struct image_dir *child, const struct image_dir *dir)
{
	static const uint8_t none[MANIFEST_ID_LEN];
	const uint8_t *want = child->manifest.head.parent_id;

	if (!child->has_manifest || !memcmp(want, dir->id, MANIFEST_ID_LEN))
		return true;
	return !dir->has_manifest && !memcmp(want, none, MANIFEST_ID_LEN);
}

static struct err *parent_check(const struct image_dir *top, const struct image_dir *child,
				const struct image_dir *dir)
{
	for (; top != dir; top = top->parent)
		if (is_same_dir(top, dir))
			return err_hint(err_new(ERR_IMAGE,
						"the chain of parents comes back to \"%s\"",
						top->path),
					"make the link \"parent\" of one of them lead to the set "
					"that was dumped before it");
	if (!is_bound_to(child, dir))
		return err_hint(err_new(ERR_IMAGE,
					"\"%s\" is not the set that \"%s\" was dumped against",
					dir->path, child->path),
				"put the right directory where the link \"parent\" leads");
	return NULL;
}

bool dir_real_path(int fd, char out[PATH_MAX])
{
	struct err *e = link_read_at(AT_FDCWD, out, PATH_MAX, "/proc/self/fd/%d", fd);

	if (e)
		err_drop(e, "the path is only for a message");
	/* Seen from another root it is none. */
	return !e && *out == '/';
}

/* For messages: better than a row of ".../parent/parent". */
static struct err *parent_name(struct image_dir *dir)
{
	char path[PATH_MAX];
	char *text;

	if (!dir_real_path(dir->fd, path))
		return NULL;
	text = strdup(path);
	if (!text)
		return err_new(ERR_NOMEM, "cannot allocate a path");
	free(dir->path);
	dir->path = text;
	return NULL;
}

static struct err *parent_open(struct image_dir *child)
{
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/parent", child->path) < 0)
		return err_new(ERR_NOMEM, "cannot allocate a path");
	if (faccessat(child->fd, "parent", F_OK, 0) < 0 && (errno == ENOENT || errno == ELOOP))
		return err_hint(err_new(ERR_IMAGE, "the parent \"%s\" is missing: %s", path,
					strerror(errno)),
				"copy the whole chain of directories");
	TRY(dir_open_bare(child->fd, "parent", path, &child->parent));
	child->parent->is_parent = true;
	TRY(parent_name(child->parent));
	return set_open(child->parent);
}

struct err *chain_open(int dirfd, const char *path, const char *shown, struct image_dir **out)
{
	struct image_dir *top = NULL, *dir = NULL;
	struct err *e = dir_open_bare(dirfd, path, shown, &top);

	if (e)
		return e;
	dir = top;
	e = set_open(dir);
	for (int depth = 0; !e; depth++) {
		bool there = false;

		e = parent_exists(dir, &there);
		if (e || !there)
			break;
		if (depth == IMAGE_CHAIN_MAX)
			e = err_new(ERR_IMAGE, "the chain of parents of \"%s\" has no end", shown);
		if (!e)
			e = parent_open(dir);
		if (!e)
			e = parent_check(top, dir, dir->parent);
		dir = dir->parent;
	}
	if (e) {
		image_dir_close(top);
		return e;
	}
	*out = top;
	return NULL;
}

struct err *image_dir_open_any(const char *path, struct image_dir **out)
{
	return chain_open(AT_FDCWD, path, path, out);
}

static struct err *restorable(const struct image_dir *dir)
{
	uint32_t version = dir->inventory->img_version;

	if (!version)
		return err_hint(err_new(ERR_IMAGE,
					"\"%s\" holds a pre-dump, which cannot be restored",
					dir->path),
				"give the directory of the dump that followed it");
	if (version > 2)
		return err_new(ERR_IMAGE, "\"%s\": image version %u is not known", dir->path,
			       version);
	/* Pages are only removed that the set has in its own page maps. */
	if (dir->has_manifest && dir->manifest.head.has_removed)
		return image_dir_removed(dir, err_new(ERR_IMAGE,
						      "\"%s\" cannot be restored: pages were "
						      "removed from it",
						      dir->path));
	return NULL;
}

struct err *image_dir_open(const char *path, struct image_dir **out)
{
	struct image_dir *dir = NULL;
	struct err *e;

	TRY(image_dir_open_any(path, &dir));
	e = restorable(dir);
	if (e)
		image_dir_close(dir);
	else
		*out = dir;
	return e;
}

/* --- the parent of a set that is to be written --- */

/* @dir may be found among its own parents, when it is used anew. */
static struct err *parent_usable(const struct image_dir *dir)
{
	for (const struct image_dir *p = dir->parent; p; p = p->parent) {
		if (is_same_dir(p, dir))
			return err_hint(err_new(ERR_IMAGE,
						"\"%s\" is its own parent, by way of \"%s\"",
						dir->path, dir->parent_text),
					"dump into a directory that is not part of the chain");
		if (p->inventory && p->inventory->img_version > 2)
			return err_hint(err_new(ERR_IMAGE, "\"%s\": image version %u is not known",
						p->path, p->inventory->img_version),
					"dump without --prev-images-dir");
	}
	return NULL;
}

static struct err *parent_attach(struct image_dir *dir, const char *text)
{
	AUTO_FREE char *shown = NULL;

	dir->parent_text = strdup(text);
	if (!dir->parent_text)
		return err_new(ERR_NOMEM, "cannot allocate a path");
	if (asprintf(&shown, "%s%s%s", *text == '/' ? "" : dir->path, *text == '/' ? "" : "/",
		     text) < 0)
		return err_new(ERR_NOMEM, "cannot allocate a path");
	if (faccessat(dir->fd, text, F_OK, 0) < 0)
		return err_hint(err_new(ERR_IMAGE, "the parent \"%s\" is missing: %s", shown,
					strerror(errno)),
				"give --prev-images-dir as a path that starts in the images "
				"directory, as in ../1");
	TRY(err_hint(err_context(chain_open(dir->fd, text, shown, &dir->parent),
				 "\"%s\" cannot be the parent", text),
		     "dump without --prev-images-dir"));
	return parent_usable(dir);
}

struct err *image_dir_create(const char *path, const char *parent_path, struct image_dir **out)
{
	struct image_dir *dir = NULL;
	struct err *e = NULL;

	TRY(dir_open_bare(AT_FDCWD, path, path, &dir));
	dir->is_writing = true;
	dir->next_pages_id = 1;
	if (parent_path)
		e = parent_attach(dir, parent_path);
	if (e) {
		image_dir_close(dir);
		return e;
	}
	*out = dir;
	return NULL;
}

void image_dir_set_mark(struct image_dir *dir, const uint8_t mark[MANIFEST_ID_LEN])
{
	memcpy(dir->mark, mark, MANIFEST_ID_LEN);
}
