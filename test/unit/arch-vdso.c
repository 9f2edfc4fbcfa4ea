/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy of the running vDSO stands for an older one: its functions must work through the
 * redirections.
 */

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "arch/x86_64/vdso.h"
#include "unit.h"

enum { BYTES = 8192 };

typedef int clock_fn(clockid_t, struct timespec *);
typedef time_t time_fn(time_t *);
typedef int cpu_fn(unsigned int *, unsigned int *, void *);

static const void *running(void)
{
	const void *p = (const void *)getauxval(AT_SYSINFO_EHDR);

	if (!p) {
		fprintf(stderr, "this kernel has no vDSO\n");
		exit(77);
	}
	return p;
}

/* The functions of a stored vDSO, callable. */
static uint8_t *old_code(struct vdso_image *now, struct vdso_image *old, uint8_t *copy)
{
	uint8_t *code = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);

	CHECK(code != MAP_FAILED);
	memcpy(code, running(), BYTES);
	memcpy(copy, running(), BYTES);
	CHECK_OK(vdso_parse(running(), BYTES, now));
	CHECK_OK(vdso_parse(copy, BYTES, old));
	return code;
}

static void *entry(const uint8_t *code, const struct vdso_image *old, const char *name)
{
	const struct vdso_sym *s = vdso_find(old, name);

	CHECK(s);
	return (void *)(code + s->offset);
}

static void check_clock(const uint8_t *code, const struct vdso_image *old)
{
	struct timespec a, b;

	CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
	CHECK(((clock_fn *)entry(code, old, "__vdso_clock_gettime"))(CLOCK_MONOTONIC, &b) == 0);
	CHECK(b.tv_sec - a.tv_sec <= 1 && b.tv_sec >= a.tv_sec);
}

static void check_calls(const uint8_t *code, const struct vdso_image *old)
{
	unsigned int cpu = ~0U;
	struct timespec a;

	check_clock(code, old);
	CHECK(labs(((time_fn *)entry(code, old, "__vdso_time"))(NULL)-time(NULL)) <= 1);
	CHECK(((cpu_fn *)entry(code, old, "__vdso_getcpu"))(&cpu, NULL, NULL) == 0);
	CHECK(cpu != ~0U);
	CHECK(((clock_fn *)entry(code, old, "__vdso_clock_getres"))(CLOCK_MONOTONIC, &a) == 0);
}

static void redirected_to_functions(void)
{
	static uint8_t copy[BYTES];
	struct vdso_image now, old;
	uint8_t *code = old_code(&now, &old, copy);

	CHECK_OK(vdso_redirect(code, &old, &now, (uint64_t)running()));
	CHECK(!mprotect(code, BYTES, PROT_READ | PROT_EXEC));
	check_calls(code, &old);
}

static void redirected_to_system_calls(void)
{
	static uint8_t copy[BYTES];
	struct vdso_image now, old;
	uint8_t *code = old_code(&now, &old, copy);
	const struct vdso_sym *random;

	now.nr_syms = 0;
	CHECK_OK(vdso_redirect(code, &old, &now, (uint64_t)running()));
	CHECK(!mprotect(code, BYTES, PROT_READ | PROT_EXEC));
	check_calls(code, &old);
	random = vdso_find(&old, "__vdso_getrandom");
	if (random)
		CHECK(((long (*)(void *, size_t, int, void *, size_t))(code + random->offset))(
			      NULL, 0, 0, NULL, 0) == -ENOSYS);
}

/* Bytes of the data areas in front of the running vDSO. */
static size_t data_len(void)
{
	unsigned long start, end, first = 0;
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[vvar]") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			first = start;
	fclose(f);
	return first ? (uint64_t)running() - first : 0;
}

/* What a thread finds that was stopped in the middle of an old vDSO: no clock, so the kernel's. */
static void zeros_as_data_mean_system_calls(void)
{
	static uint8_t copy[BYTES];
	struct vdso_image now, old;
	size_t len = data_len();
	uint8_t *area;

	(void)old_code(&now, &old, copy);
	if (!len)
		return;
	area = mmap(NULL, len + BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	memcpy(area + len, running(), BYTES);
	CHECK(!mprotect(area, len + BYTES, PROT_READ | PROT_EXEC));
	check_clock(area + len, &old);
}

static void damaged_ones_are_refused(void)
{
	static uint8_t copy[BYTES];
	struct vdso_image v;

	CHECK_ERR(vdso_parse(running(), 10, &v), ERR_IMAGE);
	memset(copy, 0, sizeof(copy));
	CHECK_ERR(vdso_parse(copy, sizeof(copy), &v), ERR_IMAGE);
	/* Each byte of the headers and tables in turn: no read outside, whatever comes back. */
	for (size_t i = 0; i < 0x600; i++) {
		struct err *e;

		memcpy(copy, running(), BYTES);
		copy[i] ^= 0xff;
		e = vdso_parse(copy, BYTES, &v);
		if (e)
			err_drop(e, "damaged on purpose");
		else
			err_drop(vdso_redirect(copy, &v, &v, 0), "damaged on purpose");
	}
}

static void knows_what_it_overwrites(void)
{
	static uint8_t copy[BYTES];
	struct vdso_image now, old;
	uint8_t *code = old_code(&now, &old, copy);

	CHECK_OK(vdso_redirect(code, &old, &now, (uint64_t)running()));
	for (uint64_t i = 0; i < BYTES; i++) {
		bool is_start = false;

		for (size_t k = 0; k < old.nr_syms; k++)
			is_start = is_start || old.syms[k].offset == i;
		CHECK(is_start || code[i] == copy[i] || vdso_is_overwritten(&old, i));
	}
	CHECK(!vdso_is_overwritten(&old, vdso_find(&old, "__vdso_time")->offset));
	CHECK(vdso_is_overwritten(&old, vdso_find(&old, "__vdso_time")->offset + 1));
}

static void finds_a_syscall(void)
{
	static const uint8_t none[] = { 0x0f, 0x0e, 0x05, 0x0f };
	size_t at;

	CHECK(vdso_find_syscall(running(), BYTES, &at));
	CHECK(!memcmp((const uint8_t *)running() + at, "\x0f\x05", 2));
	CHECK(!vdso_find_syscall(none, sizeof(none), &at));
}

int main(void)
{
	UNIT_RUN(redirected_to_functions);
	UNIT_RUN(redirected_to_system_calls);
	UNIT_RUN(zeros_as_data_mean_system_calls);
	UNIT_RUN(damaged_ones_are_refused);
	UNIT_RUN(knows_what_it_overwrites);
	UNIT_RUN(finds_a_syscall);
	return 0;
}
