/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linked into the tool and the unit tests of a coverage build, and into nothing else.
 *
 * gcov's counters are variables of a program, merged into files when it exits.  Most processes of a restore never
 * exit: they are forks of the tool that become the target's tasks.  Others are killed, some while they write.  So the
 * counters are mapped from a file here, before anything is counted: all processes that ever run the program count in
 * the same memory, the kernel keeps it, and nothing in the tool has to know.  At the end each program is run once
 * more with GCOV_WRITE set: it does nothing but write, as gcov does, what its file holds.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef COUNTERS_DIR
#error "the folder of the counters' files, an absolute path"
#endif

/* counters.lds; whole pages. */
extern char gcov_counters_start[], gcov_counters_end[];

void __real___gcov_exit(void);
void __wrap___gcov_exit(void);

/* Each object has it called at exit. */
void __wrap___gcov_exit(void)
{
	if (getenv("GCOV_WRITE"))
		__real___gcov_exit();
}

/* The build ID of the first object, which is the program: no other program and no older one has it. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *name_out)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const char *p = (const char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		const char *end = p + info->dlpi_phdr[i].p_memsz;

		while (info->dlpi_phdr[i].p_type == PT_NOTE && p < end) {
			const ElfW(Nhdr) *note = (const void *)p;
			const unsigned char *id = (const unsigned char *)(note + 1) + 4;

			if (note->n_type == NT_GNU_BUILD_ID && !memcmp(note + 1, "GNU", 4))
				return snprintf(name_out, 17, "%02x%02x%02x%02x%02x%02x%02x%02x",
						id[0], id[1], id[2], id[3], id[4], id[5], id[6],
						id[7]);
			p = (const char *)(note + 1) + ((note->n_namesz + 3) & ~3u) +
			    ((note->n_descsz + 3) & ~3u);
		}
	}
	return -1;
}

/* Without the file, as below another root, what forks count is seen by their makers at least. */
static int open_counters(size_t len)
{
	char id[17] = "", path[4096];
	int fd;

	if (dl_iterate_phdr(find_build_id, id) <= 0)
		return -1;
	snprintf(path, sizeof(path), COUNTERS_DIR "/%s.counters", id);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0 && ftruncate(fd, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void __attribute__((constructor)) counters_share(void)
{
	size_t len = gcov_counters_end - gcov_counters_start;
	int fd = open_counters(len);
	int flags = MAP_SHARED | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);

	if (mmap(gcov_counters_start, len, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED) {
		perror("cannot share the counters of gcov");
		abort();
	}
	if (fd >= 0)
		close(fd);
	if (getenv("GCOV_WRITE"))
		exit(0);
}
