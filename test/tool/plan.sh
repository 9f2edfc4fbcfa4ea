#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# restore --plan says what would be made and makes nothing.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img || fail "dump ended with $?"
"$TOOL" restore -D img --plan >stdout 2>&1 || fail "--plan ended with $?: $(cat stdout)"
grep -q "$pid" stdout || fail "the plan does not name the root task: $(cat stdout)"
alive "$pid" && fail "a task runs"
"$TOOL" show img >stdout 2>&1 || fail "show ended with $?"
grep -q target stdout || fail "show does not name the target"
restore img -d || fail "restore ended with $?"
finish w
