#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# budget: 90s
# A dump that is killed before or behind each of its steps costs the next one its parent at most.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

steps_of() { sed -n 's/.* step \([a-z-]*\) begins$/\1/p' "$1"/*.log; }

# cut TRACKER COMMAND... : one that is killed as its options say, between two that are not.
cut_one() {
	local t=$1
	shift
	start_changing w
	pre_dump 1 --tracker "$t" || fail "pre-dump ended with $?"
	tell change 2
	tell fork
	mkdir 2
	{
		"$TOOL" "$@" --tracker "$t" -t "$pid" -D 2 -o cut.log -v4 "${after[@]}" ../1 &&
			fail "$*: it was not killed"
	} >>out.tool 2>&1
	tell change 3
	tell drop 4
	dump 3 --tracker "$t" "${after[@]}" ../1 || fail "the dump after $* ended with $?"
	if grep -q 'mem .* step marks begins' 2/cut.log; then
		whole 3 'another dump has begun to track it'
	fi
	no_keeper
	restore 3 -d || fail "the restore after $* ended with $?"
	content
	rm -r 1 2 3
}

[ -n "$(trackers)" ] || skip "no tracker works here"
start_changing w
pre_dump p || fail "pre-dump ended with $?"
dump d --track-mem -R || fail "dump ended with $?"
content
no_keeper
for t in $(trackers); do
	for step in $(steps_of p); do
		cut_one "$t" pre-dump --stop-before "$step"
	done
	cut_one "$t" pre-dump --stop-after copy
	for step in marks pages files commit; do
		cut_one "$t" dump -R --stop-before "$step"
	done
done
