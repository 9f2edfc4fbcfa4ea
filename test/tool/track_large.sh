#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# budget: 120s
# alone: it measures memory
# What tracking costs where much is to be watched: an address space of a TiB, much memory, many processes.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
megabytes=${CASE_LARGE_MB:-256} processes=${CASE_PROCESSES:-200}

field() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
# at_most LIMIT NUMBER WHAT
at_most() { [ "$2" -le "$1" ] || fail "$3: $2, at most $1 expected"; }
# measured COMMAND...: runs it; $peak is the most memory it had, in kB.
measured() { peak=$("$CASES/tool/changing" measure "$@" 2>>out.tool); }

for t in $(trackers); do
	start_changing w
	tell reserve 1024
	before=$(field "$pid" VmPTE)
	pre_dump 1 --tracker "$t" || fail "pre-dump ended with $?"
	at_most $((before + 256)) "$(field "$pid" VmPTE)" "$t: VmPTE after a pre-dump of a TiB without memory"
	tell change 2
	pre_dump 2 --tracker "$t" "${after[@]}" ../1 || fail "pre-dump 2 ended with $?"
	chained 2
	at_most $((before + 256)) "$(field "$pid" VmPTE)" "$t: VmPTE after two"
	tell drop 3
	dump 3 --tracker "$t" "${after[@]}" ../2 || fail "dump ended with $?"
	chained 3
	restore 3 -d || fail "restore ended with $?"
	content
	rm -r 1 2 3

	start_changing w
	tell fill "$megabytes"
	for i in 1 2; do
		mkdir $i
		opts=()
		[ $i = 1 ] || opts=("${after[@]}" ../1)
		measured "$TOOL" pre-dump -t "$pid" -D $i -o pre-dump.log -v4 --tracker "$t" "${opts[@]}" ||
			fail "pre-dump $i ended with $?"
		echo "$t: pre-dump $i of $megabytes MiB: $peak kB" >&2
		at_most 16384 "$peak" "$t: kB of the tool in a pre-dump of $megabytes MiB"
		tell change $((i + 1))
	done
	chained 2
	if [ "$t" = uffd-wp ]; then
		keeper=$(keepers)
		echo "the keeper: $(field "$keeper" VmHWM) kB, of its own $(field "$keeper" RssAnon) kB" >&2
		at_most 6144 "$(field "$keeper" VmHWM)" "kB of the keeper"
		at_most 512 "$(field "$keeper" RssAnon)" "kB of the keeper's own"
	fi
	dump 3 --tracker "$t" "${after[@]}" ../2 || fail "dump ended with $?"
	chained 3
	restore 3 -d || fail "restore ended with $?"
	content
	rm -r 1 2 3

	start_changing w
	tell crowd "$processes"
	pre_dump 1 --tracker "$t" || fail "pre-dump ended with $?"
	[ "$t" != uffd-wp ] || one_keeper
	tell change 2
	tell end
	tell fork
	pre_dump 2 --tracker "$t" "${after[@]}" ../1 || fail "pre-dump 2 ended with $?"
	chained 2
	[ "$t" != uffd-wp ] || one_keeper
	[ "$t" != uffd-wp ] || at_most 6144 "$(field "$(keepers)" VmHWM)" "kB of the keeper of many"
	tell change 3
	dump 3 --tracker "$t" "${after[@]}" ../2 || fail "dump ended with $?"
	chained 3
	no_keeper
	restore 3 -d || fail "restore ended with $?"
	content
	rm -r 1 2 3
done
