// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/lib/set.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "base/fd.h"

enum { MAX_PAGES = 1 << 14, VDSO_PAGES = 2 };

bool set_next(struct input *in, struct set_file *out)
{
	if (input_left(in) < SET_HEAD)
		return false;
	out->kind = (enum image_kind)(input_int(in, 1) % IMAGE_NR_KINDS);
	out->how = (uint8_t)input_int(in, 1);
	out->id = (uint32_t)input_int(in, 4);
	out->body = input_take(in, (size_t)input_int(in, 2));
	return true;
}

/* Two pages of the running vDSO.  Where it has another length the set is one of another kernel. */
static void put_vdso(int dirfd, const char *name, uint64_t page)
{
	const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	AUTO_FD fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0);
	if (vdso)
		MUST(pwrite(fd, vdso, VDSO_PAGES * 4096, (off_t)page * 4096) > 0);
}

static void put_pages(int dirfd, const char *name, const struct set_file *file)
{
	struct input body = file->body;
	uint64_t nr = input_int(&body, 2) % MAX_PAGES, vdso = input_int(&body, 2), len = nr * 4096;
	size_t have = MIN(input_left(&body), len);

	fuzz_put(dirfd, name, body.at, have, len - have);
	if (file->how & SET_VDSO && vdso + VDSO_PAGES <= nr)
		put_vdso(dirfd, name, vdso);
}

void set_put(int dirfd, const struct set_file *file)
{
	const struct image_record *rec = image_record(file->kind);
	uint8_t bytes[8 + UINT16_MAX];
	size_t len = 0, body = input_left(&file->body);
	uint32_t words[2] = { IMAGE_MAGIC_COMMON, rec->magic };
	char name[IMAGE_NAME_MAX];

	image_name(file->kind, file->id, name);
	if (!(file->how & SET_RAW) && file->kind == IMAGE_PAGES) {
		put_pages(dirfd, name, file);
		return;
	}
	if (rec->framing == FRAMING_SERVICE)
		words[0] = IMAGE_MAGIC_SERVICE;
	if (!(file->how & SET_RAW) && rec->framing != FRAMING_RAW) {
		len = rec->framing == FRAMING_INVENTORY ? 4 : 8;
		memcpy(bytes, (char *)words + 8 - len, len);
	}
	memcpy(bytes + len, file->body.at, body);
	fuzz_put(dirfd, name, bytes, len + body, 0);
}
