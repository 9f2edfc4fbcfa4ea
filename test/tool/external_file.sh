#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# --external file[MNT:INODE]: an open file that comes from outside and is given at the restore.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

echo original >file
mkdir -p w
echo replaced >replacement
CASE_DIR=$PWD/w setsid "$CASES/tool/target" 5<file </dev/null >out 2>&1 &
pid=$!
until [ -e w/ready ]; do
	alive "$pid" || fail "the target ended: $(cat out)"
	sleep 0.01
done
mnt=$(printf %x "$(awk '/^mnt_id:/ { print $2 }' "/proc/$pid/fdinfo/5")")
ino=$(printf %x "$(stat -c %i file)")
dump img --external "file[$mnt:$ino]" || fail "dump ended with $?"
rm file
restore img -d && fail "a missing external file is no reason to refuse"
alive "$pid" && fail "a refused restore left a task"
exec 8<replacement
restore img -d --inherit-fd "fd[8]:file[$mnt:$ino]" || fail "restore ended with $?"
[ "$(readlink "/proc/$pid/fd/5")" = "$PWD/replacement" ] || fail "descriptor 5 is $(readlink "/proc/$pid/fd/5")"
finish w
