#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A pre-dump in mode read leaves out what the task itself cannot read.  It did not change since, but the parent lacks it:
# the dump must have it.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
for t in $(trackers); do
	start_changing w
	pre_dump "$t-1" --tracker "$t" --pre-dump-mode read || fail "pre-dump 1 ended with $?"
	tell change 2
	pre_dump "$t-2" --tracker "$t" --pre-dump-mode read "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	chained "$t-2"
	dump "$t-3" --tracker "$t" "${after[@]}" "../$t-2" || fail "dump ended with $?"
	chained "$t-3"
	"$TOOL" verify "$t-3" >>out.tool 2>&1 || fail "verify ended with $?"
	restore "$t-3" -d || fail "restore ended with $?"
	content
done
