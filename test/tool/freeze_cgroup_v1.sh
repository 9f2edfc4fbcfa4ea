#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# --freeze-cgroup with a freezer of cgroup v1: the tree runs again after success, refusal and failure.
# alone: it uses cgroups of the machine
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

group=/sys/fs/cgroup/freezer/criu-lite-test-$$
mkdir "$group" 2>/dev/null || skip "no cgroup can be made in /sys/fs/cgroup/freezer"
trap 'for _ in 1 2 3 4 5; do rmdir "$group" 2>/dev/null && break; sleep 0.1; done' EXIT
[ -e "$group/freezer.state" ] || skip "the cgroup has no freezer"
state() { cat "$group/freezer.state"; }
start w
for p in "$pid" $(cat "/proc/$pid/task/$pid/children"); do
	echo "$p" >"$group/cgroup.procs" || skip "tasks cannot be moved into a cgroup"
done
before=$(state)
dump one -R --freeze-cgroup "$group" || fail "dump ended with $?"
[ "$(state)" = "$before" ] || fail "the cgroup is left in state $(state)"
printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-dump ]\n' >fails
chmod +x fails
dump two --freeze-cgroup "$group" --action-script "$PWD/fails" && fail "a failing script is no reason to fail"
[ "$(state)" = "$before" ] || fail "the cgroup is left in state $(state) after a failure"
mkdir full && mount -t tmpfs -o size=64k none full || skip "nothing can be mounted"
dump full --freeze-cgroup "$group" && fail "a dump without room for it succeeds"
umount full
[ "$(state)" = "$before" ] || fail "the cgroup is left in state $(state) after a dump without room"
dump three -R --freeze-cgroup "$group/missing" && fail "a missing cgroup is no reason to refuse"
finish w
start w
for p in "$pid" $(cat "/proc/$pid/task/$pid/children"); do echo "$p" >"$group/cgroup.procs"; done
dump four --freeze-cgroup "$group" || fail "dump ended with $?"
gone "$pid" || fail "the tree is still there"
[ "$(state)" = "$before" ] || fail "the cgroup is left in state $(state) after the dump"
[ -z "$(cat "$group/cgroup.procs")" ] || fail "the cgroup still has tasks: $(cat "$group/cgroup.procs")"
restore four -d || fail "restore ended with $?"
finish w
