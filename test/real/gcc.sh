#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# gcc builds a program of several files; what it built runs and gives the right answer.
# needs: program:gcc
# busy: compilers come and go
# budget: 60s
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
main='int main(void) { long s = 0;'
nr=${CASE_SOURCES:-12}
for i in $(seq 1 "$nr"); do
	{
		echo "#include <stdio.h>"
		for k in $(seq 1 150); do echo "long f${i}_$k(long x) { return x * $k + $i - (x >> $((k % 9))); }"; done
		echo "long f$i(long x) { return f${i}_1(x) + f${i}_150(x); }"
	} >"f$i.c"
	main="long f$i(long); $main s += f$i($i);"
done
# shellcheck disable=SC2028  # the program prints it
echo "#include <stdio.h>
$main printf(\"%ld\\n\", s); return 0; }" >main.c
build() {
	for f in main $(seq -f 'f%g' 1 "$nr"); do gcc -O2 -c "$f.c" -o "$1.$f.o" || return 1; done
	gcc -o "$1" "$1".*.o
}
build first &
sleep 0.2
case_ready
wait $! || case_fail "the build ended with $?"
build second || case_fail "the second build does not work"
[ "$(./first)" = "$(./second)" ] || case_fail "the programs differ: $(./first) and $(./second)"
cmp first second >&2 || case_fail "the programs are not the same"
