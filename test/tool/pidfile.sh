#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# --pidfile holds the number of the root task, without a line feed; a file that is there is not
# overwritten, and a restore that fails leaves none.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img || fail "dump ended with $?"
printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-restore ]\n' >script
chmod +x script
restore img -d --pidfile root.pid --action-script "$PWD/script" && fail "a failing script is no failure"
gone "$pid" || fail "a failed restore left a task"
grep 'do not end' img/restore.log && fail "a failed restore gave up waiting for its tasks"
[ ! -e img/root.pid ] || fail "a restore that failed left its pid file"
restore img -d --pidfile root.pid || fail "restore ended with $?"
[ "$(cat img/root.pid)" = "$pid" ] || fail "the file says $(cat img/root.pid), not $pid"
[ "$(wc -c <img/root.pid)" = ${#pid} ] || fail "the file has more than the number"
finish w
restore img -d --pidfile root.pid && fail "a file that is there is no reason to refuse"
alive "$pid" && fail "a refused restore left a task"
said root.pid
