#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# --exec-cmd executes a command in the tool's place after the restore: it is the parent of the tree.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img || fail "dump ended with $?"
"$TOOL" restore -D img -o restore.log -v4 --exec-cmd -- /bin/sh -c 'echo $$ >"$0"; while [ ! -e "$0.stop" ]; do sleep 0.01; done; exit 5' "$PWD/told" >>out.tool 2>&1 &
tool_pid=$!
until [ -s told ]; do sleep 0.01; done
[ "$(cat told)" = $tool_pid ] || fail "the command runs as $(cat told), not in the tool's place $tool_pid"
parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
[ "$parent" = $tool_pid ] || fail "the parent of the tree is $parent, not $tool_pid"
[ -z "$(ls /proc/$tool_pid/fd | awk '$1 > 2')" ] || fail "the command has descriptors of the tool: $(ls -l /proc/$tool_pid/fd)"
finish w
: >told.stop
wait $tool_pid
[ $? = 5 ] || fail "the status of the command is lost"
