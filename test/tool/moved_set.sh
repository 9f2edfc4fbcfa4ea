#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A set can be moved to another directory and restored in another pid namespace.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img || fail "dump ended with $?"
mkdir elsewhere
mv img elsewhere/"a set"
for _ in 1 2; do
	unshare -pf --mount-proc bash -c '
		"$0" restore -D "elsewhere/a set" -o restore.log -v4 -d || exit 3
		: >w/go
		while [ ! -e w/verdict ] && [ -e /proc/'"$pid"' ]; do sleep 0.01; done
		sleep 0.05' "$TOOL" || fail "restore in a namespace ended with $?"
	grep -q "^ok $pid " w/verdict || fail "the target says $(cat w/verdict w/out)"
	rm -f w/{go,verdict,ready,here}
done
