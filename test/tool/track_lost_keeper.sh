#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The keeper is killed between two dumps: the next one is whole, says so, and begins a new chain.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

trackers | grep -q uffd-wp || skip "no write protection by userfaultfd here"
start_changing w
pre_dump 1 --tracker uffd-wp || fail "pre-dump ended with $?"
one_keeper
kill -9 "$(keepers)"
tell change 2
tell drop 3
pre_dump 2 --tracker uffd-wp "${after[@]}" ../1 || fail "second pre-dump ended with $?"
whole 2 'its keeper has ended'
one_keeper
tell change 4
dump 3 --tracker uffd-wp "${after[@]}" ../2 || fail "dump ended with $?"
chained 3
no_keeper
restore 3 -d || fail "restore ended with $?"
content
