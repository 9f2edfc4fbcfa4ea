#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Another tracker than the parent's, and none at all any more.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

list=$(trackers)
[ -n "$list" ] || skip "no tracker works here"
watched() { grep -q '^VmFlags:.* uw' "/proc/$1/smaps"; }

for t in $list; do
	start_changing w
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	[ "$t" != uffd-wp ] || watched "$pid" || fail "nothing is watched"
	tell change 2
	"$TOOL" track --stop >status || fail "track --stop ended with $?"
	no_keeper
	! watched "$pid" || fail "it is still watched"
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	whole "$t-2" 'its tracking was lost'
	tell change 3
	pre_dump "$t-3" --tracker none "${after[@]}" "../$t-2" || fail "pre-dump 3 ended with $?"
	whole "$t-3" 'no tracker is used'
	for other in $list; do
		[ "$t" != "$other" ] || continue
		pre_dump "$t-4" --tracker "$t" || fail "pre-dump 4 ended with $?"
		tell change 4
		pre_dump "$t-5" --tracker "$other" "${after[@]}" "../$t-4" || fail "pre-dump 5 ended with $?"
		whole "$t-5" 'with another tracker'
		tell change 5
		pre_dump "$t-6" --tracker both "${after[@]}" "../$t-5" || fail "pre-dump 6 ended with $?"
		whole "$t-6" 'with another tracker'
		tell change 6
		pre_dump "$t-7" --tracker "$t" "${after[@]}" "../$t-6" || fail "pre-dump 7 ended with $?"
		chained "$t-7"
		[ "$t" = uffd-wp ] || no_keeper
	done
	pre_dump "$t-8" --tracker "$t" || fail "pre-dump 8 ended with $?"
	tell change 7
	"$TOOL" track --stop -t "$pid" >status || fail "track --stop -t ended with $?"
	dump "$t-9" --tracker "$t" "${after[@]}" "../$t-8" || fail "dump ended with $?"
	whole "$t-9" 'its tracking was lost'
	restore "$t-9" -d || fail "restore ended with $?"
	content
done
