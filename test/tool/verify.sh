#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What verify says: a whole set is good; a flipped bit, a cut file, a missing or a foreign file is one
# clear error, and no restore begins.
# needs: program:python3
# budget: 60s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
dump img || fail "dump ended with $?"
"$TOOL" verify img >>out.tool 2>&1 || fail "verify of a whole set ended with $?"
bad() { # WHAT: the set "bad" is no good
	"$TOOL" verify bad >out.tool 2>&1 && fail "verify accepts a set with $1"
	restore bad -d && fail "restore accepts a set with $1"
	alive "$pid" && fail "a task runs of a set with $1"
	[ -s bad/restore.log ] && grep -qi 'finished successfully' bad/restore.log && fail "it claims success"
	rm -rf bad
}
for file in img/*.img; do
	file=${file##*/}
	size=$(stat -c %s "img/$file")
	cp -r img bad
	python3 - "bad/$file" $((size / 2)) <<-'EOF'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    byte = f.read(1)
		    f.seek(int(sys.argv[2]))
		    f.write(bytes([byte[0] ^ 16]))
	EOF
	bad "a flipped bit in $file"
	cp -r img bad
	truncate -s $((size - 1)) "bad/$file"
	bad "a short $file"
	cp -r img bad
	rm "bad/$file"
	bad "a missing $file"
done
restore img -d || fail "the set was changed by all that: restore ended with $?"
finish w
