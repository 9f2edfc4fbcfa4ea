# SPDX-License-Identifier: GPL-2.0-only
"""What is written of the results of a run; a result is a dictionary with way, case, status, reason and took."""


def counts(results):
    return [sum(r["status"] == s for r in results) for s in ("pass", "fail", "skip")]


def write_table(path, results, way=None):
    with open(path, "a", encoding="utf-8") as f:
        for r in sorted(results, key=lambda r: (r["way"], r["case"])):
            f.write("\t".join((way or r["way"], r["case"], r["status"], r["reason"])) + "\n")


def write(args, results):
    """All that the command line asks for, and the last line."""
    passed, failed, skipped = counts(results)
    if args.table:
        write_table(args.table, results, args.interop)
    if args.summary:
        with open(args.summary, "w", encoding="ascii") as f:
            f.write(f"{passed} {failed} {skipped}\n")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
