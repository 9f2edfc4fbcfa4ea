#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A dump or a pre-dump without room for it fails, says so, takes its files away, and the tree runs on.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154
. "${0%/*}/lib.bash"

mkdir full
mount -t tmpfs -o size=64k none full || skip "nothing can be mounted"
start w
for how in dump pre_dump; do
	"$how" full && fail "$how succeeds without room"
	said 'No space left on device'
	alive "$pid" || fail "$how has ended the tree"
	left=$(find full -name '*.img*' -o -name 'manifest*')
	[ -z "$left" ] || fail "$how leaves $left"
	rm full/*.log
	: >out.tool
done
umount full
finish w
