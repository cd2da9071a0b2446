#!/usr/bin/env python3
"""Measures the Python package against Pympler's own Stats: docs/performance.md has the figures.

    PYTHON benches/python.py [--objects 50000] [--rounds 5] [--dump FILE]

PYTHON has ctstats and pympler==1.1. First a tracker with so many living objects is printed by both in
turn; what they print must be the same. Then, with a FILE that gen_scale.py made, each loads it in a
process of its own and sorts it by size. All in seconds of the processor, of all threads, so that a
busy machine does not matter much.
"""

import argparse
import gc
import io
import statistics
import subprocess
import sys
import time

import ctstats
from pympler import asizeof, classtracker, classtracker_stats
from pympler.classtracker import ClassTracker

LOADING = """
import sys, time
from MODULE import Stats
start = time.process_time()
stats = Stats(filename=sys.argv[1])
loaded = time.process_time()
stats.sort_stats("size")
print(loaded - start, time.process_time() - start)
"""


class Cart:
    def __init__(self, number):
        self.number = number
        self.items = ["milk", number]


def sizes(level, number):
    """What asizeof gives for a cart at this level, without the minutes that it takes."""
    def asized(depth, name, size):
        below = [asized(depth - 1, "[V] %s%d" % (name, part), size // 4) for part in range(3)] if depth else []
        return asizeof.Asized(size, 56, below, name)
    return asized(level, "cart", 1000 + number % 977)


def tracker_of(objects, traces, level, snapshots=4):
    """A tracker in the state that a long run leaves it in."""
    tracker = ClassTracker()
    tracker.track_class(Cart, name="shop.Cart", trace=traces)
    held = []
    for snapshot in range(snapshots):
        for number in range(objects // snapshots):
            held.append(Cart(number))
        moment = classtracker._get_time()
        for tobj in tracker.index["shop.Cart"]:
            tobj.snapshots.append((moment, sizes(level, tobj.id // 16)))
            tobj.repr = "<Cart %x>" % tobj.id
        taken = classtracker.Snapshot(moment, "snapshot %d" % snapshot)
        taken.tracked_total = 1000 * len(held)
        tracker.snapshots.append(taken)
    tracker.detach_all_classes()
    tracker.held = held
    return tracker


def seconds(call):
    gc.collect()
    start = time.process_time()
    call()
    return time.process_time() - start


def median(pairs):
    """The medians of both, and that of the ratios of each round."""
    ours, theirs = zip(*pairs)
    ratio = statistics.median(b / a for a, b in pairs)
    return "%.3f s | %.3f s | %.1f×" % (statistics.median(ours), statistics.median(theirs), ratio)


def live(title, tracker, objects, rounds):
    def printed(module, of):
        stream = io.StringIO()
        stats = module.ConsoleStats(tracker, stream=stream)
        of(stats)
        for snapshot in tracker.snapshots:
            snapshot.classes = None
        return stream.getvalue()

    questions = {
        "print_stats(limit=%d)" % objects: lambda stats: stats.print_stats(limit=objects),
        "sort_stats('size').print_stats(limit=20)": lambda stats: stats.sort_stats("size").print_stats(limit=20),
        "print_summary()": lambda stats: stats.print_summary(),
        "dump_stats(file)": lambda stats: stats.dump_stats(io.BytesIO()),
    }
    for name, of in questions.items():
        if printed(ctstats, of) != printed(classtracker_stats, of):
            sys.exit("%s, %s: not the same text" % (title, name))
        pairs = [(seconds(lambda: printed(ctstats, of)), seconds(lambda: printed(classtracker_stats, of))) for _ in range(rounds)]
        print("| %s | `%s` | %s |" % (title, name, median(pairs)), flush=True)


def loaded(path, rounds):
    def run(module):
        program = LOADING.replace("MODULE", module)
        return [float(word) for word in subprocess.check_output([sys.executable, "-c", program, path]).split()]

    pairs = [(run("ctstats"), run("pympler.classtracker_stats")) for _ in range(rounds)]
    for place, name in enumerate(("load", "load, `sort_stats('size')`")):
        print("| %s | %s | %s |" % (path, name, median([(a[place], b[place]) for a, b in pairs])), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=50000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dump")
    parser.add_argument("--loading-rounds", type=int, default=1)
    arguments = parser.parse_args()
    print("| of | what | ctstats | Pympler 1.1 | faster |\n| --- | --- | ---: | ---: | ---: |")
    if arguments.objects:
        for title, traces, level in (("live, sizes only", False, 0), ("live, traces, detail 1", True, 1)):
            tracker = tracker_of(arguments.objects, traces, level)
            live(title, tracker, arguments.objects, arguments.rounds)
    if arguments.dump:
        loaded(arguments.dump, arguments.loading_rounds)


if __name__ == "__main__":
    main()
