#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# chain counts what is in the images: in the table, and in each picture of the page, which needs nothing from elsewhere.
# needs: program:python3
# budget: 60s
# shellcheck source=test/tool/lib.bash disable=SC1091,SC2154,SC2012,SC2015,SC2016
. "${0%/*}/lib.bash"

rig=${0%/*}/../rig
check() { # CHAIN WORDS...: table and page of CHAIN/3 against the bytes of its sets
	python3 - "$rig/.." "$@" <<-'EOP' || fail "chain tells something else of $1"
		import os, re, subprocess, sys
		from html.parser import HTMLParser
		sys.path.insert(0, sys.argv[1])
		sys.dont_write_bytecode = True
		from rig import chainset, imageset
		folder, words = sys.argv[2], sys.argv[3:]

		def expect(have, want, what):
		    if have != want:
		        sys.exit(f"{what}: {have}, not {want}")

		def count(path):
		    written = parent = zero = maps = 0
		    for name in sorted(os.listdir(path)):
		        if not name.startswith("pagemap-"):
		            continue
		        maps += not name.startswith("pagemap-shmem")
		        entries = imageset.read_image(os.path.join(path, name))[1]
		        pages = open(f"{path}/pages-{chainset.number(entries[0].fields, 1)}.img", "rb")
		        for _, flags in chainset.runs_of(entries):
		            if flags & 4:
		                written += 1
		                zero += not any(pages.read(4096))
		            parent += flags & 1
		    return maps, written, zero, parent

		want = [count(f"{folder}/{n}") for n in (1, 2, 3)]
		text = subprocess.run([os.environ["TOOL"], "chain", f"{folder}/3"], check=True, capture_output=True,
		                      text=True).stdout
		print(text)
		lines = [line.split() for line in text.splitlines()]
		rows = [line for line in lines if line and line[1:2] in (["pre-dump"], ["dump"])]
		expect([r[0] for r in rows], ["1", "2", "3"], "sets")
		expect([r[1] for r in rows], ["pre-dump", "pre-dump", "dump"], "kinds")
		has_zero = "zero" in words
		for row, (maps, written, zero, parent) in zip(rows, want):
		    expect(row[-6:-2], [str(maps), str(written), str(zero) if has_zero else "-", str(parent)],
		           f"row {row[0]}")
		    blocks = sum(os.stat(f"{folder}/{row[0]}/{f}").st_blocks for f in os.listdir(f"{folder}/{row[0]}")
		                 if f.endswith((".img", ".criu-lite")))
		    expect(row[-2], f"{blocks * 512 / 2**20:.1f}", f"disk of {row[0]}")
		expect(lines[-1][:2], ["sum", str(sum(w[1] for w in want))], "sum")
		for word in words:
		    if word not in text:
		        sys.exit(f"the table lacks {word}")

		class Page(HTMLParser):
		    def __init__(self):
		        super().__init__()
		        self.column, self.sums, self.rows, self.parts = 0, [{} for _ in range(3)], 0, 0
		    def handle_starttag(self, tag, attrs):
		        attrs = dict(attrs)
		        if attrs.keys() & {"src", "href"} or tag in ("link", "img", "iframe", "object"):
		            sys.exit(f"the page wants something: {tag} {attrs}")
		        if tag == "tr":
		            self.column = 0
		            self.pages = int(attrs.get("data-p", 0))
		        self.rows += tag == "tr" and "data-p" in attrs
		        self.parts += tag == "path"
		        if tag != "svg":
		            return
		        cells = 0
		        for cell in attrs["data-n"].split(","):
		            part, _, times = cell.partition("*")
		            cells += int(times or 1)
		            for letter, nr in re.findall("([wzpr])([0-9]+)", part):
		                sums = self.sums[self.column]
		                sums[letter] = sums.get(letter, 0) + int(nr) * int(times or 1)
		        expect(attrs["viewbox"], f"0 0 {cells} 9", "cells of a strip")
		        if cells > self.pages:
		            sys.exit("a strip has more cells than pages")
		        self.column += 1

		html = f"{folder}.html"
		subprocess.run([os.environ["TOOL"], "chain", f"{folder}/3", "--html", html], check=True)
		page = Page()
		page.feed(open(html).read())
		for sums, (_, written, zero, parent) in zip(page.sums, want):
		    expect(sums.get("w", 0) + sums.get("z", 0), written, "written in the pictures")
		    expect(sums.get("p", 0), parent, "from parent in the pictures")
		    if has_zero:
		        expect(sums.get("z", 0), zero, "zero in the pictures")
		if page.rows < 10 or page.parts < 20:
		    sys.exit("the pictures show nothing")
		for what in ("stack", "heap", "libc.so", "<title>"):
		    if what not in open(html).read():
		        sys.exit(f"the page lacks {what}")
	EOP
}

export TOOL
start w
dump img || fail "dump ended with $?"
"$rig"/chainset.py img ours/1 ours/2 ours/3 && "$rig"/chainset.py --foreign img foreign/1 foreign/2 foreign/3 ||
	fail "no chain was made"
check ours zero
check foreign
"$TOOL" chain ours >out.tool 2>&1 || fail "the newest of numbered sets is not found: $(cat out.tool)"
said '^3 sets in .*/ours'
cp img/stats-dump foreign/3/
"$TOOL" chain foreign/3 >out.tool 2>&1 || fail "chain ended with $?"
grep -Eq '^3 .* [1-9][0-9]*\.[0-9]$' out.tool || fail "the frozen time of the statistics is not told: $(cat out.tool)"
"$TOOL" dedup -D ours/3 >out.tool 2>&1 || fail "dedup ended with $?"
"$TOOL" chain ours/3 >out.tool 2>&1 || fail "chain ended with $?"
said 'pages were removed by dedup'
rm -r ours/1
"$TOOL" chain ours/3 >out.tool 2>&1 && fail "a chain without its beginning is told"
said 'missing'

# Names that a terminal or a browser would take for more.
name=$'<b>&"x\e[31m'
mkdir "odd" && mv foreign/3 "odd/$name" && rm "odd/$name/parent" && ln -s ../../foreign/2 "odd/$name/parent"
"$TOOL" chain "odd/$name" >out.tool 2>&1 || fail "chain ended with $?: $(cat out.tool)"
grep -q $'\e' out.tool && fail "an escape sequence reaches the terminal"
"$TOOL" chain "odd/$name" --html odd.html || fail "chain ended with $?"
grep -q '<b>&\|'$'\e' odd.html && fail "a name is taken for markup"
grep -q '&#60;b&#62;' odd.html || fail "the name is not there"
restore "odd/$name" -d || fail "restore ended with $?"
finish w
