#!/usr/bin/env python3
"""Says how the cost of a convolution grows with the work, from what the bench prints:

    build/clcnn bench --suite growth --json | python3 bench/growth.py [growth.svg]

For each curve (more images, channels or pixels) and direction the time of a multiplication, in the
best sample, and where it is a fifth or more above the least at a smaller size. Several runs behind
each other count as one. With a file's name it draws the curves, by gnuplot.
"""

import json
import subprocess
import sys

DIRECTIONS = ("forward", "backward_data", "backward_weights")
RISE = 1.2


def read(lines):
    """{curve: {direction: [(size, picoseconds of a multiplication, algorithm, bytes)]}}"""
    found = {}
    for text in lines:
        line = json.loads(text)
        if line.get("packed") or "peer" in line or not line.get("gflops"):
            continue
        curve, size, rest = line["case"].split("_", 2)
        points = found.setdefault(f"{curve} {rest.replace('_', ' ')}", {})
        cost = 2000 / line["gflops"] * line["best_ms"] / line["ms"]
        point = (int(size), cost, line["algo"], line["workspace_bytes"])
        sizes = points.setdefault(line["direction"], {})
        if int(size) not in sizes or cost < sizes[int(size)][1]:
            sizes[int(size)] = point
    return {curve: {direction: list(sizes.values()) for direction, sizes in points.items()}
            for curve, points in found.items()}


def table(curves):
    rises = 0
    for curve, directions in curves.items():
        print(f"| {curve} | " + " | ".join(f"{d}, ps | by | MiB" for d in DIRECTIONS) + " |")
        print("|---|" + "--:|---|--:|" * len(DIRECTIONS))
        least = {}
        for i, (size, *_) in enumerate(next(iter(directions.values()))):
            cells = []
            for direction in DIRECTIONS:
                _, cost, algo, workspace = directions[direction][i]
                rose = cost > RISE * least.get(direction, cost)
                rises += rose
                least[direction] = min(cost, least.get(direction, cost))
                cells.append(f"{cost:.2f}{' (!)' if rose else ''} | {algo} | {workspace / 2**20:.1f}")
            print(f"| {size} | " + " | ".join(cells) + " |")
        print()
    print(f"Times above {RISE:g} of the least at a smaller size, marked (!): {rises}.")


def draw(curves, path):
    script = [f"set terminal svg size 900,1100; set output '{path}'; set logscale xy 2",
              "set multiplot layout 3,1; set ylabel 'ps of a multiplication'; set key outside"]
    for curve, directions in curves.items():
        script.append(f"set xlabel '{curve}'")
        script.append("plot " + ", ".join(f"'-' with linespoints title '{d}'" for d in directions)
                      .replace("_", "\\\\_"))
        for points in directions.values():
            script += [f"{size} {cost}" for size, cost, *_ in points] + ["e"]
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def main():
    curves = read(sys.stdin)
    if not curves:
        sys.exit("growth.py: no results on standard input")
    table(curves)
    if len(sys.argv) > 1:
        draw(curves, sys.argv[1])


if __name__ == "__main__":
    main()
