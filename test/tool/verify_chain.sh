#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A parent that is missing, damaged or another set is found by verify, and by a restore before anything runs.
# needs: program:python3
# budget: 90s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

chainset=${0%/*}/../rig/chainset.py
start w
dump img || fail "dump ended with $?"
"$chainset" img ours/1 ours/2 ours/3 && "$chainset" --seed 2 img other/1 other/2 other/3 &&
	"$chainset" --foreign img foreign/1 foreign/2 foreign/3 || fail "no chain was made"
# A chain that the other tool began and ours went on with.
"$chainset" --foreign-before img mixed/1 mixed/2 mixed/3 || fail "no chain was made"

flip() { # FILE [EVERY]: one bit, of the middle or of each so many bytes
	python3 - "$@" <<-'EOP'
		import os, sys
		path = sys.argv[1]
		size = os.path.getsize(path)
		step = int(sys.argv[2]) if len(sys.argv) > 2 else size
		with open(path, "r+b") as f:
		    for at in range(min(step, size) // 2, size, step):
		        f.seek(at)
		        byte = f.read(1)[0]
		        f.seek(at)
		        f.write(bytes([byte ^ 16]))
	EOP
}

good() { # CHAIN
	"$TOOL" verify "$1/3" >out.tool 2>&1 || fail "verify of $1 ended with $?: $(cat out.tool)"
	said 'whole: sets=3'
}

bad() { # WHAT PATTERN: the chain in "c" is no good
	"$TOOL" verify c/3 >out.tool 2>&1 && fail "verify accepts $1"
	said "$2"
	restore c/3 -d && fail "restore accepts $1"
	alive "$pid" && fail "a task runs of $1"
	grep -Eq -- "$2" c/3/restore.log || fail "the restore does not say \"$2\" of $1: $(tail c/3/restore.log)"
	rm -rf c
}

for chain in ours other foreign mixed; do good $chain; done
for chain in ours foreign mixed; do
	for n in 1 2; do
		cp -r $chain c && rm -r c/$n
		bad "a missing set $n of $chain" 'parent.* is missing|cannot open'
		cp -r $chain c && rm c/$n/pagemap-"$pid".img
		bad "a missing page map in set $n of $chain" 'pagemap-.*is missing'
		cp -r $chain c && rm c/$n/pages-1.img
		bad "missing pages in set $n of $chain" 'pages-1.img" is missing'
		cp -r $chain c && truncate -s -4096 c/$n/pages-1.img
		bad "fewer pages in set $n of $chain" 'pages-1.img" has|behind the end'
	done
	cp -r $chain c && rm c/3/parent && ln -s ../1 c/3/parent
	bad "a set left out of $chain" 'not the set|in no parent'
done
for n in 1 2; do
	cp -r ours c && rm c/$((n + 1))/parent && ln -s ../../other/$n c/$((n + 1))/parent
	bad "another set in place of $n" 'not the set'
	cp -r ours c && rm -r c/$n && cp -r other/$n c/$n
	bad "another set where $n was" 'not the set'
	for file in inventory.img manifest.criu-lite pagemap-"$pid".img; do
		cp -r ours c && flip "c/$n/$file"
		bad "a flipped bit in $file of set $n" 'damaged|digest|not belong|image "'
	done
	cp -r ours c && flip c/$n/pages-1.img 4096
	bad "a flipped bit in each page of set $n" 'checksum of the page at byte [0-9]+'
done
# What CRIU dumped before can be told by its inventory.
cp -r mixed c && rm -r c/2 && cp -r foreign/2 c/2
bad "another set of CRIU below ours" 'not the set'
restore ours/3 -d || fail "restore of the whole chain ended with $?"
finish w
