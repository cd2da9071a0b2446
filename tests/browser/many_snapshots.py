#!/usr/bin/env python3
"""many_snapshots.py OUT [plain]: a dump of 300 classes and 60 snapshots, for the size of the HTML report in one file.

Written with the classes of Pympler 1.1, as fixtures/many_classes.py does; made when it is needed, since it is larger
than all fixtures. Every class has ten instances: five from before the first snapshot, which gain items, and five that
come and go. With traces of eight frames, and referents at every snapshot; `plain` leaves out both.
"""
import pickle
import sys

from pympler.asizeof import Asized
from pympler.classtracker import ClassTracker, Snapshot, TrackedObject

CLASSES, INSTANCES, SNAPSHOTS = 300, 10, 60
MOMENTS = [30.0 * (n + 1) for n in range(SNAPSHOTS)]


def sized(number, at, is_plain):
    """An instance at a snapshot: each attribute has its own size, some of them grow."""
    growth = at if number % 3 == 0 else 0
    items = 120 + 64 * (number % 5) + 96 * growth
    total = 200 + 48 + 280 + items + 2 * 60
    if is_plain:
        return Asized(total, 48)
    names = "user", "created", "items", "total", "label"
    values = [Asized(56, 56, (), "[V] user: 'u%d'" % (number % 9)), Asized(32, 32, (), "[V] created: 17.5"),
              Asized(items, items - 64, (Asized(64, 64, (), "[0] <item>"),), "[V] items: [...]"),
              Asized(32, 32, (), "[V] total: 1"), Asized(160, 160, (), "[V] label: '...'")]
    keys = [Asized(60, 60, (), "[K] " + names[0]), Asized(60, 60, (), "[K] " + names[1])]
    attributes = Asized(total - 48, 200, tuple(values + keys), "__dict__")
    return Asized(total, 48, (attributes,))


def trace(number, place):
    return [("/srv/app/package%d/module%d.py" % (number % 7, (number + depth) % 40), 10 + 3 * depth + place % 3, "function%d" % ((number * 3 + depth) % 90),
             ["        self.step(Class%d, %d)\n" % (number, depth)], 0) for depth in range(8)]


def main(path, is_plain):
    tracker = ClassTracker()
    totals = dict.fromkeys(MOMENTS, 0)
    for number in range(CLASSES):
        name = "application.package%d.module%d.Class%d" % (number % 7, number % 40, number)
        for place in range(INSTANCES):
            made = TrackedObject.__new__(TrackedObject)
            made.id = 0x7f0000000000 + 64 * (INSTANCES * number + place)
            made.name = name
            made.repr = "<%s object at %#x>" % (name, made.id)
            made.birth, made.death = (0.001 * (number + 1), None) if place < 5 else (90.0 * place + number, 90.0 * place + number + 400.5)
            made._resolution_level = 0 if is_plain else 2
            made.trace = None if is_plain else trace(number, place)
            alive = [(at, moment) for at, moment in enumerate(MOMENTS) if made.birth < moment and (made.death is None or moment < made.death)]
            made.snapshots = [(made.birth, Asized(48, 48))] + [(moment, sized(number, at, is_plain)) for at, moment in alive]
            for moment, size in made.snapshots[1:]:
                totals[moment] += size.size
            tracker.index[name].append(made)
    for place, moment in enumerate(MOMENTS):
        snapshot = Snapshot(moment, "step %d" % place)
        snapshot.tracked_total, snapshot.asizeof_total, snapshot.overhead = totals[moment], 0, 100000
        process = snapshot.system_total
        process.vsz, process.rss, process.available = 40 << 20, (20 << 20) + 4096 * place, True
        tracker.snapshots.append(snapshot)
    with open(path, "wb") as out:
        pickle.dump(tracker.stats.index, out, 4)
        pickle.dump(tracker.stats.snapshots, out, 4)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] == ["plain"])
