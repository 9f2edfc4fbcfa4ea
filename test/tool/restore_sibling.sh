#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# -S makes the root task a child of the tool's parent, which can wait for it.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

export CASE_EXIT=9
start w
dump img || fail "dump ended with $?"
wait "$pid" 2>/dev/null
restore img -d -S || fail "restore ended with $?"
parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
[ "$parent" = $$ ] || fail "its parent is $parent, not $$"
finish w
# Without -d it makes no sense and is refused.
restore img -S && fail "-S without -d is no reason to refuse"
alive "$pid" && fail "a refused restore left a task"
true
