#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An area that is moved beside another one takes that one's watch with it (mremap without an event of userfaultfd), but
# not its marks: a page written then still looks clean once the area is watched again.  It must be dumped.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2034,SC2154
. "${0%/*}/lib.bash"

[ -n "$(trackers)" ] || skip "no tracker works here"

step() {
	: >w/step
	while [ -e w/step ]; do
		alive "$pid" || fail "the target ended: $(cat w/out)"
		sleep 0.01
	done
}

# begin NAME: a target that is watched, and then lost it.
begin() {
	made=w
	mkdir -p w
	CASE_DIR=$PWD/w setsid "$CASES/tool/merging" </dev/null >w/out 2>&1 &
	pid=$!
	disown
	until [ -e w/ready ]; do sleep 0.01; done
	pre_dump "$1-1" --tracker "$t" || fail "pre-dump 1 ended with $?"
	step
	step
}

end() {
	restore "$1" -d || fail "restore ended with $?"
	content
}

for t in $(trackers); do
	begin "$t-a"    # seen by a pre-dump
	pre_dump "$t-a-2" --tracker "$t" "${after[@]}" "../$t-a-1" || fail "pre-dump 2 ended with $?"
	dump "$t-a-last" --tracker "$t" "${after[@]}" "../$t-a-2" || fail "dump ended with $?"
	end "$t-a-last"
	begin "$t-b"    # seen by the last dump
	dump "$t-b-last" --tracker "$t" "${after[@]}" "../$t-b-1" || fail "dump ended with $?"
	end "$t-b-last"
	begin "$t-c"    # moved with its old marks, over what the parent has
	step
	pre_dump "$t-c-2" --tracker "$t" "${after[@]}" "../$t-c-1" || fail "pre-dump 2 ended with $?"
	dump "$t-c-last" --tracker "$t" "${after[@]}" "../$t-c-2" || fail "dump ended with $?"
	end "$t-c-last"
done
