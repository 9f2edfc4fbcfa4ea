#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A pipeline of five programs and two subshells gives what it gives without a dump.
# busy: data runs through the pipes
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
square() {
	while read -r n; do
		echo $((n * n))
		[ $((n % 500)) -ne 0 ] || sleep 0.02
	done
}
line() { seq 1 20000 | "$1" | awk '{ s += $1; print s }' | tee "copy.$2" | sort -rn | md5sum; }
# shellcheck disable=SC2094  # another file
line square interrupted >interrupted &
sleep 0.1
case_ready
wait $! || case_fail "the pipeline ended with $?"
expected=$(seq 1 20000 | awk '{ s += $1 * $1; print s }' | sort -rn | md5sum)
[ "$(cat interrupted)" = "$expected" ] || case_fail "the sum is $(cat interrupted), not $expected"
[ "$(wc -l <copy.interrupted)" = 20000 ] || case_fail "tee wrote $(wc -l <copy.interrupted) lines"
