#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# squash makes one set of a chain that restores without it; a squash that is killed leaves no set, and the chain as it was.
# needs: program:python3
# budget: 60s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

chainset=${0%/*}/../rig/chainset.py
sums() { find "$@" -type f ! -name '*.log' ! -name 'stats-*' -exec sha256sum {} + | sort; }

start w
dump img || fail "dump ended with $?"
"$chainset" img ours/1 ours/2 ours/3 && "$chainset" --foreign img foreign/1 foreign/2 foreign/3 || fail "no chain was made"
before=$(sums ours foreign)

"$TOOL" squash ours/2 -o out >out.tool 2>&1 && fail "a pre-dump is squashed"
said 'holds a pre-dump'
said 'give the directory of the dump'
[ ! -e out ] || fail "a refused squash leaves a directory"
"$TOOL" squash ours/3 >out.tool 2>&1 && fail "squash needs no directory"
for chain in ours foreign; do
	(cd $chain && "$TOOL" squash 3 -o ../full-$chain) >out.tool 2>&1 ||
		fail "squash of $chain ended with $?: $(cat out.tool)"
	said 'one set of 3: pages=[1-9]'
	"$TOOL" verify full-$chain >out.tool 2>&1 || fail "verify ended with $?: $(cat out.tool)"
	said 'sets=1 .*checksums=right'
	[ ! -e full-$chain/parent ] || fail "the one set has a parent"
	"$TOOL" squash $chain/3 -o full-$chain >out.tool 2>&1 && fail "a set is overwritten"
	said 'holds a set already'
done

# Killed at many moments.
for ms in 1 2 3 5 8 13 21 34; do
	"$TOOL" squash ours/3 -o killed >out.tool 2>&1 &
	sleep "0.$(printf %03d $ms)"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	if "$TOOL" verify killed >out.tool 2>&1; then
		said 'sets=1 .*checksums=right'
	elif [ -e killed ]; then
		[ ! -e killed/inventory.img ] || fail "a squash that was killed leaves a damaged set"
	fi
	rm -rf killed
done
[ "$before" = "$(sums ours foreign)" ] || fail "the chain was changed"

mkdir gone && mv ours foreign gone
for chain in ours foreign; do
	restore full-$chain -d || fail "restore of the one set of $chain ended with $?"
	[ $chain = foreign ] || { dump again || fail "it cannot be dumped again: $?"; }
done
finish w
