#!/usr/bin/env python3
"""Measures the verdicts of `ctstats leaks` on dumps whose truth is known.

    python3 -m venv /tmp/pympler && /tmp/pympler/bin/pip install pympler==1.1
    cargo build --release
    /tmp/pympler/bin/python benches/verdict.py [--seed N] [--rounds N] [--kinds a,b] [--snapshots 8,16]

Records small programs of known truth (benches/verdict/) with Pympler's tracker, runs `ctstats leaks`, and
prints a table by kind and number of snapshots (called likely / possible), then the figures over all.
Each round has other parameters; the seed decides them all. --write only writes the fixture of the tests.
"""
import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import zlib

from verdict import bounded, by_bytes, by_count, field, histories, judge, others, table  # the kinds register themselves
from verdict.kinds import KINDS
from verdict.world import World

HERE = os.path.dirname(os.path.abspath(__file__))
CTSTATS = os.path.join(HERE, "..", "target", "release", "ctstats")


def record(kind, snapshots, seed, path):
    """Writes a dump of a kind, most often with a few innocent classes beside it; returns its truths."""
    number = zlib.crc32(("%s %d %d" % (kind, snapshots, seed)).encode())
    world = World(snapshots, number)
    programs = [KINDS[kind].program]
    if not KINDS[kind].alone:
        innocent = [other.program for name, other in sorted(KINDS.items()) if other.background and name != kind]
        programs += random.Random(number).sample(innocent, random.Random(number + 1).choice([0, 0, 1, 2, 3, 5]))
    world.record(programs)
    world.write(path)
    return world.truths


def one(job):
    """Records, asks and judges one dump."""
    ctstats, kind, snapshots, seed, folder, native, keep = job
    path = os.path.join(folder, "%s-%d-%d.dat" % (kind, snapshots, seed))
    truths = record(kind, snapshots, seed, path)
    asked = judge.converted(ctstats, path) if native else path
    rows = judge.judge(ctstats, kind, snapshots, seed, truths, asked)
    if not keep:
        for each in {path, asked}:
            os.remove(each)
    return rows


def of_field(job):
    ctstats, path, truths, folder, native = job
    if native:
        copy = os.path.join(folder, os.path.basename(path) + ".ctstats")
        path = judge.converted(ctstats, path, copy)
    return judge.judge(ctstats, "field", 0, os.path.basename(path), truths, path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="dumps of each kind and number of snapshots")
    parser.add_argument("--kinds", help="only these, comma-separated; a prefix and * chooses several")
    parser.add_argument("--snapshots", default="8,16,32,64")
    parser.add_argument("--ctstats", default=CTSTATS, help="the binary")
    parser.add_argument("--native", action="store_true", help="convert each dump to the native format first")
    parser.add_argument("--field", metavar="DIR", help="judge the dumps of a folder with truth.json instead")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--brief", action="store_true", help="only the kinds with a wrong verdict")
    parser.add_argument("--wrong", action="store_true", help="name each class that was judged wrongly")
    parser.add_argument("--keep", metavar="DIR", help="keep the dumps there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--write", metavar="DUMP", help="write the fixture of the tests and end")
    parser.add_argument("--classes", type=int, default=50, help="with --write: classes of each history")
    return parser.parse_args()


def chosen(wanted):
    """The kinds of a comma-separated list of names or beginnings."""
    if not wanted:
        return list(KINDS)
    found = []
    for name in wanted.split(","):
        some = [kind for kind in KINDS if kind == name or name.endswith("*") and kind.startswith(name[:-1])]
        if not some:
            sys.exit("no kind %s; there are %s" % (name, ", ".join(KINDS)))
        found += some
    return found


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets decides sizes
        os.execve(sys.executable, [sys.executable] + sys.argv, dict(os.environ, PYTHONHASHSEED="0"))
    options = arguments()
    if options.write:
        return histories.write(options.write, 12, options.classes, options.seed)
    if not os.path.exists(options.ctstats):
        sys.exit("no %s: cargo build --release makes it, --ctstats names another" % options.ctstats)
    snapshots = [int(number) for number in options.snapshots.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
            folder = options.keep
        if options.field:
            work, jobs = of_field, [(options.ctstats, path, truths, folder, options.native)
                                    for path, truths in field.truths(options.field)]
        else:
            work, jobs = one, [(options.ctstats, kind, number, options.seed * 1000 + n, folder, options.native, options.keep)
                               for kind in chosen(options.kinds)
                               for number in KINDS[kind].only or snapshots for n in range(options.rounds)]
        with multiprocessing.Pool(options.jobs, maxtasksperchild=50) as pool:
            rows = [row for rows in pool.imap(work, jobs) for row in rows]
    if options.wrong:
        print("\n".join(table.wrong(rows)) + "\n")
    lay_out = table.markdown if options.markdown else table.plain
    print(lay_out(table.by_kind(rows, snapshots if not options.field else [], options.brief)))
    print()
    for label, figure in table.overall(rows):
        print("%s%s: %s" % ("- " if options.markdown else "", label, figure))


if __name__ == "__main__":
    main()
