#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Directories that are no parent: gone, of an older dump, of another tree, without marks, half-written.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
start_changing other
pre_dump other-1 || fail "pre-dump of the other one ended with $?"
other=$pid
for t in $(trackers); do
	start_changing w
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	mv "$t-1" gone
	mkdir "$t-2"
	dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" && fail "a dump on a parent that is gone"
	said "the parent \".*$t-1\" is missing"
	alive "$pid" || fail "the tree did not survive"
	mv gone "$t-1"
	tell change 2
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	chained "$t-2"
	tell change 3
	pre_dump "$t-3" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 3 ended with $?"
	whole "$t-3" 'another dump has begun to track it'
	tell drop 4
	pre_dump "$t-4" --tracker "$t" "${after[@]}" ../other-1 || fail "pre-dump 4 ended with $?"
	whole "$t-4" 'the parent set is of another tree'
	tell change 5
	dump "$t-5" -R || fail "dump 5 ended with $?"
	dump "$t-6" -R --tracker "$t" "${after[@]}" "../$t-5" || fail "dump 6 ended with $?"
	whole "$t-6" 'not made with --track-mem'
	tell change 6
	pre_dump "$t-7" --tracker "$t" --stop-before commit && fail "--stop-before let it live"
	dump "$t-8" --tracker "$t" "${after[@]}" "../$t-7" -R && whole "$t-8" 'not a whole set'
	tell change 7
	dump "$t-9" --tracker "$t" "${after[@]}" "../$t-6" || fail "dump 9 ended with $?"
	mv "$t-6" gone
	restore "$t-9" -d && fail "a restore without the parent"
	said "parent\" is missing"
	mv "$t-4" "$t-6"
	restore "$t-9" -d && fail "a restore with another parent"
	said 'is not the set that'
	rm -r "$t-6"
	mv gone "$t-6"
	restore "$t-9" -d || fail "restore ended with $?"
	content
done
kill -9 "$other"
