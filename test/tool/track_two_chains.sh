#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Two chains of one tree in turns, and a chain of a part of it in between.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }

for t in $(trackers); do
	start_changing w
	pre_dump "$t-a1" --tracker "$t" || fail "pre-dump a1 ended with $?"
	tell change 2
	pre_dump "$t-b1" --tracker "$t" || fail "pre-dump b1 ended with $?"
	tell change 3
	pre_dump "$t-a2" --tracker "$t" "${after[@]}" "../$t-a1" || fail "pre-dump a2 ended with $?"
	whole "$t-a2" 'another dump has begun to track it'
	tell change 4
	pre_dump "$t-b2" --tracker "$t" "${after[@]}" "../$t-b1" || fail "pre-dump b2 ended with $?"
	whole "$t-b2" 'another dump has begun to track it'
	tell fork
	pre_dump "$t-b3" --tracker "$t" "${after[@]}" "../$t-b2" || fail "pre-dump b3 ended with $?"
	chained "$t-b3"
	root=$pid
	pid=$(child_of "$root")
	pre_dump "$t-c1" --tracker "$t" -j || fail "pre-dump of the child ended with $?"
	[ "$t" != uffd-wp ] || one_keeper
	child=$pid pid=$root
	tell drop 5
	dump "$t-b4" --tracker "$t" "${after[@]}" "../$t-b3" || fail "dump ended with $?"
	whole "$t-b4" 'another dump has begun to track it'
	grep -q "warn .* $child .*tasks=1 dumped whole" "$t-b4/dump.log" || fail "more than the child is dumped whole"
	grep -Eq 'parent=[1-9]' "$t-b4/dump.log" || fail "nothing of the root was left to the parent"
	no_keeper
	restore "$t-b4" -d || fail "restore ended with $?"
	content
done
