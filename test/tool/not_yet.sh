#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Options of later versions are refused as not supported yet, and change nothing.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
mkdir img
while read -r command options; do
	# shellcheck disable=SC2086
	if [ "$command" = dump ]; then
		"$TOOL" dump -t "$pid" -D img -o x.log $options >out.tool 2>&1
	else
		"$TOOL" "$command" -D img -o x.log $options >out.tool 2>&1
	fi
	code=$?
	[ $code != 0 ] || fail "\"$command $options\" is accepted"
	grep -qi "not supported yet" out.tool || fail "\"$command $options\" says: $(cat out.tool)"
	alive "$pid" || fail "the tree is gone after \"$command $options\""
	[ ! -e img/inventory.img ] || fail "\"$command $options\" wrote a set"
done <<-EOF
	dump --page-server --address 127.0.0.1 --port 12345
	dump --lazy-pages
	dump --stream
	restore --lazy-pages
	restore --join-ns net:/proc/self/ns/net
	restore --lsm-profile apparmor:x
	page-server --port 12345
	lazy-pages
	swrk 3
	service
EOF
finish w
