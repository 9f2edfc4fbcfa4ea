#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# dedup gives back pages of the parents that a newer set has; that one restores, the others say which to take.
# needs: program:python3
# budget: 60s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img || fail "dump ended with $?"
"$TOOL" dedup -D img >out.tool 2>&1 || fail "dedup without a parent ended with $?"
said 'nothing to do'
"${0%/*}"/../rig/chainset.py --dumps img c1 c2 c3 || fail "no chain was made"
"$TOOL" verify c3 >out.tool 2>&1 || fail "verify of the chain ended with $?"
said 'whole: sets=3'

blocks() { du -sk c1 c2 | awk '{ sum += $1 } END { print sum }'; }
before=$(blocks)
"$TOOL" dedup -D c3 >out.tool 2>&1 || fail "dedup ended with $?: $(cat out.tool)"
said 'bytes freed=[1-9]'
freed=$(sed -n 's/.*bytes freed=//p' out.tool)
after=$(blocks)
[ $((before - after)) -ge $((freed / 1024 - 8)) ] && [ "$after" -lt "$before" ] ||
	fail "it says that $freed bytes are free: before $before KiB, after $after KiB"
for set in c1 c2 c3; do
	"$TOOL" verify $set >out.tool 2>&1 || fail "verify of $set ended with $?: $(cat out.tool)"
done
for set in c1 c2; do
	restore $set -d && fail "a set that lost pages is restored"
	alive "$pid" && fail "something runs of $set"
	grep -q 'pages were removed' $set/restore.log && grep -q "\"$PWD/c3\"" $set/restore.log ||
		fail "$set does not name the set to take: $(cat $set/restore.log)"
done
# The chain goes elsewhere, and the newer set is still found.
mkdir moved && mv c1 c2 c3 moved
restore moved/c1 -d && fail "a set that lost pages is restored"
grep -q "\"$PWD/moved/c3\"" moved/c1/restore.log || fail "the moved set is not named"
restore moved/c3 -d || fail "restore of the newest set ended with $?"
finish w
