/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NEVER_NULL __attribute__((returns_nonnull))
#define UNUSED __attribute__((unused))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static inline void cleanup_fd_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free_(void *ptr)
{
	free(*(void **)ptr);
}

static inline void cleanup_dir_(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void cleanup_file_(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* A descriptor closed at the end of the scope; negative means none. */
#define AUTO_FD __attribute__((cleanup(cleanup_fd_))) int
/* A heap pointer freed at the end of the scope: AUTO_FREE char *text = NULL; */
#define AUTO_FREE __attribute__((cleanup(cleanup_free_)))
/* AUTO_DIR DIR *d = opendir(...); AUTO_FILE FILE *f = fopen(...); NULL means none. */
#define AUTO_DIR __attribute__((cleanup(cleanup_dir_)))
#define AUTO_FILE __attribute__((cleanup(cleanup_file_)))

/* Hands an AUTO_FD over: the variable becomes -1. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Hands an AUTO_FREE pointer over: the variable becomes NULL. */
#define PTR_TAKE(ptr)                       \
	({                                  \
		__typeof__(ptr) p_ = (ptr); \
		(ptr) = NULL;               \
		p_;                         \
	})

#endif
