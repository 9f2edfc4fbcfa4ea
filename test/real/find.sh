#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# find over a large tree lists each file once, although it is stopped while it reads directories.
# needs: program:find
# busy: find walks
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
tree=${CASE_TREE:-/usr}
find "$tree" -xdev -printf '%p\n' >list &
pid=$!
sleep 0.05
case_ready
wait $pid || case_fail "find ended with $?"
case_wait_go
find "$tree" -xdev -printf '%p\n' >again
cmp list again >&2 || case_fail "the lists differ: $(wc -l <list) and $(wc -l <again) lines"
