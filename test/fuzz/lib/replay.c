// SPDX-License-Identifier: GPL-2.0-only
/* Instead of libFuzzer: tries the given files, and the files of given directories, once each. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "fuzz/lib/fuzz.h"

#define WEAK __attribute__((weak))
WEAK int LLVMFuzzerInitialize(int *argc, char ***argv);

size_t LLVMFuzzerMutate(uint8_t *data UNUSED, size_t size, size_t max_size UNUSED)
{
	return size;
}

static char current[PATH_MAX];

/* Says which input it was; the signal then ends the process as it would have. */
static void tell(int sig)
{
	ssize_t ignored UNUSED = write(STDERR_FILENO, current, strlen(current));

	ignored = write(STDERR_FILENO, ": it ends the fuzzer\n", 21);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void tell_of_signals(void)
{
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], tell);
}

static size_t try_file(const char *path)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	struct err *e = file_slurp_at(AT_FDCWD, &text, &len, "%s", path);

	MUST(!e);
	snprintf(current, sizeof(current), "%s", path);
	LLVMFuzzerTestOneInput((const uint8_t *)text, len);
	return 1;
}

static size_t try_path(const char *path)
{
	AUTO_DIR DIR *d = opendir(path);
	struct dirent *entry;
	size_t nr = 0;

	if (!d && errno == ENOTDIR)
		return try_file(path);
	MUST(d);
	while ((entry = readdir(d))) {
		AUTO_FREE char *inner = NULL;

		if (*entry->d_name == '.')
			continue;
		MUST(asprintf(&inner, "%s/%s", path, entry->d_name) > 0);
		nr += try_path(inner);
	}
	return nr;
}

int main(int argc, char *argv[])
{
	size_t nr = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	tell_of_signals();
	for (int i = 1; i < argc; i++)
		nr += try_path(argv[i]);
	fprintf(stderr, "%s: %zu inputs\n", argv[0], nr);
	return 0;
}
