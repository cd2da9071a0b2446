"""A world: one recording with Pympler's own tracker, on a clock of its own, of small programs of known truth.

It measures nothing and judges nothing. Trees, sizes and deaths are those of real objects; only the clock,
the traces and the tracker's overhead (which costs most of the time of a snapshot) are made.
"""
import gc
import math
import random

import pympler.asizeof as asizeof
import pympler.classtracker as classtracker

LEAK, NONE, FILLING, UNDECIDABLE, ANY = "leak", "none", "filling", "undecidable", "any"
PACKAGES = "/srv/app/venv/lib/python3.11/site-packages/"
PROGRAM = "/srv/app/"


class Truth:
    """What a class does: `name` is as the dump has it, `since` the last snapshot before the growth,
    `beside` whether it only stands beside what is measured."""

    def __init__(self, name, truth, kind=None, site=None, own=None, attribute=None, since=None, small=False):
        self.name, self.truth, self.kind = name, truth, kind
        self.beside = False
        self.site, self.own, self.attribute, self.since, self.small = site, own, attribute, since, small


class Site:
    """A line that creates objects, as frames of a trace: outermost first."""

    def __init__(self, frames, own):
        self.frames, self.own = frames, own

    @property
    def innermost(self):
        return self.frames[-1][:3]

    def trace(self):
        return [(file, line, function, [source], 0) for file, line, function, source in self.frames]


class Recorder(classtracker.ClassTracker):
    """A tracker whose overhead is estimated, and whose zero classes weigh nothing, as in Pympler up to 1.0.1."""

    def __init__(self):
        super().__init__()
        self.zero = set()

    def take(self, description):
        now = classtracker._get_time()
        sizer = asizeof.Asizer()
        tracked = sorted(self.objects.values(), key=lambda each: each.birth)
        sizer.exclude_refs(*[each.ref() for each in tracked])
        none = 16  # Pympler sizes None for each dead object: the first in a snapshot weighs 16 bytes, the others nothing.
        for each in tracked:
            alive = each.ref()
            if alive is None:
                each.snapshots.append((now, asizeof.Asized(none, none, (), "None")))
                none = 0
            elif each.name in self.zero:
                each.snapshots.append((now, asizeof.Asized(0, 0, (), classtracker.safe_repr(alive, clip=64))))
                each.repr = classtracker.safe_repr(alive, clip=128)
            else:
                each.track_size(now, sizer)
        snapshot = classtracker.Snapshot(now, description)
        snapshot.tracked_total = sizer.total + (16 - none)
        snapshot.overhead = 56 + 210 * sum(map(len, self.index.values())) * len(self.snapshots)
        self.snapshots.append(snapshot)


class World:
    """Classes, sites, a clock and a random generator for programs; each program is a generator that yields
    where a snapshot is taken."""

    def __init__(self, snapshots, seed, bare=False):
        self.rng = random.Random(seed)
        self.snapshots = snapshots
        self.tracker = Recorder()
        self.truths = []
        self.now = 0.0
        self.frames = None
        self.numbers = 0
        self.empty_first = not bare and self.rng.random() < 0.4
        self.n = snapshots - self.empty_first
        self.interval = self.rng.choice([0.04, 1.0, 60.0, 60.0, 3600.0, 86400.0])
        self.spread = self.rng.random() < 0.5
        self.step_end = 0.0
        self.memory = None

    # What programs use.

    def cls(self, name, level=3, trace=True, slots=None, base=object, track=True, call_base=False):
        """A tracked class that sets its attributes from keyword arguments."""
        module, short = self.rng.choice(["__main__", "app.models", "shop." + name.lower()]), self.rng.random() < 0.15
        if any(truth.name.split(".")[-1] == name for truth in self.truths):
            name += str(len(self.truths))
        body = {"__module__": module, "__init__": _init_with_base if call_base else _init}
        if slots:
            body["__slots__"] = tuple(slots) + ("__weakref__",)
        made = type(base)(name, (base,), body)
        if track:
            self.tracker.track_class(made, name=name if short else None, resolution_level=level, trace=trace)
        made.tracked_as = name if short else module + "." + name
        return made

    def site(self, file, function, package=None):
        """A site in `file` of the program, called from its main; `package`: (file, function) of an installed one
        or of the standard library (a full path) that does the creating."""
        own = (PROGRAM + file, self.rng.randrange(8, 400), function)
        frames = [(PROGRAM + "main.py", self.rng.randrange(8, 60), "<module>", "main()\n"),
                  (PROGRAM + "main.py", self.rng.randrange(60, 90), "main", "    step(n)\n")][:self.rng.randrange(0, 3)]
        frames.append((*own, "    item = make(n)\n"))
        if package:
            inner, name = package
            if not inner.startswith("/"):
                frames.append((PACKAGES + "library/api.py", self.rng.randrange(100, 900), "__iter__", "    self._fetch()\n"))
                inner = PACKAGES + inner
            frames.append((inner, self.rng.randrange(100, 900), name, "    new = cls(*values)\n"))
        return Site(frames, own)

    def new(self, cls, site, **attributes):
        """An instance of `cls`, created at `site`."""
        if self.spread and self.now < self.step_end:
            self.now += min(self.interval * self.rng.expovariate(50), 0.5 * (self.step_end - self.now))
        self.frames = site.trace() if site else None
        made = cls(**attributes)
        self.frames = None
        return made

    def text(self, length):
        """A text that no other object shares."""
        self.numbers += 1
        return ("text %d " % self.numbers + "x" * length)[:max(length, 12)]

    def collect(self):
        gc.collect()

    def number(self):
        self.numbers += 1
        return self.numbers

    def poisson(self, mean):
        if mean > 30:
            return max(0, round(self.rng.gauss(mean, math.sqrt(mean))))
        limit, product, count = math.exp(-mean), self.rng.random(), 0
        while product > limit:
            product *= self.rng.random()
            count += 1
        return count

    def snapshot_of(self, step):
        """The last snapshot before what step `step` does."""
        return max(0, step + self.empty_first - 1)

    def says(self, cls, truth, kind=None, site=None, attribute=None, since=None, small=False):
        """Tells the truth of a class; `since` is a step."""
        name = cls if isinstance(cls, str) else cls.tracked_as
        traced = site.innermost if site else None
        self.truths.append(Truth(name, truth, kind, traced, site and site.own, attribute,
                                 None if since is None else self.snapshot_of(since), small))

    # What records them.

    def get_time(self):
        self.now += 1e-5 if self.interval > 1 else 1e-6
        return self.now

    def record(self, programs):
        """Runs the programs side by side and takes the snapshots."""
        world = self
        style = self.rng.choice(["", "s%d", "after %d", "hour %d"])
        kept = classtracker._get_time, classtracker.TrackedObject._save_trace
        classtracker._get_time = self.get_time
        classtracker.TrackedObject._save_trace = lambda tracked: setattr(tracked, "trace", world.frames)
        gc.disable()
        try:
            if self.empty_first:
                self.now += self.interval * self.rng.random()
                self.tracker.take(style % 0 if style else "")
            told = 0
            running = [program(self) for program in programs]
            for step in range(self.n):
                self.step_end = self.now + self.interval * self.rng.uniform(0.85, 1.15)
                for number, program in enumerate(running):
                    next(program)
                    if step == 0:
                        for truth in self.truths[told:]:
                            truth.beside = number > 0
                        told = len(self.truths)
                self.now = max(self.now, self.step_end)
                self.tracker.take(style % (step + self.empty_first) if style else "")
            self.tracker.detach_all_classes()
            self.set_memory()
        finally:
            classtracker._get_time, classtracker.TrackedObject._save_trace = kept
            gc.enable()
        self.running = running

    def set_memory(self):
        """The process's figures: a base and what is tracked, or what a program said."""
        base = self.memory or 150 << 20
        for snapshot in self.tracker.snapshots:
            total = snapshot.system_total
            total.vsz = base + (snapshot.tracked_total // 4096 + 1) * 4096
            total.rss = total.vsz // 4

    def write(self, path):
        self.tracker.stats.dump_stats(path)


def _init(self, **attributes):
    for name, value in attributes.items():
        setattr(self, name, value)


def _init_with_base(self, **attributes):
    type(self).__mro__[1].__init__(self)
    _init(self, **attributes)
