#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An iteration writes what changed and little else: a tracker that calls everything changed is never wrong, and useless.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"
load=$CASES/../bench/load
[ -x "$load" ] || skip "$load is not built"

mkdir w 1 2 3
setsid "$load" "$PWD/w" dirty 16 40 </dev/null >w.out 2>&1 &
pid=$!
ask() {
	rm -f w/answer
	: >w/ask
	until [ -e w/answer ]; do sleep 0.02; done
	grep -q '^ok ' w/answer || fail "the subject says $(cat w/answer)"
}

# iterate COMMAND DIRECTORY [PARENT]: numbers of pages written and left to the parent are in $written and $parent.
iterate() {
	"$TOOL" "$1" -t "$pid" -D "$2" ${3:+--prev-images-dir "$3"} -o dump.log -v4 --display-stats >stats 2>out.tool ||
		fail "$1 ended with $?: $(cat out.tool)"
	written=$(sed -n 's/^Memory pages written: \([0-9]*\) .*/\1/p' stats)
	parent=$(sed -n 's/^Memory pages skipped from parent: \([0-9]*\) .*/\1/p' stats)
}

ask
iterate pre-dump 1
grep -q ' tracker=none' 1/dump.log && skip "this kernel tells no changes"
merged=$(cat /sys/kernel/mm/ksm/pages_shared 2>/dev/null || echo 0)
[ "$merged" = 0 ] || grep -q ' tracker=uffd-wp' 1/dump.log || skip "pages are being merged, which costs some trust in frames"
for step in "pre-dump 2 ../1" "dump 3 ../2"; do
	ask
	# shellcheck disable=SC2086
	iterate $step
	# 40 were changed, and a program has some pages of its own; a table that holds one of them may be written as a whole.
	[ "$written" -ge 40 ] && [ "$written" -lt 1200 ] && [ "$parent" -gt 2900 ] ||
		fail "$step: written $written and from the parent $parent of 4096 and some"
done
restore 3 -d || fail "restore ended with $?"
ask
kill "$pid"
