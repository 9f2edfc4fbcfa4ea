/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_UFFD_H
#define MEM_UFFD_H

/*
 * A userfaultfd of a task that only watches for writes (WP_ASYNC, since 6.7): the kernel lifts the protection of a
 * page by itself when it is written, and PAGEMAP_SCAN tells which.  ioctl_userfaultfd(2),
 * admin-guide/mm/userfaultfd.rst.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "inject/remote.h"

/* Makes one in the task behind @leader (open) and takes it out; the task keeps none. */
MUST_USE struct err *uffd_create(struct remote *leader, int *fd_out);
/* False when its address space is gone, as after an execve. */
bool uffd_is_alive(int uffd);
/*
 * Registers what lies in the range, which may hold several mappings and holes.  False, with errno: EBUSY another
 * userfaultfd has a part of it, EPERM or EINVAL a mapping cannot be registered.  What is registered already stays so.
 */
bool uffd_register(int uffd, uint64_t start, uint64_t end);
/* Lifts what protection is left in a registered range, so that all of it reads as written. */
bool uffd_unprotect(int uffd, uint64_t start, uint64_t end);

#endif
