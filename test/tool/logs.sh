#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The log: levels, the lines other tools look for, standard output as its place, and the last line of a
# failure.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
mkdir img
"$TOOL" dump -t "$pid" -D img -o - -v4 -R >stdout 2>stderr || fail "dump ended with $?"
grep -q 'Dumping finished successfully' stdout || fail "standard output: $(tail -n 2 stdout)"
"$TOOL" dump -t "$pid" -D img -W . -o quiet.log -v1 -R >stdout 2>stderr || fail "dump ended with $?"
[ ! -s quiet.log ] || fail "level 1 says: $(head -n 2 quiet.log)"
[ "$(stat -c %a quiet.log)" = 600 ] || fail "the log has mode $(stat -c %a quiet.log)"
"$TOOL" dump -t 999999 -D img -o failed.log >stdout 2>stderr && fail "a dump of nobody is accepted"
grep -q 'Dumping FAILED' img/failed.log || fail "no such line: $(cat img/failed.log)"
[ "$(grep -c 999999 stderr)" = 1 ] || fail "the failure is said $(grep -c 999999 stderr) times: $(cat stderr)"
grep -q '\.c:' stderr img/failed.log && fail "a message names a source line"
dump img || fail "dump ended with $?"
"$TOOL" restore -D img -o restore.log -v4 -d >stdout 2>stderr || fail "restore ended with $?"
grep -q 'Restore finished successfully. Tasks resumed.' img/restore.log || fail "no such line in the log"
finish w
