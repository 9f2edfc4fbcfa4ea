/* SPDX-License-Identifier: GPL-2.0-only */
/* Layout: Intel SDM volume 1, chapter 13; Linux Documentation/arch/x86/xstate.rst. */
#include "arch/x86_64/xstate.h"

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>

/* Components by their bit in xstate_bv. */
enum {
	XC_FP = 0,
	XC_SSE = 1,
	XC_YMM = 2,
	XC_BNDREG = 3,
	XC_BNDCSR = 4,
	XC_OPMASK = 5,
	XC_ZMM_UPPER = 6,
	XC_ZMM_HI16 = 7,
	XC_PKRU = 9,
	XC_CET_U = 11,
};

enum {
	FXSAVE_LEN = 512,
	ST_OFFSET = 32,
	ST_WORDS = 32,
	XMM_OFFSET = 160,
	XMM_WORDS = 64,
	XCR0_OFFSET = 464, /* the kernel puts the mask of components here (sw_reserved) */
	HEADER_OFFSET = 512,
	FIRST_COMPONENT = 576,
	MAX_COMPONENTS = 62, /* 63 means compacted */
	CPUID_XSTATE = 0xd,
};

#define BIT(n) (1ull << (n))
#define CRIU_COMPONENTS                                                             \
	(BIT(XC_FP) | BIT(XC_SSE) | BIT(XC_YMM) | BIT(XC_BNDREG) | BIT(XC_BNDCSR) | \
	 BIT(XC_OPMASK) | BIT(XC_ZMM_UPPER) | BIT(XC_ZMM_HI16) | BIT(XC_PKRU))

/* A component that has an array of its own in user_x86_xsave_entry. */
struct component {
	const char *name;
	int nr;
	size_t bytes;
	size_t word;	     /* bytes of one element */
	size_t count, array; /* offsets of n_x and x */
};

#define COMPONENT(number, len, field)                             \
	{                                                         \
		.name = #field, .nr = number, .bytes = len,       \
		.word = sizeof(*((UserX86XsaveEntry *)0)->field), \
		.count = offsetof(UserX86XsaveEntry, n_##field),  \
		.array = offsetof(UserX86XsaveEntry, field),      \
	}

static const struct component components[] = {
	COMPONENT(XC_YMM, 256, ymmh_space),
	COMPONENT(XC_BNDREG, 64, bndreg_state),
	COMPONENT(XC_BNDCSR, 64, bndcsr_state),
	COMPONENT(XC_OPMASK, 64, opmask_reg),
	COMPONENT(XC_ZMM_UPPER, 512, zmm_upper),
	COMPONENT(XC_ZMM_HI16, 1024, hi16_zmm),
	COMPONENT(XC_PKRU, 8, pkru),
};

/*
 * What CPUID says.  Under a hypervisor each question costs microseconds, and there are thousands of
 * threads.
 */
struct layout {
	bool is_known;
	/* bytes of the whole area for the components the system has turned on; 0: no XSAVE */
	size_t len;
	uint64_t mask; /* those components */
	uint32_t offset[MAX_COMPONENTS], bytes[MAX_COMPONENTS];
};

static void layout_read(struct layout *l)
{
	unsigned int eax, ebx, ecx, edx, low, high;

	l->is_known = true;
	if (!__get_cpuid_count(CPUID_XSTATE, 0, &eax, &ebx, &ecx, &edx))
		return;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	l->mask = low | (uint64_t)high << 32;
	l->len = ebx;
	for (int nr = XC_YMM; nr < MAX_COMPONENTS; nr++) {
		if (!(l->mask & BIT(nr)))
			continue;
		__cpuid_count(CPUID_XSTATE, nr, eax, ebx, ecx, edx);
		l->offset[nr] = ebx;
		l->bytes[nr] = eax;
	}
}

static const struct layout *layout_get(void)
{
	/* Never changes while the system runs; listed in criu/GLOBALS. */
	static struct layout layout;

	if (!layout.is_known)
		layout_read(&layout);
	return &layout;
}

/* Does the component lie within @len bytes? */
static bool layout_has(const struct layout *l, int nr, size_t bytes, size_t len)
{
	return (l->mask & BIT(nr)) && l->bytes[nr] >= bytes && l->offset[nr] + bytes <= len;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* ---- to the record ---- */

static void array_to_pb(const uint8_t *area, size_t len, struct arena *a, const struct component *c,
			UserX86XsaveEntry *x)
{
	const struct layout *l = layout_get();

	if (!layout_has(l, c->nr, c->bytes, len))
		return;
	*(size_t *)((char *)x + c->count) = c->bytes / c->word;
	*(void **)((char *)x + c->array) = arena_memdup(a, area + l->offset[c->nr], c->bytes);
}

static void fxsave_to_pb(const uint8_t *area, struct arena *a, UserX86FpregsEntry *fp)
{
	uint16_t half;

	memcpy(&half, area, sizeof(half));
	fp->cwd = half;
	memcpy(&half, area + 2, sizeof(half));
	fp->swd = half;
	/* The abridged tag word and a reserved byte. */
	fp->twd = area[4];
	memcpy(&half, area + 6, sizeof(half));
	fp->fop = half;
	fp->rip = get64(area + 8);
	fp->rdp = get64(area + 16);
	memcpy(&fp->mxcsr, area + 24, sizeof(fp->mxcsr));
	memcpy(&fp->mxcsr_mask, area + 28, sizeof(fp->mxcsr_mask));
	fp->n_st_space = ST_WORDS;
	fp->st_space = arena_memdup(a, area + ST_OFFSET, ST_WORDS * sizeof(uint32_t));
	fp->n_xmm_space = XMM_WORDS;
	fp->xmm_space = arena_memdup(a, area + XMM_OFFSET, XMM_WORDS * sizeof(uint32_t));
}

struct err *xstate_to_pb(const uint8_t *area, size_t len, struct arena *a, ThreadInfoX86 *info)
{
	UserX86FpregsEntry *fp = info->fpregs = PB_NEW(a, UserX86FpregsEntry,
						       user_x86_fpregs_entry);
	UserX86XsaveEntry *x;
	uint64_t mask;

	BUG_ON(len < FXSAVE_LEN);
	fxsave_to_pb(area, a, fp);
	if (len < FIRST_COMPONENT)
		return NULL;
	mask = get64(area + XCR0_OFFSET);
	x = fp->xsave = PB_NEW(a, UserX86XsaveEntry, user_x86_xsave_entry);
	x->xstate_bv = get64(area + HEADER_OFFSET) & CRIU_COMPONENTS;
	for (size_t i = 0; i < ARRAY_SIZE(components); i++)
		if (mask & BIT(components[i].nr))
			array_to_pb(area, len, a, &components[i], x);
	if (get64(area + HEADER_OFFSET) & ~CRIU_COMPONENTS) {
		info->has_xstate = true;
		info->xstate.len = len;
		info->xstate.data = arena_memdup(a, area, len);
	}
	return NULL;
}

/* ---- from the record ---- */

static struct err *lacks(const char *name)
{
	return err_hint(err_new(ERR_KERNEL, "the task uses %s, which this CPU lacks", name),
			"restore on a CPU with the features of the one that was dumped on");
}

static struct err *array_from_pb(const UserX86XsaveEntry *x, const struct component *c,
				 const struct layout *l, uint8_t *area)
{
	size_t nr = *(const size_t *)((const char *)x + c->count);

	if (nr && nr * c->word != c->bytes)
		return err_new(ERR_IMAGE, "extended state: %s has %zu elements instead of %zu",
			       c->name, nr, c->bytes / c->word);
	if (!(x->xstate_bv & BIT(c->nr)))
		return NULL;
	if (!nr)
		return err_new(ERR_IMAGE, "extended state: %s is in use but missing", c->name);
	if (!layout_has(l, c->nr, c->bytes, l->len))
		return lacks(c->name);
	memcpy(area + l->offset[c->nr], *(void *const *)((const char *)x + c->array), c->bytes);
	return NULL;
}

static struct err *fxsave_from_pb(const UserX86FpregsEntry *fp, uint8_t *area)
{
	uint16_t half;

	if (fp->n_st_space != ST_WORDS || fp->n_xmm_space != XMM_WORDS)
		return err_new(ERR_IMAGE,
			       "floating-point state: %zu and %zu words instead of %d and %d",
			       fp->n_st_space, fp->n_xmm_space, ST_WORDS, XMM_WORDS);
	half = fp->cwd;
	memcpy(area, &half, sizeof(half));
	half = fp->swd;
	memcpy(area + 2, &half, sizeof(half));
	area[4] = fp->twd;
	half = fp->fop;
	memcpy(area + 6, &half, sizeof(half));
	memcpy(area + 8, &fp->rip, sizeof(fp->rip));
	memcpy(area + 16, &fp->rdp, sizeof(fp->rdp));
	memcpy(area + 24, &fp->mxcsr, sizeof(fp->mxcsr));
	memcpy(area + 28, &fp->mxcsr_mask, sizeof(fp->mxcsr_mask));
	memcpy(area + ST_OFFSET, fp->st_space, ST_WORDS * sizeof(uint32_t));
	memcpy(area + XMM_OFFSET, fp->xmm_space, XMM_WORDS * sizeof(uint32_t));
	return NULL;
}

/* Components of info->xstate that CRIU has no array for; the rest was set from the arrays. */
static struct err *others_from_raw(const ProtobufCBinaryData *raw, const struct layout *l,
				   uint8_t *area, uint64_t *used)
{
	uint64_t bits;

	if (raw->len < FIRST_COMPONENT)
		return err_new(ERR_IMAGE, "extended state of %zu bytes", raw->len);
	bits = get64(raw->data + HEADER_OFFSET) & ~CRIU_COMPONENTS;
	for (int nr = 0; nr < MAX_COMPONENTS; nr++) {
		if (!(bits & BIT(nr)))
			continue;
		if (!layout_has(l, nr, 1, l->len))
			return lacks("state beyond AVX-512");
		if (l->offset[nr] + (size_t)l->bytes[nr] > raw->len)
			return err_new(ERR_IMAGE, "extended state: component %d is cut off", nr);
		memcpy(area + l->offset[nr], raw->data + l->offset[nr], l->bytes[nr]);
	}
	*used |= bits & l->mask;
	return NULL;
}

struct err *xstate_from_pb(const ThreadInfoX86 *info, uint8_t *area, size_t cap, size_t *len_out)
{
	const UserX86FpregsEntry *fp = info->fpregs;
	const struct layout *l = layout_get();
	uint64_t used = BIT(XC_FP) | BIT(XC_SSE);

	if (l->len < FIRST_COMPONENT)
		return err_new(ERR_KERNEL, "this CPU has no XSAVE");
	BUG_ON(l->len > cap);
	memset(area, 0, l->len);
	TRY(fxsave_from_pb(fp, area));
	if (fp->xsave) {
		used = fp->xsave->xstate_bv;
		if (used & ~CRIU_COMPONENTS & ~BIT(XC_CET_U))
			return err_new(ERR_IMAGE, "extended state: components %#lx have no record",
				       (unsigned long)(used & ~CRIU_COMPONENTS));
		used &= CRIU_COMPONENTS;
		for (size_t i = 0; i < ARRAY_SIZE(components); i++)
			TRY(array_from_pb(fp->xsave, &components[i], l, area));
	}
	if (info->has_xstate)
		TRY(others_from_raw(&info->xstate, l, area, &used));
	memcpy(area + HEADER_OFFSET, &used, sizeof(used));
	*len_out = l->len;
	return NULL;
}
