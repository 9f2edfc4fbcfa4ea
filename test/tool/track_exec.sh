#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A task that calls execve between two dumps has other memory under the same number; one that overwrites the bytes by
# which that is seen has not.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
for t in $(trackers); do
	start_changing w
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	tell exec
	tell change 2
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	whole "$t-2" 'it has called execve'
	# The old one held what nobody needs any more.
	[ "$t" != uffd-wp ] || one_keeper
	tell change 3
	tell drop 4
	pre_dump "$t-3" --tracker "$t" "${after[@]}" "../$t-2" || fail "pre-dump 3 ended with $?"
	chained "$t-3"
	tell random
	tell change 5
	pre_dump "$t-4" --tracker "$t" "${after[@]}" "../$t-3" || fail "pre-dump 4 ended with $?"
	[ "$t" = uffd-wp ] || whole "$t-4" 'it has called execve'
	[ "$t" != uffd-wp ] || chained "$t-4"
	tell change 6
	dump "$t-5" --tracker "$t" "${after[@]}" "../$t-4" || fail "dump ended with $?"
	chained "$t-5"
	restore "$t-5" -d || fail "restore ended with $?"
	content
done
