#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# --leave-running and --leave-stopped, and a restore of each set after the tree has ended.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump running -R || fail "dump -R ended with $?"
alive "$pid" || fail "the tree is gone"
dump stopped -s || fail "dump -s ended with $?"
grep -q '^State:.T' "/proc/$pid/status" || sleep 0.2
grep -q '^State:.T' "/proc/$pid/status" || fail "the tree runs: $(grep State "/proc/$pid/status")"
for p in /proc/[0-9]*/comm; do
	[ "$(cat "$p")" != target ] || kill -CONT "$(basename "${p%/comm}")"
done
finish w
for set in running stopped; do
	restore $set -d || fail "restore of $set ended with $?"
	finish w
done
restore running -d -s || fail "restore -s ended with $?"
for _ in $(seq 50); do
	grep -q '^State:.T' "/proc/$pid/status" && break
	sleep 0.01
done
grep -q '^State:.T' "/proc/$pid/status" || fail "restore -s lets the tree run"
for p in /proc/[0-9]*/comm; do
	[ "$(cat "$p")" != target ] || kill -CONT "$(basename "${p%/comm}")"
done
finish w
