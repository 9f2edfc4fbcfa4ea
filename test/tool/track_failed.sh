#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A dump that cannot be written to its end after the marks were made: the tree runs on, the next one is whole and right.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
mkdir small
mount -t tmpfs -o size=1m none small || skip "no tmpfs can be mounted"
for t in $(trackers); do
	start_changing w
	for command in pre-dump 'dump -R'; do
		rm -rf 1 2 3
		pre_dump 1 --tracker "$t" || fail "pre-dump ended with $?"
		tell change 2
		cp -a 1 small/1 2>/dev/null
		rm -rf small/1 small/2
		mkdir small/2
		# shellcheck disable=SC2086
		"$TOOL" $command -t "$pid" --tracker "$t" --track-mem -D small/2 -o log -v4 >>out.tool 2>&1 &&
			fail "$command fits into 1 MiB"
		said 'No space left'
		[ -z "$(ls small/2/*.img 2>/dev/null)" ] || fail "$command left $(ls small/2)"
		tell drop 3
		pre_dump 2 --tracker "$t" "${after[@]}" ../1 || fail "pre-dump 2 ended with $?"
		whole 2 'or did not get to its end'
		tell change 4
	done
	dump 3 --tracker "$t" "${after[@]}" ../2 || fail "dump ended with $?"
	chained 3
	no_keeper
	restore 3 -d || fail "restore ended with $?"
	content
	rm -rf 1 2 3
done
umount small
