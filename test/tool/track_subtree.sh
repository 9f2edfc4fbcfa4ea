#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A part of a tracked tree gets a new member and a chain of its own: the keeper of the whole tree stays.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

trackers | grep -q uffd-wp || skip "no write protection by userfaultfd here"
child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }
# waits FILE: a process that makes no child meanwhile.
waits() { while [ ! -e "$1" ]; do read -r -t 0.02 <>/dev/zero; done; }
export -f waits

setsid bash -c '(waits more-now; (waits go; exit) & waits go; wait) & waits go; wait' </dev/null >out 2>&1 &
pid=$! root=$!
until [ -n "$(child_of "$root")" ]; do sleep 0.02; done
pre_dump 1 --tracker uffd-wp || fail "pre-dump ended with $?"
pid=$(child_of "$root")
: >more-now
until [ -n "$(child_of "$pid")" ]; do sleep 0.02; done
pre_dump part --tracker uffd-wp -j || fail "pre-dump of a part ended with $?"
[ "$(keepers | wc -w)" = 2 ] || fail "keepers: $(keepers)"
pid=$root
pre_dump 2 --tracker uffd-wp "${after[@]}" ../1 || fail "pre-dump 2 ended with $?"
whole 2 'another dump has begun to track it'
grep -q 'warn .*tasks=1 dumped whole' 2/pre-dump.log || fail "the root is dumped whole"
"$TOOL" track --stop >status || fail "track --stop ended with $?"
no_keeper
: >go
while alive "$root"; do sleep 0.02; done
