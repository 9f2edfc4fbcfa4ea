#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# criu-lite track: what it tells, what it ends, and that a keeper and its book end with the tree.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2034
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"
ledger=/run/criu-lite/track-$(stat -L -c %i /proc/self/ns/pid)
child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }
status() { "$TOOL" track --status >status 2>&1 || fail "track --status ended with $?"; }
tells() { grep -Eq -- "$1" status || fail "track --status does not tell \"$1\": $(cat status)"; }

status
tells '^nothing is tracked$'
"$TOOL" track --stop -t $$ >>out.tool 2>&1 && fail "tracking of a task that is not tracked was stopped"
said "task $$ is not tracked"
said 'track --status'
"$TOOL" track >>out.tool 2>&1 && fail "track without a word of what to do"
said 'give either --status or --stop'

for t in $(trackers); do
	start_changing a
	tell fork
	a=$pid child=$(child_of "$pid")
	pre_dump "$t-a" --tracker "$t" || fail "pre-dump ended with $?"
	start_changing b
	b=$pid
	pre_dump "$t-b" --tracker "$t" || fail "pre-dump of b ended with $?"
	status
	for p in $a $child $b; do
		if [ "$t" = uffd-wp ]; then
			tells "^$p uffd-wp keeper=[0-9]+ mark=[0-9a-f]{8}\$"
		else
			tells "^$p soft-dirty mark=[0-9a-f]{8}\$"
		fi
	done
	[ "$(wc -l <status)" = 3 ] || fail "more is tracked: $(cat status)"
	[ "$t" != uffd-wp ] || [ "$(keepers | wc -w)" = 2 ] || fail "keepers: $(keepers)"

	"$TOOL" track --stop -t "$a" >stopped || fail "track --stop -t ended with $?"
	grep -qx 'tracking ended: tasks=2' stopped || fail "it says $(cat stopped)"
	[ "$t" != uffd-wp ] || one_keeper
	status
	tells "^$b $t"
	[ "$(wc -l <status)" = 1 ] || fail "more is tracked: $(cat status)"
	made=a pid=$a
	content
	# By SIGKILL, without any dump.
	kill -9 "$b"
	no_keeper
	status
	tells '^nothing is tracked$'
	rm -r b

	start_changing w
	pre_dump "$t-1" --tracker "$t" || fail "pre-dump 1 ended with $?"
	if [ "$t" = uffd-wp ]; then
		kill -9 "$(keepers)"
		no_keeper
		status
		tells "^$pid uffd-wp keeper=[0-9]+ \(ended: tracking is lost\) "
	fi
	dump "$t-2" --tracker "$t" "${after[@]}" "../$t-1" || fail "dump ended with $?"
	[ ! -e "$ledger" ] || fail "what was tracked is left in $ledger: $(cat "$ledger")"
	restore "$t-2" -d || fail "restore ended with $?"
	status
	tells '^nothing is tracked$'
	content
done
