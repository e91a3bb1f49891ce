#!/usr/bin/env python3
"""Makes a Markdown table of what `clcnn bench --json` prints:

    build/clcnn bench --suite conv --peers onednn,pytorch --json | python3 bench/table.py

One row for each case and direction, one column for each contestant with its rate (of the median
time), and how many times as fast as the fastest peer clcnn is.

    for i in 1 2 3; do build/clcnn bench --suite pool --peers pytorch --json; done | python3 bench/table.py --shares

One row for each case, with the share of the ceiling and how many times as fast as the fastest peer
clcnn is, in each direction: the median of all runs on standard input, and the least and the largest.
"""

import json
import math
import statistics
import sys

DIRECTIONS = "forward", "backward_data"


def spread(values, form):
    """The median and, of several values, the least and the largest."""
    if not values:
        return "-"
    median = form % statistics.median(values)
    ends = form % min(values), form % max(values)
    return median if ends[0] == ends[1] else "%s (%s to %s)" % (median, *ends)


def shares(lines):
    """A row for each case: of several runs, each in the order in which it was written."""
    cases, speedups = {}, {}
    for line in lines:
        key = line["case"], line["direction"]
        if "peer" not in line:
            cases.setdefault(key[0], {}).setdefault(key[1], []).append(100 * line["share"])
            speedups.setdefault(key, []).append([])
        elif line["speedup"]:
            speedups[key][-1].append(line["speedup"])
    print("| Case | " + " | ".join("%s, %% of the ceiling | times the fastest peer" % d.split("_")[0]
                                    for d in DIRECTIONS) + " |")
    print("|---|" + "--:|" * 2 * len(DIRECTIONS))
    for case, by in cases.items():
        cells = []
        for direction in DIRECTIONS:
            least = [min(run) for run in speedups.get((case, direction), []) if run]
            cells += [spread(by.get(direction, []), "%.0f"), spread(least, "%.3g")]
        print("| %s | %s |" % (case, " | ".join(cells)))


def rates(lines):
    """A row for each case and direction."""
    rows, names = {}, ["clcnn"]
    for line in lines:
        if line.get("packed"):
            continue
        name = line.get("peer", "clcnn")
        if name not in names:
            names.append(name)
        rows.setdefault((line["case"], line["direction"]), {})[name] = line
    print("| Case | Direction | " + " | ".join(names) + " | Unit | Of ceiling | Against the fastest |")
    print("|---|---|" + "--:|" * len(names) + "---|--:|--:|")
    logs = []
    for (case, direction), by in rows.items():
        own = by.get("clcnn", {})
        unit = own.get("unit", "")
        key = {"GFLOP/s": "gflops", "GB/s": "gbs"}.get(unit, "images_per_second")
        found = [by.get(name, {}).get(key) for name in names]
        cells = ["%.4g" % rate if rate else "-" for rate in found]
        peers = [rate for rate in found[1:] if rate]
        share = own.get("share")
        against = found[0] / max(peers) if found[0] and peers else None
        if against:
            logs.append(math.log(against))
        print("| %s | %s | %s | %s | %s | %s |" % (
            case, direction, " | ".join(cells), unit, "%.0f %%" % (100 * share) if share else "-",
            "%.2f" % against if against else "-"))
    if logs:
        print("\nGeometric mean against the fastest peer of each case: %.2f, of %d." %
              (math.exp(sum(logs) / len(logs)), len(logs)))


def main():
    lines = [json.loads(text) for text in sys.stdin]
    if not lines:
        sys.exit("table.py: no results on standard input")
    if sys.argv[1:] == ["--shares"]:
        shares(lines)
    elif sys.argv[1:]:
        sys.exit("table.py: the only option is --shares")
    else:
        rates(lines)


if __name__ == "__main__":
    main()
