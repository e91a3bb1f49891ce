#!/usr/bin/env python3
"""Makes a Markdown table of what `clcnn bench --json` prints:

    build/clcnn bench --suite conv --peers onednn,pytorch --json | python3 bench/table.py

One row for each case and direction, one column for each contestant with its rate (of the median
time), and how many times as fast as the fastest peer clcnn is.
"""

import json
import math
import sys


def main():
    rows, names = {}, ["clcnn"]
    for text in sys.stdin:
        line = json.loads(text)
        if line.get("packed"):
            continue
        name = line.get("peer", "clcnn")
        if name not in names:
            names.append(name)
        rows.setdefault((line["case"], line["direction"]), {})[name] = line
    if not rows:
        sys.exit("table.py: no results on standard input")
    print("| Case | Direction | " + " | ".join(names) + " | Unit | Of ceiling | Against the fastest |")
    print("|---|---|" + "--:|" * len(names) + "---|--:|--:|")
    logs = []
    for (case, direction), by in rows.items():
        own = by.get("clcnn", {})
        unit = own.get("unit", "")
        key = {"GFLOP/s": "gflops", "GB/s": "gbs"}.get(unit, "images_per_second")
        rates = [by.get(name, {}).get(key) for name in names]
        cells = ["%.4g" % rate if rate else "-" for rate in rates]
        peers = [rate for rate in rates[1:] if rate]
        share = own.get("share")
        against = rates[0] / max(peers) if rates[0] and peers else None
        if against:
            logs.append(math.log(against))
        print("| %s | %s | %s | %s | %s | %s |" % (
            case, direction, " | ".join(cells), unit, "%.0f %%" % (100 * share) if share else "-",
            "%.2f" % against if against else "-"))
    if logs:
        print("\nGeometric mean against the fastest peer of each case: %.2f, of %d." %
              (math.exp(sum(logs) / len(logs)), len(logs)))


if __name__ == "__main__":
    main()
