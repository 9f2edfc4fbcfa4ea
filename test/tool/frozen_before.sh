#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A tree in a cgroup that somebody froze: the dump gives up in time and says so, nothing hangs.
# alone: it uses cgroups of the machine
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

top=/sys/fs/cgroup
[ -e $top/cgroup.procs ] || top=/sys/fs/cgroup/unified
group=$top/criu-lite-test-$$
mkdir "$group" 2>/dev/null || skip "no cgroup can be made in $top"
trap 'for _ in 1 2 3 4 5; do rmdir "$group" 2>/dev/null && break; sleep 0.1; done' EXIT
[ -e "$group/cgroup.freeze" ] || skip "the cgroup has no freezer"
start w
for p in "$pid" $(cat "/proc/$pid/task/$pid/children"); do echo "$p" >"$group/cgroup.procs"; done
echo 1 >"$group/cgroup.freeze"
began=$SECONDS
dump img -R --timeout 3
code=$?
[ $((SECONDS - began)) -lt 15 ] || fail "it took $((SECONDS - began)) s"
[ $code = 0 ] || said 'frozen|freez'
[ "$(cat "$group/cgroup.freeze")" = 1 ] || fail "the freezer of somebody else was changed"
echo 0 >"$group/cgroup.freeze"
finish w
