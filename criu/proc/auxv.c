// SPDX-License-Identifier: GPL-2.0-only
#include "proc/auxv.h"

#include <elf.h>
#include <string.h>

#include "proc/read_priv.h"

struct err *proc_auxv_parse(const void *bytes, size_t len, struct proc_auxv *out)
{
	struct proc_auxv v = { 0 };
	size_t nr_pairs = len / sizeof(uint64_t) / 2;

	if (len > sizeof(v.words))
		return err_new(ERR_SYS, "cannot parse an auxiliary vector of %zu bytes", len);
	memcpy(v.words, bytes, len);
	for (size_t i = 0; i < nr_pairs; i++) {
		if (v.words[2 * i] != AT_NULL)
			continue;
		v.nr_words = 2 * i + 2;
		memset(v.words + v.nr_words, 0, sizeof(v.words) - v.nr_words * sizeof(uint64_t));
		*out = v;
		return NULL;
	}
	return err_new(ERR_UNSUPPORTED, "cannot use an auxiliary vector that has no end");
}

struct err *proc_auxv_read(int dirfd, struct proc_auxv *out)
{
	char bytes[PROC_SMALL];
	size_t len;

	TRY(proc_read_small(dirfd, "auxv", bytes, &len));
	return proc_auxv_parse(bytes, len, out);
}

uint64_t proc_auxv_get(const struct proc_auxv *v, uint64_t type, uint64_t missing)
{
	for (size_t i = 0; i + 1 < v->nr_words; i += 2) {
		if (v->words[i] == type)
			return v->words[i + 1];
	}
	return missing;
}
