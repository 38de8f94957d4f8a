#!/usr/bin/env python3
"""reconcile.py LOG STATS RULES PROXIES OUT IN: do all counters tell the same?

The flow records in LOG, and the answers to "stats", "rules" and "proxies" (with -j) when no flow is under way. OUT and
IN are the bytes that clients and servers counted, as far as they know; records may have more (flows that failed).
"""
import collections
import json
import re
import sys

by_rule, by_proxy = collections.Counter(), collections.Counter()
flows, closed = collections.Counter(), collections.Counter()
for line in open(sys.argv[1]):
    if m := re.search(r"flow id=\d+ proto=(\w+) .* rule=(\S+) action=\w+ proxy=(\S+) out=(\d+) in=(\d+) .*close=(\S+)", line):
        proto, rule, proxy, out, into, close = m.groups()
        if proto == "dns":
            continue
        both = {"out": int(out), "in": int(into), "closed": 1}
        for direction, count in both.items():
            flows[direction] += count
            by_rule[rule, direction] += count
            by_proxy[proxy, direction] += count
        closed[close] += 1


def lines(path):
    return [o for o in map(json.loads, open(path)) if "id" in o or "close" in o]


stats = lines(sys.argv[2])[0]
wrong = []


def same(what, a, b):
    if a != b:
        wrong.append(f"{what}: {a} is not {b}")


for direction in ("out", "in", "closed"):
    same(f"all {direction}", stats[direction], flows[direction])
    for what, path, table in (("rule", sys.argv[3], by_rule), ("proxy", sys.argv[4], by_proxy)):
        rows = lines(path)
        for row in rows:
            same(f"{what} {row['id']} {direction}", row[direction], table[str(row["id"]), direction])
        rest = table["-", direction]
        same(f"sum of {what} {direction}", sum(r[direction] for r in rows) + rest, stats[direction])
same("reasons", stats["close"], dict(closed))
same("active", stats["active"], 0)
for direction, counted in (("out", int(sys.argv[5])), ("in", int(sys.argv[6]))):
    same(f"what clients and servers counted, {direction}", flows[direction], counted)
print("\n".join(wrong))
sys.exit(bool(wrong))
