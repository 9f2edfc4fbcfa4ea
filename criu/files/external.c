// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes from outside of the tree: declared by a key with --external on dump, given as a descriptor with
 * --inherit-fd KEY on restore.  Each kind of file makes its own key.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/options.h"
#include "files/restore_priv.h"

bool files_is_external(const struct options *opts, const char *key)
{
	for (size_t i = 0; i < opts->external.nr; i++)
		if (!strcmp(opts->external.items[i], key))
			return true;
	for (size_t i = 0; i < opts->nr_inherit_fds; i++)
		if (!strcmp(opts->inherit_fds[i].key, key))
			return true;
	return false;
}

const char *external_file_key(struct dump *d, const struct fd_probe *p)
{
	return arena_printf(d->arena, "file[%x:%llx]", (unsigned)p->mnt_id,
			    (unsigned long long)p->st.st_ino);
}

bool external_is_declared(struct dump *d, const struct fd_probe *p)
{
	switch (p->st.st_mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		break;
	default:
		return false;
	}
	return d->opts->external.nr && p->mnt_id >= 0 && p->text[0] == '/' &&
	       files_is_external(d->opts, external_file_key(d, p));
}

void inherited_init(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	rf->inherited = arena_array(r->arena, r->opts->nr_inherit_fds, sizeof(*rf->inherited));
	rf->nr_inherited = r->opts->nr_inherit_fds;
	for (size_t i = 0; i < rf->nr_inherited; i++)
		rf->inherited[i] = (struct inherited_fd){ .key = r->opts->inherit_fds[i].key,
							  .fd = r->opts->inherit_fds[i].fd,
							  .kept_fd = -1 };
}

int inherited_find(struct restore *r, const char *key)
{
	struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < rf->nr_inherited; i++) {
		if (strcmp(rf->inherited[i].key, key))
			continue;
		rf->inherited[i].is_used = true;
		return rf->inherited[i].fd;
	}
	return -1;
}

void inherited_check_use(const struct restore *r)
{
	const struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < rf->nr_inherited; i++)
		if (!rf->inherited[i].is_used)
			log_warn("files", 0,
				 "--inherit-fd fd[%d]:%s is not used: nothing in the set "
				 "has this key",
				 rf->inherited[i].fd, rf->inherited[i].key);
}
