#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Wrong words on the command line: status 1, a reason, and nothing is changed.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

wrong() { # PATTERN WORDS...
	local pattern=$1
	shift
	"$TOOL" "$@" >out.tool 2>&1
	code=$?
	[ $code = 1 ] || fail "\"$*\" ended with $code"
	grep -Eqi -- "$pattern" out.tool || fail "\"$*\" says: $(cat out.tool)"
}
mkdir img
wrong usage
wrong 'usage|unknown' frobnicate
wrong 'tree|-t|pid' dump -D img
wrong 'no-such' dump -t 1 --no-such-option
wrong 'nowhere' dump -t $$ -D nowhere
wrong 'nowhere' restore -D nowhere
wrong 'inventory|checkpoint' restore -D img
wrong '999999|no such|number' dump -t 999999 -D img
wrong 'pid|number|0' dump -t 0 -D img
wrong 'pid|number|x1' dump -t x1 -D img
wrong 'ghost-limit|size' dump -t $$ -D img --ghost-limit lots
compgen -G "img/*.img" >/dev/null && fail "images were written: $(ls img)"
"$TOOL" --help >out.tool 2>&1 || fail "--help ended with $?"
"$TOOL" --version >out.tool 2>&1 || fail "--version ended with $?"
said '^Version: '
