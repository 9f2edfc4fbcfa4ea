#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Action scripts run at their stages with their environment; a failing one stops what it is to stop, and
# nothing is left.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

cat >hook <<-'EOF'
	#!/bin/sh
	echo "$CRTOOLS_SCRIPT_ACTION ${CRTOOLS_INIT_PID:-none}" >>"$HOOK_LOG"
	[ -z "$CRTOOLS_IMAGE_DIR" ] && echo "no image directory" >>"$HOOK_LOG"
	[ "$CRTOOLS_SCRIPT_ACTION" = "$HOOK_FAIL" ] && exit 3
	exit 0
EOF
chmod +x hook
export HOOK_LOG=$PWD/stages HOOK_FAIL=
hook="--action-script $PWD/hook"

start w
# shellcheck disable=SC2086
{
	HOOK_FAIL=pre-dump dump img0 $hook && fail "a failing pre-dump script is no reason to refuse"
	alive "$pid" || fail "the tree is gone after a failing pre-dump script"
	HOOK_FAIL=post-dump dump img1 $hook
	[ $? = 3 ] || fail "the status of the post-dump script is lost"
	alive "$pid" || fail "the tree is gone after a failing post-dump script"
	: >stages
	dump img $hook || fail "dump ended with $?"
	grep -q "^pre-dump" stages && grep -q "^post-dump $pid$" stages || fail "stages of the dump: $(cat stages)"
	: >stages
	HOOK_FAIL=pre-restore restore img -d $hook && fail "a failing pre-restore script is no reason to refuse"
	HOOK_FAIL=post-restore restore img -d $hook && fail "a failing post-restore script is no reason to refuse"
	gone "$pid" || fail "a failed restore left a task"
	grep 'do not end' img/restore.log && fail "a failed restore gave up waiting for its tasks"
	: >stages
	restore img -d $hook || fail "restore ended with $?"
}
for stage in pre-restore post-restore pre-resume post-resume; do
	grep -q "^$stage " stages || fail "stage $stage is missing: $(cat stages)"
done
grep -q "^post-restore $pid$" stages || fail "the root task is not named: $(cat stages)"
grep -q "no image directory" stages && fail "no image directory was named"
[ "$(cut -d' ' -f1 stages | tr '\n' ' ')" = "pre-restore post-restore pre-resume post-resume " ] ||
	grep -q setup-namespaces stages || fail "the order is $(cut -d' ' -f1 stages | tr '\n' ' ')"
finish w
