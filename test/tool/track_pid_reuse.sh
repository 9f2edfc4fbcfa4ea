#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A number that another process gets between two dumps, of the root and of a child.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
# What starts next, without a process in between, gets it.
next_pid() { echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; }
child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }

for t in $(trackers); do
	start_changing a
	first=$pid
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	kill -9 "$pid"
	until [ ! -e "/proc/$pid" ]; do sleep 0.01; done
	rm -r a
	mkdir -m 777 a
	next_pid "$first"
	start_changing a
	[ "$pid" = "$first" ] || fail "the second one got number $pid instead of $first"
	tell change 2
	tell fork
	child=$(child_of "$pid")
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "pre-dump 2 ended with $?"
	whole "$t-2" 'its pid was used by another task'
	tell end
	tell fork "$child"
	[ "$(child_of "$pid")" = "$child" ] || fail "the second child has another number"
	tell change 3
	dump "$t-3" --tracker "$t" "${after[@]}" "../$t-2" || fail "dump ended with $?"
	whole "$t-3" 'its pid was used by another task'
	grep -q "warn .* $child .*tasks=1 dumped whole" "$t-3/dump.log" || fail "more than the child is dumped whole"
	grep -Eq 'parent=[1-9]' "$t-3/dump.log" || fail "nothing of the root was left to the parent"
	restore "$t-3" -d || fail "restore ended with $?"
	content
done
