/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_ANON_H
#define FILES_ANON_H

/* What kinds of files without a path (eventfd, epoll, timerfd...) share. */

#include <stdint.h>
#include <sys/ioctl.h>

#include "files/kind.h"
#include "proc/fdinfo.h"

/* <linux/timerfd.h>, with CONFIG_CHECKPOINT_RESTORE; that header and the C library's do not go together. */
#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

/* Does the link say "anon_inode:NAME"?  Not for O_PATH, which is a name and not the object. */
bool fd_probe_is_anon(const struct fd_probe *p, const char *name);
/* What the kernel tells about the descriptor, kind's own lines included; from the dump's arena. */
MUST_USE struct err *fd_probe_info(struct dump *d, const struct fd_probe *p, struct fdinfo *out);
/* Sets those of the recorded flags that fcntl(2) can set on such a file, O_ASYNC apart. */
MUST_USE struct err *anon_set_flags(int fd, uint32_t flags);

#endif
