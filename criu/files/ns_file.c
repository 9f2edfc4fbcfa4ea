// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors of namespaces, as /proc/PID/ns/NAME gives them: of those that the tree lives in itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "files/restore_priv.h"
#include "ns/ns.h"

static bool ns_matches(const struct fd_probe *p)
{
	uint32_t id, cflag;

	return p->fd >= 0 && !(p->flags & O_PATH) && p->text[0] != '/' &&
	       ns_is_own(p->text, &id, &cflag);
}

static struct err *ns_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	NsFileEntry *r = rec->nsf = PB_NEW(d->arena, NsFileEntry, ns_file_entry);

	r->id = rec->id;
	r->flags = p->flags;
	if (!ns_is_own(p->text, &r->ns_id, &r->ns_cflag))
		return err_new(ERR_BUG, "%s is not a namespace of the tool any more", p->text);
	return NULL;
}

/* All tasks live in one set of namespaces. */
static const char *name_of(const struct restore *r, const struct file *f)
{
	return ns_of_task(r->tree.root, f->rec->nsf->ns_id, f->rec->nsf->ns_cflag);
}

static struct err *ns_link(struct restore *r, struct file *f)
{
	if (name_of(r, f))
		return NULL;
	return err_hint(
		err_new(ERR_UNSUPPORTED,
			"cannot restore %s: it is of a namespace that the tree does not live "
			"in (number %u of kind %#x)",
			file_user(r, f), f->rec->nsf->ns_id, f->rec->nsf->ns_cflag),
		"restore this set with CRIU");
}

static struct err *ns_open(struct worker *w, struct file *f, int *fd_out)
{
	const char *name = name_of(w->restore, f);

	return fd_open_at(AT_FDCWD,
			  (int)(f->rec->nsf->flags & (O_ACCMODE | O_NONBLOCK | O_NOATIME)), fd_out,
			  "/proc/self/ns/%s", name ? name : "");
}

const struct file_kind file_kind_ns = {
	.name = "ns",
	.type = FD_TYPES__NS,
	.member = offsetof(FileEntry, nsf),
	.about = "the namespaces that the tree lives in",
	.matches = ns_matches,
	.dump = ns_dump,
	.link_up = ns_link,
	.open = ns_open,
};
