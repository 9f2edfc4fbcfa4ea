#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Options from configuration files: the order, comments, quotes, and how to switch the files off.
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

start w
cat >one.conf <<-'EOF'
	# a comment
	leave-running
	log-file "from file.log"   # behind an option
	verbosity 4
EOF
mkdir img
"$TOOL" dump -t "$pid" -D img --config "$PWD/one.conf" >>out.tool 2>&1 || fail "dump with --config ended with $?"
[ -s "img/from file.log" ] || fail "the log is not where the file says: $(ls img)"
alive "$pid" || fail "leave-running of the file has no effect"
mkdir img2
CRIU_CONFIG_FILE=$PWD/one.conf "$TOOL" dump -t "$pid" -D img2 -o mine.log >>out.tool 2>&1 || fail "dump ended with $?"
[ -s img2/mine.log ] || fail "the command line does not come last"
alive "$pid" || fail "CRIU_CONFIG_FILE has no effect"
mkdir -p home/.criu img3
echo leave-running >home/.criu/default.conf
HOME=$PWD/home "$TOOL" dump -t "$pid" -D img3 -o d.log >>out.tool 2>&1 || fail "dump ended with $?"
alive "$pid" || fail "\$HOME/.criu/default.conf has no effect"
echo "no such option" >bad.conf
"$TOOL" dump -t "$pid" -D img3 --config "$PWD/bad.conf" >>out.tool 2>&1 && fail "an unknown word is accepted"
said bad.conf
alive "$pid" || fail "a refused dump ended the tree"
HOME=$PWD/home "$TOOL" dump -t "$pid" -D img3 -o d.log --no-default-config >>out.tool 2>&1 || fail "dump ended with $?"
gone "$pid" || fail "--no-default-config reads the file all the same"
