#!/usr/bin/env python3
"""Measures what recording with Pympler costs: docs/recording.md has the figures.

    target/pympler/bin/python benches/recording.py [--objects 100000] [--frames 20]

Each row is measured in a process of its own, in seconds of its processor, so that a busy machine
does not matter much. "Kept" is what Python's allocations grew by (tracemalloc, in another process,
since it makes everything slower): what a snapshot needs only while it measures is not in it.
"""
import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings

CREATED = {"untracked": None, "tracked": {}, "trace=True": {"trace": True}}
LEVELS = [0, 1, 2, 3]


class Cart:
    def __init__(self, number):
        self.customer = "customer-%d" % number
        self.items = ["milk-%d" % number, "bread-%d" % number]
        self.prices = {"milk": number, "bread": number + 0.5}


def at_depth(frames, call):
    return call() if frames <= 1 else at_depth(frames - 1, call)


class Measured:
    """Seconds of what is done within it, or bytes that it keeps."""

    def __init__(self, bytes_kept):
        self.bytes_kept = bytes_kept

    def __enter__(self):
        gc.collect()
        if self.bytes_kept:
            tracemalloc.start()
        self.begin = time.process_time()
        return self

    def __exit__(self, *_):
        self.value = time.process_time() - self.begin
        if self.bytes_kept:
            gc.collect()
            self.value = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()


def creation(options, frames, bytes_kept):
    """Seconds or bytes for one instance."""
    from pympler.classtracker import ClassTracker
    tracker = ClassTracker()
    if options is not None:
        tracker.track_class(Cart, **options)
    count = 2000 if options else 20000

    def create():
        # The source files that a trace shows are read once.
        Cart(0)
        with Measured(bytes_kept) as measured:
            carts = [Cart(number) for number in range(count)]
        return measured.value / len(carts)
    return at_depth(frames - 3, create)


def snapshot(level, objects, compute_total, bytes_kept):
    """Seconds or bytes for one snapshot, and by how much it makes the dump longer."""
    from pympler.classtracker import ClassTracker
    tracker = ClassTracker()
    tracker.track_class(Cart, resolution_level=level)
    carts = [Cart(number) for number in range(objects)]
    before = dump_bytes(tracker)
    with Measured(bytes_kept) as measured:
        tracker.create_snapshot(compute_total=compute_total)
    assert len(carts) == objects
    return measured.value, dump_bytes(tracker) - before


def dump_bytes(tracker):
    with tempfile.NamedTemporaryFile() as file:
        tracker.stats.dump_stats(file.name)
        return os.path.getsize(file.name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=100000)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        (kind, what), bytes_kept = arguments.one[0].split(":"), arguments.one[1] == "bytes"
        if kind == "create":
            print(creation(CREATED[what], arguments.frames, bytes_kept))
        else:
            print(*snapshot(int(what), arguments.objects, kind == "total", bytes_kept))
        return

    def measure(row, what):
        command = [sys.executable, *sys.argv, "--one", row, what]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [float(figure) for figure in done.stdout.split()]

    print("An instance, created at %d frames" % arguments.frames)
    for how in CREATED:
        [seconds], [kept] = (measure("create:" + how, what) for what in ("seconds", "bytes"))
        print("  %-40s %6.0f us %8.2f KB kept" % (how, seconds * 1e6, kept / 1e3), flush=True)
    print("A snapshot of %d objects" % arguments.objects)
    rows = [("snapshot:%d" % level, "resolution_level=%d" % level) for level in LEVELS]
    for row, how in [*rows, ("total:0", "resolution_level=0, compute_total=True")]:
        [seconds, longer], [kept, _] = (measure(row, what) for what in ("seconds", "bytes"))
        print("  %-40s %6.1f s  %8.0f MB kept, %4.0f MB in the dump" % (how, seconds, kept / 1e6, longer / 1e6), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
