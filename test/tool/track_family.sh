#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Children that come and go between dumps.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
for t in $(trackers); do
	start_changing w
	tell fork
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	tell change 2
	tell fork
	tell move
	tell fork
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	chained "$t-2"
	[ "$t" != uffd-wp ] || one_keeper
	tell end
	tell drop 3
	tell fork
	tell end
	tell fork
	pre_dump "$t-3" --tracker "$t" "${after[@]}" "../$t-2" || fail "pre-dump 3 ended with $?"
	chained "$t-3"
	tell move
	tell change 4
	dump "$t-4" --tracker "$t" "${after[@]}" "../$t-3" || fail "dump ended with $?"
	chained "$t-4"
	no_keeper
	restore "$t-4" -d || fail "restore ended with $?"
	content
done
