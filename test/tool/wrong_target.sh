#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What cannot be the root of a dump is refused: a thread, a zombie, the tool's own parents, a kernel
# thread, init.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

refused() { # PID PATTERN
	"$TOOL" dump -t "$1" -D img -o dump.log -v4 >out.tool 2>&1 && fail "a dump of $1 is accepted"
	grep -Eqi -- "$2" out.tool || fail "a dump of $1 says: $(cat out.tool)"
}
mkdir img
start w
for task in /proc/"$pid"/task/*; do tid=${task##*/}; done
[ "$tid" != "$pid" ] || fail "the target has no second thread"
refused "$tid" 'thread|leader'
refused $$ 'self|itself|tool|own|ancestor'
sh -c 'exit 4' &
sleep 0.1
(sleep 0.01; exec sleep 3) &
parent=$!
sh -c 'sleep 0.05 & exec sleep 2' &
holder=$!
sleep 0.3
zombie=$(awk -v p=$holder '$4 == p && $3 == "Z" { print $1 }' /proc/[0-9]*/stat 2>/dev/null)
[ -z "$zombie" ] || refused "$zombie" 'zombie|ended|dead'
compgen -G "img/*.img" >/dev/null && fail "images were written: $(ls img)"
kill $parent $holder
wait $parent $holder 2>/dev/null
finish w
