/* SPDX-License-Identifier: GPL-2.0-only */
#include "arch/x86_64/xstate.h"

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>

/* The legacy area, FXSAVE's: Intel SDM volume 1, 10.5.1. */
struct fxsave {
	uint16_t cwd, swd;
	uint8_t twd, reserved;
	uint16_t fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint32_t st_space[32];
	uint32_t xmm_space[64];
	uint32_t padding[24];
};

_Static_assert(sizeof(struct fxsave) == 512, "FXSAVE area");

#define XSTATE_BV_OFFSET 512
#define XSAVE_HEADER_END 576
/* The kernel puts XCR0, the components a task may use, into the software bytes of the legacy area. */
#define XCR0_OFFSET 464
#define LEGACY_COMPONENTS 3ull /* x87, SSE */

/* Components with an array in user_x86_xsave_entry. */
struct component {
	const char *name;
	unsigned int bit;
	size_t count_offset, array_offset; /* of n_NAME and NAME */
	size_t element;			   /* bytes */
	size_t nr;
};

#define COMPONENT(bit_, text, field, element_, nr_)                           \
	{                                                                     \
		text, bit_, offsetof(UserX86XsaveEntry, n_##field),           \
			offsetof(UserX86XsaveEntry, field), element_, nr_,    \
	}

static const struct component components[] = {
	COMPONENT(2, "AVX", ymmh_space, 4, 64),	      COMPONENT(3, "MPX", bndreg_state, 8, 8),
	COMPONENT(4, "MPX", bndcsr_state, 8, 8),      COMPONENT(5, "AVX-512", opmask_reg, 8, 8),
	COMPONENT(6, "AVX-512", zmm_upper, 8, 64),    COMPONENT(7, "AVX-512", hi16_zmm, 8, 128),
	COMPONENT(9, "protection keys", pkru, 4, 2),
};

static size_t *count_of(UserX86XsaveEntry *x, const struct component *c)
{
	return (size_t *)((char *)x + c->count_offset);
}

static void **array_of(UserX86XsaveEntry *x, const struct component *c)
{
	return (void **)((char *)x + c->array_offset);
}

/* Where this CPU keeps a component; false if it has none or it does not fit. */
static bool component_place(unsigned int bit, size_t len, size_t *offset_out, size_t *size_out)
{
	unsigned int size, offset, c, d;

	if (!__get_cpuid_count(0xd, bit, &size, &offset, &c, &d) || !size)
		return false;
	if (offset < XSAVE_HEADER_END || offset > len || size > len - offset)
		return false;
	*offset_out = offset;
	*size_out = size;
	return true;
}

static uint64_t get_u64(const uint8_t *area, size_t offset)
{
	uint64_t v;

	memcpy(&v, area + offset, sizeof(v));
	return v;
}

static uint32_t *words_dup(struct arena *a, const uint32_t *words, size_t nr)
{
	return arena_memdup(a, words, nr * sizeof(*words));
}

static UserX86FpregsEntry *legacy_to_pb(const uint8_t *area, struct arena *a)
{
	UserX86FpregsEntry *e = PB_NEW(a, UserX86FpregsEntry, user_x86_fpregs_entry);
	struct fxsave fx;

	memcpy(&fx, area, sizeof(fx));
	e->cwd = fx.cwd;
	e->swd = fx.swd;
	e->twd = fx.twd;
	e->fop = fx.fop;
	e->rip = fx.rip;
	e->rdp = fx.rdp;
	e->mxcsr = fx.mxcsr;
	e->mxcsr_mask = fx.mxcsr_mask;
	e->n_st_space = ARRAY_SIZE(fx.st_space);
	e->st_space = words_dup(a, fx.st_space, e->n_st_space);
	e->n_xmm_space = ARRAY_SIZE(fx.xmm_space);
	e->xmm_space = words_dup(a, fx.xmm_space, e->n_xmm_space);
	return e;
}

struct err *xstate_to_pb(const uint8_t *area, size_t len, struct arena *a, ThreadInfoX86 *info)
{
	uint64_t known = LEGACY_COMPONENTS, in_use;
	UserX86XsaveEntry *x;

	if (len < XSAVE_HEADER_END)
		return err_new(ERR_KERNEL, "the kernel gives only %zu bytes of extended state", len);
	info->fpregs = legacy_to_pb(area, a);
	x = info->fpregs->xsave = PB_NEW(a, UserX86XsaveEntry, user_x86_xsave_entry);
	in_use = get_u64(area, XSTATE_BV_OFFSET);
	for (size_t i = 0; i < ARRAY_SIZE(components); i++) {
		const struct component *c = &components[i];
		size_t offset, size;

		if (!(get_u64(area, XCR0_OFFSET) >> c->bit & 1) ||
		    !component_place(c->bit, len, &offset, &size) || size < c->nr * c->element)
			continue;
		*count_of(x, c) = c->nr;
		*array_of(x, c) = arena_memdup(a, area + offset, c->nr * c->element);
		known |= 1ull << c->bit;
	}
	x->xstate_bv = in_use & known;
	if (in_use & ~known) {
		info->has_xstate = true;
		info->xstate.len = len;
		info->xstate.data = arena_memdup(a, area, len);
	}
	return NULL;
}

static struct err *legacy_from_pb(const UserX86FpregsEntry *e, uint8_t *area)
{
	struct fxsave fx;

	if (e->n_st_space != ARRAY_SIZE(fx.st_space) || e->n_xmm_space != ARRAY_SIZE(fx.xmm_space))
		return err_new(ERR_IMAGE, "fpregs with %zu and %zu words instead of 32 and 64", e->n_st_space,
			       e->n_xmm_space);
	memcpy(&fx, area, sizeof(fx));
	fx.cwd = e->cwd;
	fx.swd = e->swd;
	fx.twd = e->twd;
	fx.fop = e->fop;
	fx.rip = e->rip;
	fx.rdp = e->rdp;
	/* A reserved bit would make the kernel refuse the whole area; mxcsr_mask is this CPU's. */
	fx.mxcsr = e->mxcsr & (fx.mxcsr_mask ? fx.mxcsr_mask : 0xffbf);
	memcpy(fx.st_space, e->st_space, sizeof(fx.st_space));
	memcpy(fx.xmm_space, e->xmm_space, sizeof(fx.xmm_space));
	memcpy(area, &fx, sizeof(fx));
	return NULL;
}

static struct err *component_from_pb(const struct component *c, UserX86XsaveEntry *x, uint8_t *area,
				     size_t len, uint64_t *in_use)
{
	bool wanted = x->xstate_bv >> c->bit & 1;
	size_t nr = *count_of(x, c), offset, size;

	if (!nr && !wanted)
		return NULL;
	if (nr != c->nr)
		return err_new(ERR_IMAGE, "%s state of %zu elements instead of %zu", c->name, nr, c->nr);
	if (!component_place(c->bit, len, &offset, &size) || size < nr * c->element) {
		if (!wanted)
			return NULL;
		return err_hint(err_new(ERR_UNSUPPORTED, "this CPU has no %s, which the program was using",
					c->name),
				"restore on a machine with the CPU features of the dumping one");
	}
	memcpy(area + offset, *array_of(x, c), nr * c->element);
	if (wanted)
		*in_use |= 1ull << c->bit;
	return NULL;
}

/* The whole area of a CPU with components CRIU does not know: usable only where the layout is the same. */
static struct err *whole_from_pb(const ThreadInfoX86 *info, uint8_t *area, size_t len)
{
	if (info->xstate.len != len || get_u64(info->xstate.data, XCR0_OFFSET) != get_u64(area, XCR0_OFFSET))
		return err_hint(err_new(ERR_UNSUPPORTED,
					"extended state of %zu bytes does not fit this CPU's %zu", info->xstate.len,
					len),
				"restore on a machine with the CPU features of the dumping one");
	memcpy(area, info->xstate.data, len);
	return NULL;
}

struct err *xstate_from_pb(const ThreadInfoX86 *info, uint8_t *area, size_t len)
{
	UserX86XsaveEntry *x = info->fpregs->xsave;
	uint64_t in_use = LEGACY_COMPONENTS;

	if (len < XSAVE_HEADER_END)
		return err_new(ERR_KERNEL, "the kernel gives only %zu bytes of extended state", len);
	if (info->has_xstate)
		return whole_from_pb(info, area, len);
	TRY(legacy_from_pb(info->fpregs, area));
	for (size_t i = 0; x && i < ARRAY_SIZE(components); i++)
		TRY(component_from_pb(&components[i], x, area, len, &in_use));
	memcpy(area + XSTATE_BV_OFFSET, &in_use, sizeof(in_use));
	return NULL;
}
