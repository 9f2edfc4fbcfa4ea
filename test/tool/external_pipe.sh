#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# --external pipe:[INODE]: the other end is outside of the tree; refused without the option, connected
# with --inherit-fd.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

mkdir -p w
# An anonymous pipe whose reader is this shell.
exec 7< <(CASE_DIR=$PWD/w exec setsid "$CASES/tool/target" 5>&1 </dev/null >out 2>&1)
pid=$!
until [ -e w/ready ]; do
	alive "$pid" || fail "the target ended: $(cat out)"
	sleep 0.01
done
key=$(readlink "/proc/$pid/fd/5")
dump img && fail "a pipe to the outside is no reason to refuse"
alive "$pid" || fail "a refused dump ended the tree"
said "pipe|outside"
dump img --external "$key" || fail "dump ended with $?"
restore img -d && fail "a missing external pipe is no reason to refuse"
alive "$pid" && fail "a refused restore left a task"
exec 9> >(cat >through)
restore img -d --inherit-fd "fd[9]:$key" || fail "restore ended with $?"
[ "$(readlink "/proc/$pid/fd/5")" = "$(readlink "/proc/$$/fd/9")" ] || fail "another pipe"
finish w
exec 9>&- 7<&-
