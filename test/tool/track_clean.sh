#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a task sees of being tracked: nothing, whatever it is.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
# Descriptors, mappings with their flags (but not that they are watched), threads, limits, system call filters.
sees() {
	for fd in /proc/"$pid"/fd/*; do echo "$fd $(readlink "$fd")"; done
	# A restored shared object is another one: its inode number is new.
	grep -E '^[0-9a-f]+-|^VmFlags' "/proc/$pid/smaps" |
		sed 's/ \(uw\|sd\|ac\)\b//g; s| [0-9]* *\(/dev/zero (deleted)\)$| \1|'
	grep -E '^(Threads|Seccomp|SigBlk|SigIgn|SigCgt|Uid|CoreDumping)' "/proc/$pid/status"
	cat "/proc/$pid/limits"
	ls "/proc/$pid/task"
}

# around WHAT [WHY]: two pre-dumps and a dump of a target that was told so; it sees no difference, and has its memory.
# WHY it cannot be tracked.
around() {
	sees >before
	pre_dump "$t-1" --tracker "$t" || fail "$1: pre-dump ended with $?"
	sees >now
	diff before now >&2 || fail "$1: a pre-dump has changed the task"
	tell change 2
	pre_dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "$1: pre-dump 2 ended with $?"
	if [ -n "${2:-}" ]; then
		grep -q "warn .*cannot be tracked: $2" "$t-1/pre-dump.log" || fail "$1: it does not say why"
		whole "$t-2" 'its tracking was lost'
	else
		chained "$t-2"
	fi
	sees >now
	diff before now >&2 || fail "$1: the second pre-dump has changed the task"
	tell drop 3
	tell change 4
	dump "$t-3" --tracker "$t" "${after[@]}" "../$t-2" || fail "$1: dump ended with $?"
	no_keeper
	restore "$t-3" -d || fail "$1: restore ended with $?"
	sees >now
	diff before now >&2 || fail "$1: it came back otherwise"
	content
	rm -r "$t-1" "$t-2" "$t-3"
}

for t in $(trackers); do
	start_changing w
	around 'as it is'
	start_changing w
	tell thread 20
	around '20 threads'
	start_changing w
	tell filter
	around 'with a filter'
	start_changing w
	tell user
	around 'as nobody'
	start_changing w
	tell full
	why=
	[ "$t" != uffd-wp ] || why="task $pid cannot make a userfaultfd: Too many open files"
	around 'no descriptor' "$why"

	start_changing w
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump ended with $?"
	tell watch
	tell change 2
	mkdir "$t-2"
	dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" && fail "a userfaultfd of the program was dumped"
	said "a mapping watched by the program's own userfaultfd"
	tell change 3
	"$TOOL" track --stop >>out.tool 2>&1
	content
	rm -r "$t-1" "$t-2"
done
