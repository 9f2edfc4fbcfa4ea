/* SPDX-License-Identifier: GPL-2.0-only */
/* Cases that are dumped with --external and restored with --inherit-fd: words for the tool. */
#ifndef TEST_EXTERNAL_H
#define TEST_EXTERNAL_H

#include <stdio.h>
#include <sys/stat.h>

#include "case.h"

/* The options of files "dump-opts" and "restore-opts" are handed to the tool. */
static inline void external_words(const char *name, const char *option, const char *value)
{
	FILE *f = fopen(name, "we");

	CASE_CHECK(f, "%s: %s", name, strerror(errno));
	fprintf(f, "%s\n%s\n", option, value);
	fclose(f);
}

/* The dump is told that @key comes from outside, the restore that its descriptor @fd is that. */
static inline void external_declare(const char *key, int fd)
{
	char text[128];

	snprintf(text, sizeof(text), "fd[%d]:%s", fd, key);
	external_words("dump-opts", "--external", key);
	external_words("restore-opts", "--inherit-fd", text);
}

/* file[MOUNT:INODE], in a static buffer. */
static inline const char *external_file_key(int fd)
{
	static char key[64];
	const char *mount;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	mount = strstr(case_read_file(path), "mnt_id:");
	CASE_CHECK(mount, "no mount id of fd %d", fd);
	CASE_SYS(fstat(fd, &st));
	snprintf(key, sizeof(key), "file[%x:%llx]", atoi(mount + 7), (unsigned long long)st.st_ino);
	return key;
}

/* Did a restore come in between?  The shell words of the case make the file. */
static inline bool external_restored(void)
{
	return !access("restored", F_OK);
}

#endif
