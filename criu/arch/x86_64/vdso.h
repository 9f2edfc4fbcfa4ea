/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_X86_64_VDSO_H
#define ARCH_X86_64_VDSO_H

/*
 * The vDSO as bytes: which functions it has and where, and how to make the code of an old one call
 * a new one. Nothing here touches a mapping.  Source: vdso(7), the ELF specification, the x86-64
 * psABI.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { VDSO_MAX_SYMS = 64, VDSO_MAX_BYTES = 1 << 16 };

struct vdso_sym {
	const char *name; /* inside the bytes */
	uint32_t offset;
	uint32_t len;
};

/* The functions of a vDSO; lent bytes must live as long. */
struct vdso_image {
	const uint8_t *bytes;
	size_t len;
	struct vdso_sym syms[VDSO_MAX_SYMS];
	size_t nr_syms;
};

/* The bytes may be hostile.  ERR_IMAGE when they are no vDSO of this CPU. */
MUST_USE struct err *vdso_parse(const void *bytes, size_t len, struct vdso_image *out);

/* The function called @name, or NULL. */
const struct vdso_sym *vdso_find(const struct vdso_image *v, const char *name);

/*
 * Overwrites every function of @old in @bytes (a writable copy of old->bytes, of the same length)
 * with a jump to the function of the same name in @running, which is mapped at @running_start in
 * the task.  A function that @running has not becomes a plain system call.
 */
MUST_USE struct err *vdso_redirect(uint8_t *bytes, const struct vdso_image *old,
				   const struct vdso_image *running, uint64_t running_start);

/*
 * Whether a thread that stands at @offset of @old is in the middle of what vdso_redirect overwrites
 * and would run half an instruction.  At a function's first byte it runs the jump.
 */
bool vdso_is_overwritten(const struct vdso_image *old, uint64_t offset);

/* The offset of a `syscall` instruction in executable bytes; false if there is none. */
bool vdso_find_syscall(const void *bytes, size_t len, size_t *offset_out);

#endif
