# SPDX-License-Identifier: GPL-2.0-only
"""What is written of the results of a run; a result is a dictionary with way, case, status, reason and took (s)."""
import re
from xml.sax.saxutils import escape, quoteattr

from driver import page

CONTROL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]")    # what XML cannot hold


def counts(results):
    return [sum(r["status"] == s for r in results) for s in ("pass", "fail", "skip")]


def by_way(results):
    """{way: its results}, in the order in which they ran."""
    out = {}
    for r in results:
        out.setdefault(r["way"], []).append(r)
    return out


# Lines with tabs ---------------------------------------------------------------------------


def write_table(path, results, way=None):
    with open(path, "a", encoding="utf-8") as f:
        for r in sorted(results, key=lambda r: (r["way"], r["case"])):
            reason = " ".join(r["reason"].split())
            f.write("\t".join((way or r["way"], r["case"], r["status"], reason, f"{r['took']:.3f}")) + "\n")


def read_table(path, prefix=""):
    """What write_table() wrote, maybe of another program; the seconds may be missing."""
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return [{"way": prefix + r[0], "case": r[1], "status": r[2], "reason": r[3],
             "took": float(r[4]) if len(r) > 4 else 0.0} for r in rows]


# JUnit -------------------------------------------------------------------------------------


def attribute(text):
    return quoteattr(CONTROL.sub("?", text))


def junit_case(r):
    head = f"    <testcase classname={attribute(r['way'])} name={attribute(r['case'])} time=\"{r['took']:.3f}\""
    if r["status"] == "pass":
        return head + "/>\n"
    if r["status"] == "skip":
        return f"{head}><skipped message={attribute(r['reason'])}/></testcase>\n"
    more = "\n".join(f"{k}: {r[k]}" for k in ("again", "folder") if r.get(k))
    return f"{head}><failure message={attribute(r['reason'])}>{escape(CONTROL.sub('?', more))}</failure></testcase>\n"


def write_junit(path, results):
    with open(path, "w", encoding="utf-8") as f:
        f.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")
        for way, rows in by_way(results).items():
            _, failed, skipped = counts(rows)
            f.write(f"  <testsuite name={attribute(way)} tests=\"{len(rows)}\" failures=\"{failed}\" errors=\"0\" "
                    f"skipped=\"{skipped}\" time=\"{sum(r['took'] for r in rows):.3f}\">\n")
            f.writelines(junit_case(r) for r in rows)
            f.write("  </testsuite>\n")
        f.write("</testsuites>\n")


# Test by way -------------------------------------------------------------------------------


def sums(results):
    """One line for each way."""
    ways = by_way(results)
    width = max(len(way) for way in ways)
    for way, rows in ways.items():
        passed, failed, skipped = counts(rows)
        yield (f"{way:<{width}}  {passed:5} passed {failed:3} failed {skipped:4} skipped "
               f"{sum(r['took'] for r in rows):8.1f} s")


def notes_of(results):
    """{reason: number}, failures first."""
    out = {}
    for status in ("fail", "skip"):
        for r in results:
            if r["status"] == status:
                out.setdefault(r["reason"], len(out) + 1)
    return out


def column(index):
    """A, B, ... Z, A1, B1, ..."""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")


def write_text(path, results):
    """Rows are tests, columns ways; a failure or a skip has the number of its reason."""
    ways, notes = list(by_way(results)), notes_of(results)
    cells = {(r["case"], r["way"]): r for r in results}
    names = sorted({r["case"] for r in results})
    width = max(len(n) for n in names)
    words = {"pass": "ok", "fail": "FAIL", "skip": "-"}
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(f"{column(i):<3} {way}\n" for i, way in enumerate(ways))
        f.write(f"\n{'':<{width}}" + "".join(f" {column(i):<8}" for i in range(len(ways))) + "\n")
        for name in names:
            row = [cells.get((name, way)) for way in ways]
            texts = [f"{words[r['status']]} {notes.get(r['reason'], '')}".rstrip() if r else "" for r in row]
            f.write(f"{name:<{width}} " + " ".join(f"{t:<8}" for t in texts).rstrip() + "\n")
        f.write("\n" + "".join(f"{number}. {reason}\n" for reason, number in notes.items()))
        f.write("\n" + "\n".join(sums(results)) + "\n")


# All ---------------------------------------------------------------------------------------


def write(args, results):
    """All that the command line asks for, and the last line."""
    if args.table:
        write_table(args.table, results, args.interop)
    passed, failed, skipped = counts(results)
    if args.summary:
        with open(args.summary, "w", encoding="ascii") as f:
            f.write(f"{passed} {failed} {skipped}\n")
    if len(by_way(results)) > 1:
        print("\n".join(f"# {line}" for line in sums(results)))
    for path in args.also:
        results = results + read_table(path)
    if args.junit:
        write_junit(args.junit, results)
    for path in args.report:
        (page.write if path.endswith(".html") else write_text)(path, results)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
