#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# check tells what this machine can do; --feature answers for one; unknown names are refused.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

"$TOOL" check >out.tool 2>&1 || fail "check ended with $?: $(tail -n 3 out.tool)"
said 'Looks good'
"$TOOL" check --feature clone3_set_tid >out.tool 2>&1 || fail "check --feature clone3_set_tid ended with $?"
said 'clone3_set_tid is supported'
"$TOOL" check --feature no_such_thing >out.tool 2>&1 && fail "an unknown feature is supported"
grep -q 'CONFIG_MEM_SOFT_DIRTY=y' "/boot/config-$(uname -r)" 2>/dev/null ||
	"$TOOL" check --feature mem_dirty_track >out.tool 2>&1 || said 'mem_dirty_track'
true
