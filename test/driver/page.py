# SPDX-License-Identifier: GPL-2.0-only
"""The table of tests and ways as one page of HTML, which needs nothing else."""
import html
import os
import time

HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>criu-lite: tests</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --ok: #1a7f37; --bad: #d1242f; --off: #767676; --line: #8884; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { border: 1px solid var(--line); padding: .15em .5em; text-align: left; white-space: nowrap; }
thead th { position: sticky; top: 0; background: Canvas; }
td.pass { color: var(--ok); } td.skip { color: var(--off); }
td.fail { background: var(--bad); color: #fff; } td.fail a { color: #fff; }
td.number { text-align: right; }
li { margin: .2em 0; } li.fail { color: var(--bad); } code { user-select: all; }
small { opacity: .7; }
</style></head><body>
"""


def text(word):
    return html.escape(str(word))


def ways_of(results):
    return list(dict.fromkeys(r["way"] for r in results))


def headline(results):
    nr = {s: sum(r["status"] == s for r in results) for s in ("pass", "fail", "skip")}
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    return (f"<h1>{nr['pass']} passed, {nr['fail']} failed, {nr['skip']} skipped</h1>"
            f"<p>Linux {text(os.uname().release)}, {when} UTC. The reason of a failure or of a skip is shown where "
            "the pointer rests, and listed below.</p>\n")


def table_of_ways(results):
    rows = ""
    for way in ways_of(results):
        of_way = [r for r in results if r["way"] == way]
        cells = [sum(r["status"] == s for r in of_way) for s in ("pass", "fail", "skip")]
        cells.append(f"{sum(r['took'] for r in of_way):.1f}")
        rows += f"<tr><th>{text(way)}</th>" + "".join(f"<td class=number>{c}</td>" for c in cells) + "</tr>\n"
    head = "".join(f"<th>{name}</th>" for name in ("way", "passed", "failed", "skipped", "seconds"))
    return f"<table><thead><tr>{head}</tr></thead>\n{rows}</table>\n"


def cell(r, notes):
    if not r:
        return "<td></td>"
    if r["status"] == "pass":
        return f"<td class=pass title=\"{text(r['case'])}, {text(r['way'])}: {r['took']:.2f} s\">pass</td>"
    number = notes[(r["status"], r["reason"])]
    word = "FAIL" if r["status"] == "fail" else "skip"
    return (f"<td class={r['status']} title=\"{text(r['reason'])} ({r['took']:.2f} s)\">"
            f"<a href=\"#n{number}\">{word} {number}</a></td>")


def table_of_tests(results, notes):
    ways = ways_of(results)
    found = {(r["case"], r["way"]): r for r in results}
    out = "<table><thead><tr><th>test</th>" + "".join(f"<th>{text(w)}</th>" for w in ways) + "</tr></thead>\n"
    for case in sorted({r["case"] for r in results}):
        out += f"<tr><th>{text(case)}</th>" + "".join(cell(found.get((case, w)), notes) for w in ways) + "</tr>\n"
    return out + "</table>\n"


def list_of_reasons(results, notes):
    """Each reason once; with a failure the command that repeats it."""
    out = "<h2>Reasons</h2>\n<ol>\n"
    for (status, reason), number in notes.items():
        again = [r["again"] for r in results if r["status"] == "fail" and r["reason"] == reason and r.get("again")]
        more = "".join(f"<br><code>{text(a)}</code>" for a in again)
        out += f"<li id=n{number} class={status}>{text(reason)}{more}</li>\n"
    return out + "</ol>\n"


def write(path, results):
    notes = {}
    for status in ("fail", "skip"):
        for r in results:
            if r["status"] == status:
                notes.setdefault((status, r["reason"]), len(notes) + 1)
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD + headline(results) + table_of_ways(results) + table_of_tests(results, notes))
        f.write((list_of_reasons(results, notes) if notes else "") + "</body></html>\n")
