#!/usr/bin/env python3
"""report.py OURS - a table of the values on standard input: WORKLOAD, WHO, WHAT, VALUE, separated by tabs

One block a workload: for each program the median of each value over the rounds, then OURS divided by the other in the
first two of them, round by round: median (minimum-maximum). A WHO in brackets is not compared.
"""
import statistics
import sys

ours = sys.argv[1]
blocks = {}
for line in sys.stdin:
    workload, who, what, value = line.rstrip("\n").split("\t")
    blocks.setdefault(workload, {}).setdefault(who, {}).setdefault(what, []).append(float(value))


def figure(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio(what, mine, theirs):
    ratios = [a / b for a, b in zip(mine[what], theirs[what])]
    return f"{what} {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


for workload, programs in blocks.items():
    columns = list(dict.fromkeys(what for values in programs.values() for what in values))
    print(f"\n{workload}\n{'':16}" + "".join(f"{what:>17}" for what in columns))
    for who, values in programs.items():
        cells = [figure(statistics.median(values[what])) if what in values else "-" for what in columns]
        print(f"  {who:14}" + "".join(f"{cell:>17}" for cell in cells))
    for who, values in programs.items():
        if who != ours and not who.startswith("(") and ours in programs:
            print(f"  {ours} / {who}: " + ", ".join(ratio(what, programs[ours], values) for what in columns[:2]))
