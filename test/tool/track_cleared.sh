#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Another program clears the marks between two dumps: a page that changed before would look like one that did not.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
for t in $(trackers); do
	start_changing w
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	tell change 2
	"$CASES/tool/changing" clear "$pid" || fail "the marks were not cleared"
	tell change 3
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	whole "$t-2" 'somebody else has cleared its marks'
	tell change 4
	pre_dump "$t-3" --tracker "$t" "${after[@]}" "../$t-2" || fail "pre-dump 3 ended with $?"
	chained "$t-3"
	tell change 5
	"$CASES/tool/changing" clear "$pid" || fail "the marks were not cleared"
	dump "$t-4" --tracker "$t" "${after[@]}" "../$t-3" || fail "dump ended with $?"
	whole "$t-4" 'somebody else has cleared its marks'
	restore "$t-4" -d || fail "restore ended with $?"
	content
done
