"""The classes of `fixtures/histories.dump.gz`, named after what they do: made-up births, deaths and sizes."""
import random

from pympler.asizeof import Asized
from pympler.classtracker import ClassTracker, Snapshot, TrackedObject

END = 1000.0


def lives(rate, lifetime, rng, start=0.0):
    """Births at random moments, each with its death; `rate` births in a hundred seconds."""
    moment = start
    while True:
        moment += rng.expovariate(rate / 100.0)
        if moment >= END:
            return
        yield moment, moment + lifetime()


# Each kind yields (birth, death or None); a third item is the growth of its size in bytes a second.

def steady(rng):
    for birth, _ in lives(rng.uniform(2, 12), lambda: 0, rng):
        yield birth, None


def stepwise(rng):
    for _ in range(rng.randrange(4, 8)):
        moment = rng.uniform(0.02, 0.98) * END
        for n in range(rng.randrange(4, 12)):
            yield moment + n * 0.01, None


def hidden(rng):
    """A leak hidden in churn: one in ten or twenty is never released."""
    mean, share = rng.uniform(5, 60), rng.uniform(0.05, 0.12)
    for birth, death in lives(rng.uniform(30, 80), lambda: rng.expovariate(1 / mean), rng):
        yield birth, None if rng.random() < share else death


def swelling(rng):
    for _ in range(rng.randrange(1, 5)):
        yield -1.0, None, rng.uniform(5, 50)


def cache(rng):
    """A cache that fills up and is only read from then on."""
    size, full = rng.randrange(20, 60), rng.uniform(0.1, 0.4) * END
    for n in range(size):
        yield full * (n + rng.random()) / size, None


def lru(rng):
    """A cache that evicts the oldest once it is full."""
    births = [birth for birth, _ in lives(rng.uniform(10, 25), lambda: 0, rng)]
    size = int(len(births) * rng.uniform(0.1, 0.4))
    for n, birth in enumerate(births):
        yield birth, births[n + size] if n + size < len(births) else None


def random_cache(rng):
    """A cache that evicts at random once it is full."""
    size, held = rng.randrange(15, 40), []
    for birth, _ in lives(rng.uniform(15, 30), lambda: 0, rng):
        if len(held) == size:
            yield held.pop(rng.randrange(size)), birth
        held.append(birth)
    for birth in held:
        yield birth, None


def warm_up(rng):
    """What a start makes stays; after it only short lives."""
    over = rng.uniform(0.1, 0.3) * END
    for _ in range(rng.randrange(20, 60)):
        yield rng.uniform(0, over), None
    yield from lives(rng.uniform(5, 20), lambda: rng.expovariate(1 / 10), rng)


def sawtooth(rng):
    """Everything is released every now and then."""
    period = END / rng.uniform(3, 7)
    for birth, _ in lives(rng.uniform(10, 25), lambda: 0, rng):
        death = (birth // period + 1) * period
        yield birth, death if death < END else None


def constant(rng):
    for _ in range(rng.randrange(5, 40)):
        yield -rng.random(), None


def noise(rng):
    """Births and deaths in balance."""
    mean = rng.uniform(20, 150)
    for birth, death in lives(rng.uniform(8, 25), lambda: rng.expovariate(1 / mean), rng, start=-6 * mean):
        if death > 0:
            yield birth, death if death < END else None


def shrinking(rng):
    for _ in range(rng.randrange(20, 50)):
        yield -1.0, rng.uniform(0, 1.3) * END


LEAKS = [steady, stepwise, hidden, swelling]
OTHERS = [cache, lru, random_cache, warm_up, sawtooth, constant, noise, shrinking]


def write(path, snapshots, classes, seed):
    rng = random.Random(seed)
    tracker = ClassTracker()
    moments = [END * (n + rng.uniform(0.1, 0.9)) / snapshots for n in range(snapshots)]
    totals = [0] * snapshots
    address = 0x7F0000000000
    for kind in LEAKS + OTHERS:
        for number in range(classes):
            name = "%s.C%d" % (kind.__name__, number)
            flat = rng.choice([56, 200, 1000, 8000])
            for life in sorted(kind(rng), key=lambda life: life[0]):
                birth, death, growth = (*life, 0.0)[:3]
                address += 64
                tracked = TrackedObject.__new__(TrackedObject)
                tracked.id, tracked.name, tracked.repr, tracked.trace = address, name, "", None
                tracked.birth, tracked.death = birth, death if death is not None and death < END else None
                tracked._resolution_level = 0
                tracked.snapshots = []
                for place, moment in enumerate(moments):
                    if moment > birth and (tracked.death is None or moment < tracked.death):
                        size = int(flat * rng.uniform(0.95, 1.05) + growth * moment)
                        tracked.snapshots.append((moment, Asized(size, size)))
                        totals[place] += size
                tracker.index[name].append(tracked)
    for place, moment in enumerate(moments):
        snapshot = Snapshot(moment, "")
        snapshot.tracked_total = totals[place]
        snapshot.system_total.vsz, snapshot.system_total.rss = 1 << 30, 1 << 28
        tracker.snapshots.append(snapshot)
    tracker.stats.dump_stats(path)
