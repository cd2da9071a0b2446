#!/usr/bin/env python3
"""How long the tables of a dump take into Polars, after loading. Needs ctstats and polars.

    python benches/tables.py DUMP...
"""

import sys
import time

import polars

import ctstats

ROUNDS = 5


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


for path in sys.argv[1:]:
    seconds, dump = timed(lambda: ctstats.load(path))
    print("%s: loaded in %.2f s" % (path, seconds))
    for table in ("objects", "samples", "class_samples", "sites"):
        runs = [timed(lambda: polars.DataFrame(getattr(dump, table)())) for _ in range(ROUNDS)]
        best, frame = min(runs, key=lambda run: run[0])
        print("  %-14s %10d rows  %.3f s (the best of %d)" % (table, frame.height, best, ROUNDS))
