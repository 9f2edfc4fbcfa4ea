#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A restore without -d waits for the tree and ends with 0; with --exit-status it ends as the root task
# does.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

export CASE_EXIT=7

# wait_for_tree EXPECTED [OPTION]
wait_for_tree() {
	local expected=$1 tool
	shift
	restore img "$@" &
	tool=$!
	until alive "$pid"; do sleep 0.01; done
	sleep 0.1
	alive $tool || fail "it does not wait for the tree"
	finish w
	wait $tool
	code=$?
	[ $code = "$expected" ] || fail "it ended with $code instead of $expected ($*)"
}

start w
dump img || fail "dump ended with $?"
gone "$pid" || fail "the tree runs on"
wait_for_tree 0
wait_for_tree 7 --exit-status
