/* SPDX-License-Identifier: GPL-2.0-only */
/* What a tracker said, next to what really changed. */
#include "tracking.h"

struct verdict {
	size_t miss, false_positive, gone, kept;
	size_t miss_trusted; /* missed although the scan says WPALLOWED */
	size_t miss_same_pfn,
		kept_new_pfn; /* the rule of page frame numbers would fail, is too strict */
	size_t hidden;	      /* private, but taken for something else */
	size_t scan_differs;  /* the word and the scan do not agree */
	size_t miss_no_page;  /* a miss only because no page is taken for one */
};

struct group {
	char text[160];
	size_t nr;
};

enum { MAX_GROUPS = 24 };

static bool is_huge_zero(const struct bed *b, uint64_t word)
{
	return word & WORD_PRESENT && b->huge_zero_pfn && WORD_PFN(word) >= b->huge_zero_pfn &&
	       WORD_PFN(word) < b->huge_zero_pfn + 512;
}

/* The numbers of swap devices come first; those of markers are the last of 32. */
static bool is_marker(uint64_t word)
{
	return word & WORD_SWAPPED && WORD_SWAP_TYPE(word) >= 24;
}

/* As a tool sees it that does not know of huge zero pages and markers. */
static bool seems_private(const struct bed *b, const struct page *p)
{
	uint64_t word = p->word;

	if (b->by_scan)
		return p->cats & (CAT_PRESENT | CAT_SWAPPED) &&
		       !(p->cats & (CAT_PFNZERO | CAT_FILE));
	if (word & WORD_FILE)
		return false;
	return word & WORD_SWAPPED || (word & WORD_PRESENT && WORD_PFN(word) != b->zero_pfn);
}

static bool is_private(const struct bed *b, const struct page *p)
{
	return p->word & (WORD_PRESENT | WORD_SWAPPED) && !(p->word & WORD_FILE) &&
	       !is_marker(p->word) && !is_huge_zero(b, p->word) &&
	       (p->word & WORD_SWAPPED || WORD_PFN(p->word) != b->zero_pfn);
}

static bool seems_clean(const struct bed *b, const struct page *p)
{
	if (b->tracker == UFFD_WP)
		return !(p->cats & CAT_WRITTEN);
	return b->by_scan ? !(p->cats & CAT_SOFT_DIRTY) : !(p->word & WORD_SOFT_DIRTY);
}

static bool scan_agrees(const struct bed *b, const struct page *p)
{
	struct bed other = *b;

	if (!b->has_scan || b->tracker == UFFD_WP)
		return true;
	other.by_scan = !b->by_scan;
	return seems_private(b, p) == seems_private(&other, p) &&
	       (!seems_private(b, p) || seems_clean(b, p) == seems_clean(&other, p));
}

static void describe(const struct bed *b, const struct page *p, const char *change, char *text,
		     size_t len)
{
	static const char *const cats[] = { "WPALLOWED", "WRITTEN", "FILE", "PRESENT",
					    "SWAPPED",	 "PFNZERO", "HUGE", "SOFT_DIRTY" };
	int n = snprintf(text, len, "%s %s%s%s%s%s%s%s%s", change,
			 p->word & WORD_PRESENT ? "P" : "", p->word & WORD_SWAPPED ? "S" : "",
			 p->word & WORD_FILE ? "F" : "", p->word & WORD_EXCLUSIVE ? "X" : "",
			 p->word & WORD_SOFT_DIRTY ? "D" : "", p->word & WORD_UFFD_WP ? "W" : "",
			 is_huge_zero(b, p->word) ? "H" : "",
			 p->word & WORD_PRESENT && WORD_PFN(p->word) == b->zero_pfn ? "Z" : "");

	if (is_marker(p->word))
		n += snprintf(text + n, len - (size_t)n, "(type %lu)", WORD_SWAP_TYPE(p->word));
	for (size_t i = 0; b->has_scan && i < 8; i++)
		if (p->cats >> i & 1)
			n += snprintf(text + n, len - (size_t)n, " %s", cats[i]);
}

static void count_group(struct group *groups, const char *text)
{
	for (size_t i = 0; i < MAX_GROUPS; i++) {
		if (groups[i].nr && strcmp(groups[i].text, text))
			continue;
		snprintf(groups[i].text, sizeof(groups[i].text), "%s", text);
		groups[i].nr++;
		return;
	}
}

/* What a parent has of a page is what was private there at the mark. */
static void judge_page(const struct bed *b, const struct page *then, const struct page *now,
		       struct verdict *v, struct group *groups)
{
	bool was = is_private(b, then), changed = !was || then->tag != now->tag;
	const char *change = changed ? (was ? "changed" : "new") : "same";
	bool same_pfn = WORD_PFN(then->word) == WORD_PFN(now->word);
	char text[sizeof(groups->text)];

	v->scan_differs += !scan_agrees(b, now);
	if (!seems_private(b, now)) {
		v->gone += was;
		v->hidden += is_private(b, now);
		change = was ? "gone" : "absent";
	} else if (changed && seems_clean(b, now)) {
		v->miss++;
		v->miss_trusted += (now->cats & CAT_WPALLOWED) != 0;
		v->miss_same_pfn += was && same_pfn;
		v->miss_no_page += !is_private(b, now);
	} else if (!changed && !seems_clean(b, now)) {
		v->false_positive++;
	} else if (!changed) {
		v->kept++;
		v->kept_new_pfn += !same_pfn;
	}
	describe(b, now, change, text, sizeof(text));
	count_group(groups, text);
}

static void print_verdict(const struct bed *b, const struct verdict *v, const struct group *groups)
{
	if (v->miss)
		printf("MISS %zu", v->miss);
	else
		printf("ok");
	if (v->miss && b->tracker == UFFD_WP)
		printf(" (WPALLOWED %zu)", v->miss_trusted);
	if (v->miss && v->miss_no_page)
		printf(" (no private page %zu)", v->miss_no_page);
	if (v->miss)
		printf(" (pfn as at the mark %zu)", v->miss_same_pfn);
	printf(", false positive %zu, clean %zu", v->false_positive, v->kept);
	if (v->kept_new_pfn)
		printf(" (other pfn %zu)", v->kept_new_pfn);
	if (v->gone)
		printf(", gone %zu", v->gone);
	if (v->hidden)
		printf(", HIDDEN %zu", v->hidden);
	if (v->scan_differs)
		printf(", word and scan differ %zu", v->scan_differs);
	for (size_t i = 0; i < MAX_GROUPS && groups[i].nr; i++)
		printf(" | %zu: %s", groups[i].nr, groups[i].text);
	printf("%s%s\n", *b->note ? " |" : "", b->note);
}

static void print_flags(const struct bed *b)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	uint64_t from = 0, to = 0;
	char line[512];

	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2 || strncmp(line, "VmFlags:", 8))
			continue;
		for (size_t i = 0; i < b->nr_windows; i++) {
			uint64_t start = (uintptr_t)b->windows[i].start;

			if (from < start + b->windows[i].nr * PAGE && to > start)
				printf("        %lx-%lx%s%s%s", from, to,
				       strstr(line, " sd") ? " sd" : "",
				       strstr(line, " uw") ? " uw" : "", "\n");
		}
	}
	fclose(smaps);
}

void judge(struct bed *b, bool with_flags)
{
	struct group groups[MAX_GROUPS] = { 0 };
	struct verdict v = { 0 };
	struct page *now[MAX_WINDOWS];

	for (size_t i = 0; i < b->nr_windows; i++) {
		now[i] = calloc(b->windows[i].nr, sizeof(**now));
		look(b, &b->windows[i], now[i], true);
	}
	for (size_t i = 0; i < b->nr_windows; i++)
		for (size_t j = 0; j < b->windows[i].nr; j++)
			judge_page(b, &b->windows[i].then[j], &now[i][j], &v, groups);
	print_verdict(b, &v, groups);
	if (with_flags)
		print_flags(b);
}
