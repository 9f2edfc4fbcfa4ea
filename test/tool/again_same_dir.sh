#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A second dump into the same directory leaves one whole set, the new one; a refused one does not spoil
# the old.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start a
first=$pid
dump img || fail "dump ended with $?"
start b
second=$pid
dump img || fail "second dump ended with $?"
"$TOOL" verify img >>out.tool 2>&1 || fail "the directory is no whole set: $(tail -n 3 out.tool)"
restore img -d || fail "restore ended with $?"
alive "$second" || fail "it restored something else"
[ "$first" = "$second" ] || alive "$first" && fail "it restored the first tree"
finish b
