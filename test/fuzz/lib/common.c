// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/lib/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

void fuzz_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: \"%s\" does not hold: %s\n", file, line, what, strerror(errno));
	abort();
}

void fuzz_unexpected(struct err *e, const char *what, const char *file, int line)
{
	for (const struct err *one = e; one; one = err_next(one))
		fprintf(stderr, "%s\n", err_message(one));
	fuzz_broken(what, file, line);
}

uint64_t input_int(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes && in->at < in->end; i++)
		value |= (uint64_t)*in->at++ << (8 * i);
	return value;
}

struct input input_take(struct input *in, size_t len)
{
	struct input part = { in->at, in->at + MIN(len, input_left(in)) };

	in->at = part.end;
	return part;
}

static bool is_verbose;

void fuzz_quiet(void)
{
	is_verbose = getenv("FUZZ_VERBOSE");
	MUST(freopen("/dev/null", "w", stdout));
	log_set_level(LOG_MSG);
}

static char scratch[PATH_MAX];

static void scratch_remove(void)
{
	AUTO_DIR DIR *d = opendir(scratch);

	if (!d)
		return;
	fuzz_clear(dirfd(d));
	rmdir(scratch);
}

const char *fuzz_dir(void)
{
	const char *top = getenv("FUZZ_DIR");

	if (*scratch)
		return scratch;
	snprintf(scratch, sizeof(scratch), "%s/criu-lite-fuzz-XXXXXX", top ? top : "/dev/shm");
	MUST(mkdtemp(scratch));
	atexit(scratch_remove);
	return scratch;
}

void fuzz_put(int dirfd, const char *name, const void *bytes, size_t len, uint64_t nr_zeros)
{
	AUTO_FD fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	MUST(!len || write(fd, bytes, len) == (ssize_t)len);
	MUST(!nr_zeros || !ftruncate(fd, (off_t)(len + nr_zeros)));
}

/* Directories too, one level down. */
static void clear_entry(int dirfd, const char *name)
{
	AUTO_FD fd = -1;

	if (!unlinkat(dirfd, name, 0))
		return;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0);
	fuzz_clear(fd);
	MUST(!unlinkat(dirfd, name, AT_REMOVEDIR));
}

void fuzz_clear(int dirfd)
{
	AUTO_FD fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	MUST(d);
	fd_take(&fd);
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			clear_entry(dirfd, entry->d_name);
}

/* Half a hint or an empty message helps nobody. */
static void check_message(const struct err *e)
{
	MUST(err_code(e) != ERR_BUG);
	MUST(*err_message(e));
	MUST(!err_hint_text(e) || *err_hint_text(e));
	MUST(*err_code_name(err_code(e)));
}

static void check_packed(const struct err *e)
{
	char bytes[512];
	struct err *copy;

	err_pack(e, bytes, sizeof(bytes));
	MUST(memchr(bytes, 0, sizeof(bytes)));
	copy = err_unpack(bytes);
	MUST(copy && err_code(copy) == err_code(e));
	err_drop(copy, "a copy");
}

void fuzz_drop(struct err *own_e)
{
	if (!own_e)
		return;
	for (const struct err *e = own_e; e; e = err_next(e)) {
		check_message(e);
		if (is_verbose)
			fprintf(stderr, "  %s\n", err_message(e));
	}
	check_packed(own_e);
	err_drop(own_e, "the input is damaged on purpose");
}
