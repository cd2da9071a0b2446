#!/usr/bin/env python3
"""Write the dumps of a fleet with planted faults: workers that restart every night, each with a dump a day.

    target/pympler/bin/python benches/fleet.py OUT [--workers 64] [--days 5] [--snapshots 12] [--objects 200]
                                               [--seed 1] [--checkpoints 1] [--native CTSTATS]
    target/pympler/bin/python benches/fleet.py --judge CTSTATS --seeds 20 [--workers 32] [--days 6]

Each dump is OUT/HOST/WORKER-VERSION-DATE.dump; `--labels '{host}/{worker}-{version}-{date:%Y-%m-%d}.dump'` reads
that. What is planted:

  * shop.Cart piles up in all workers;
  * shop.Stream piles up in one worker alone, which truth.json names;
  * a line in app/pricing.py creates orders from one version on, in all workers that have it.

What is noise: churn, pools, a cache that is full, a daily wave, a start-up phase, loads that differ from worker to
worker by a factor of two, lines that are rare, numbers of lines that move with the version.

`--judge` makes fleets of several seeds, runs `ctstats trend`, and compares what it says with what was planted.

The objects are instances of Pympler's real classes, filled in as its tracker fills them.
"""
import argparse
import datetime
import gc
import json
import math
import os
import pathlib
import pickle
import random
import shutil
import subprocess
import sys
import tempfile

from pympler.asizeof import Asized
from pympler.classtracker import Snapshot, TrackedObject
from pympler.process import ProcessMemoryInfo

LABELS = "{host}/{worker}-{version}-{date:%Y-%m-%d}.dump"
DAY = 86400.0
START = datetime.date(2026, 11, 1)


class Class:
    """Objects of one class in one process: `births` are (birth, death or None), in seconds."""

    def __init__(self, name, size, lines):
        self.name, self.size, self.lines = name, size, lines


def poisson(rng, mean):
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def lives(rng, kind, scale, intervals, step):
    """Births and deaths of the objects of a class in a process that lives `intervals` steps."""
    end = intervals * step
    found = []
    if kind == "leak":
        for n in range(intervals):
            for _ in range(poisson(rng, scale / 12)):
                birth = (n + rng.random()) * step
                found.append((birth, None if rng.random() < 0.8 else birth + rng.expovariate(2 / step)))
    elif kind == "churn":
        for n in range(intervals):
            for _ in range(poisson(rng, scale / 6)):
                birth = (n + rng.random()) * step
                found.append((birth, birth + rng.expovariate(1 / step)))
    elif kind == "pool":
        found = [(rng.random() * step / 10, None) for _ in range(max(2, round(scale / 10)))]
    elif kind == "cache":                       # full after the first interval, then the oldest goes
        bound = max(4, round(scale / 4))
        births = sorted(rng.random() * end for _ in range(bound * 3))
        births = [rng.random() * step * 0.8 for _ in range(bound)] + [b for b in births if b > step]
        births.sort()
        found = [(b, births[i + bound] if i + bound < len(births) else None) for i, b in enumerate(births)]
    elif kind == "wave":                        # more by day than by night
        for n in range(intervals):
            mean = scale / 6 * (1 + math.sin(2 * math.pi * n / intervals - 1.2))
            for _ in range(poisson(rng, mean)):
                birth = (n + rng.random()) * step
                found.append((birth, birth + rng.expovariate(2 / step)))
    elif kind == "start":
        found = [(rng.random() * step / 4, None) for _ in range(poisson(rng, scale / 5) + 1)]
        found += [(b, b + step / 3) for b in (rng.random() * step / 2 for _ in range(poisson(rng, scale / 5)))]
    return sorted((birth, death if death is not None and death < end else None) for birth, death in found)


def frames(line):
    file, number, function, source = line
    return [("/srv/shop/main.py", 12, "<module>", ["main()\n"], 0),
            ("/srv/shop/" + file, number, function, ["    " + source + "\n"], 0)]


# name, kind, size, lines that create it
PROGRAM = [
    ("shop.Cart", "leak", 480, [("app/carts.py", 40, "add", "cart = Cart(user)")]),
    ("shop.Stream", "churn", 2048, [("app/feed.py", 77, "open", "stream = Stream(url)")]),
    ("shop.Order", "churn", 900, [("app/orders.py", 31, "create", "order = Order(items)")]),
    ("shop.Session", "wave", 320, [("app/login.py", 15, "login", "session = Session()")]),
    ("shop.Entry", "cache", 640, [("app/cache.py", 22, "put", "entry = Entry(key)")]),
    ("shop.Connection", "pool", 4096, [("app/db.py", 9, "connect", "return Connection()")]),
    ("shop.Template", "start", 1500, [("app/pages.py", 55, "load", "t = Template(text)")]),
    ("shop.Job", "churn", 256, [("app/jobs.py", 18, "run", "job = Job(name)")]),
]
NEW_LINE = ("app/pricing.py", 64, "discount", "order = Order(quote)")
RARE = [("app/admin.py", 100 + n, "export_%d" % n, "order = Order(rows[%d])" % n) for n in range(6)]


def process(rng, plan, worker, version, snapshots, objects, load, upto=None):
    """The index and the snapshots of one process, up to a snapshot."""
    step = DAY / snapshots
    moved = 3 if version == plan["versions"][1] else 0
    index, samples = {}, [0] * snapshots
    stamps = [step * (n + 1) - rng.random() for n in range(snapshots)]
    kept = snapshots if upto is None else upto
    address = 0x7F0000000000 + rng.randrange(1 << 30) * 16
    for name, kind, size, lines in PROGRAM:
        if name == "shop.Stream" and worker == plan["alone"]:
            kind = "leak"
        traces = [frames((file, number + moved, function, source)) for file, number, function, source in lines]
        if name == "shop.Order":
            if version == plan["versions"][1]:
                traces += [frames(NEW_LINE)] * 2
            if rng.random() < 0.05:
                traces.append(frames(rng.choice(RARE)))
        rows = []
        for birth, death in lives(rng, kind, objects * load, snapshots, step):
            address += 16 * rng.randrange(3, 20)
            each = TrackedObject.__new__(TrackedObject)
            text = "<%s object at 0x%x>" % (name, address)
            each.id, each.repr, each.name, each.birth, each.death = address, text, name, birth, death
            each._resolution_level, each.trace = 0, rng.choice(traces)
            each.snapshots = [(birth, Asized(56, 56))]
            own = size + 8 * rng.randrange(12)
            for n, stamp in enumerate(stamps[:kept]):
                if birth < stamp and (death is None or stamp < death):
                    each.snapshots.append((stamp, Asized(own, 56, (), text)))
                    samples[n] += own
            if upto is not None:
                last = stamps[kept - 1]
                if birth > last:
                    continue
                if death is not None and death > last:
                    each.death = None
            rows.append(each)
        index[name] = rows
    taken = []
    for n, stamp in enumerate(stamps[:kept]):
        snapshot = Snapshot(stamp, "hour %d" % n)
        snapshot.system_total = ProcessMemoryInfo()
        snapshot.system_total.pid = 1000 + plan["pids"]
        snapshot.system_total.rss = 80_000_000 + samples[n]
        snapshot.tracked_total, snapshot.asizeof_total, snapshot.overhead = samples[n], 0, 1000
        taken.append(snapshot)
    return index, taken


def fleet(out, workers=64, days=5, snapshots=12, objects=200, seed=1, checkpoints=1):
    """Writes a fleet, and returns what was planted."""
    gc.disable()
    rng = random.Random(seed)
    names = [("web-%d" % (1 + n // 8), "w%d" % (1 + n % 8)) for n in range(workers)]
    deploy = max(1, days // 2 + rng.randrange(-1, 2))
    plan = {"alone": rng.choice(names), "versions": ["2.%d" % rng.randrange(9), "3.0"], "deploy": deploy, "pids": 0}
    loads = {name: 2 ** rng.uniform(-0.5, 0.5) for name in names}
    out = pathlib.Path(out)
    count = 0
    for day in range(days):
        date = START + datetime.timedelta(days=day)
        for name in names:
            # Half of the hosts get the version a day later.
            late = int(name[0][4:]) % 2 == 0
            version = plan["versions"][day >= deploy + late]
            load = loads[name] * 2 ** rng.uniform(-0.2, 0.2)
            plan["pids"] += 1
            folder = out / name[0]
            folder.mkdir(parents=True, exist_ok=True)
            state = rng.getrandbits(64)
            for checkpoint in range(1, checkpoints + 1):
                upto = None if checkpoint == checkpoints else snapshots * checkpoint // checkpoints
                index, taken = process(random.Random(state), plan, name, version, snapshots, objects, load, upto)
                part = "" if checkpoint == checkpoints else "%d." % checkpoint
                path = folder / ("%s-%s-%s.%sdump" % (name[1], version, date, part))
                with open(path, "wb") as file:
                    pickle.dump(index, file, 4)
                    pickle.dump(taken, file, 4)
                count += 1
            gc.collect() if count % 500 == 0 else None
    truth = {"everywhere": "shop.Cart", "alone": ["shop.Stream", *plan["alone"]], "line": NEW_LINE[0],
             "version": plan["versions"][1], "dumps": count}
    (out / "truth.json").write_text(json.dumps(truth))
    return truth


def judge(binary, seeds, **options):
    """Says for each seed what `trend` did not find, and what it found besides."""
    wrong = 0
    for seed in seeds:
        folder = tempfile.mkdtemp()
        try:
            truth = fleet(folder, seed=seed, **options)
            run = subprocess.run([binary, "trend", folder, "--labels", LABELS, "--format", "json"],
                                 capture_output=True, text=True)
            if run.returncode:
                sys.exit(run.stderr)
            found = json.loads(run.stdout)
        finally:
            shutil.rmtree(folder)
        grows = sorted(row["class"] for row in found["classes"] if row["reach"] == "most")
        alone = [[row["class"], *(label["value"] for label in row["group"])] for row in found["outliers"]]
        lines = [[row["file"].rsplit("/srv/shop/")[-1], row["since_version"]] for row in found["new_lines"]]
        expected = ([truth["everywhere"]], [truth["alone"]], [[truth["line"], truth["version"]]])
        right = (grows, alone, lines) == expected
        wrong += not right
        print("seed %d: %s" % (seed, "right" if right else "WRONG: %r, expected %r" % ((grows, alone, lines), expected)),
              flush=True)
    print("%d of %d fleets right" % (len(seeds) - wrong, len(seeds)))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?")
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--snapshots", type=int, default=12)
    parser.add_argument("--objects", type=int, default=200, help="how busy the processes are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoints", type=int, default=1, help="dumps of each process")
    parser.add_argument("--judge", metavar="CTSTATS")
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    options = dict(workers=given.workers, days=given.days, snapshots=given.snapshots, objects=given.objects,
                   checkpoints=given.checkpoints)
    if given.judge:
        sys.exit(judge(given.judge, range(given.seed, given.seed + given.seeds), **options) > 0)
    if not given.out:
        parser.error("say where to write the dumps")
    print(json.dumps(fleet(given.out, seed=given.seed, **options)))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
