#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# tar through a pipe to tar: the tree that comes out is the one that went in.
# busy: data runs through the pipe
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
mkdir in out
for i in $(seq 1 300); do
	mkdir -p "in/$((i % 7))/$((i % 5))"
	head -c $((i * 337)) /dev/urandom >"in/$((i % 7))/$((i % 5))/$i"
done
tar cf - -C in . | { sleep 0.3; head -c 1000000; case_wait_go; cat; } | { sleep 0.2; tar xf - -C out; } &
sleep 0.1
case_ready
wait $! || case_fail "tar ended with $?"
diff -r in out >&2 || case_fail "the trees differ"
