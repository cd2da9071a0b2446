"""Leaks by bytes: the same instances hold more and more."""
import array
import collections

from .kinds import kind
from .by_count import requests
from .world import LEAK, NONE

GROUP = "leaks by bytes"


def swell(w, name, empty, grow, attribute, level=None, since=0, instances=None, **options):
    """Instances with a constant attribute beside one that grows by `grow(value, instance's number)`."""
    cls = w.cls(name, level=w.rng.randrange(2, 5) if level is None else level, **options)
    site, handle = w.site("app/start.py", "start"), requests(w)
    w.says(cls, LEAK, "bytes", None, attribute, since=since)
    fixed = w.rng.randrange(10, 120)
    made = [w.new(cls, site, n=number, fixed=[w.text(30) for _ in range(fixed)], **{attribute: empty(), "user": w.text(20)})
            for number in range(instances or w.rng.randrange(1, 5))]
    while True:
        for each in made:
            new = grow(getattr(each, attribute))
            if new is not None:
                setattr(each, attribute, new)
        handle()
        yield


@kind(GROUP)
def swell_list(w):
    many = w.rng.randrange(1, 8)
    return swell(w, "Room", list, lambda log: log.extend(w.text(30) for _ in range(many)), "history")


@kind(GROUP)
def swell_dict(w):
    many = w.rng.randrange(1, 8)
    return swell(w, "Box", dict, lambda items: items.update((w.number(), w.text(25)) for _ in range(many)), "items")


@kind(GROUP)
def swell_dict_of_dicts(w):
    def grow(sessions):
        for _ in range(many):
            sessions["sid-%06d" % w.number()] = {"user": w.number(), "cart": ["x"] * 3}
    many = w.rng.randrange(2, 8)
    return swell(w, "App", dict, grow, "sessions", instances=1)


@kind(GROUP)
def swell_set(w):
    many = w.rng.randrange(2, 8)
    return swell(w, "Crawler", set, lambda seen: seen.update(w.text(40) for _ in range(many)), "seen")


@kind(GROUP)
def swell_str(w):
    """A string that is appended to; its repr is in the name of the referent and changes."""
    many = w.rng.randrange(1, 4)
    return swell(w, "Chat", str, lambda text: text + w.text(30) * many, "transcript")


@kind(GROUP)
def swell_bytes(w):
    many = w.rng.randrange(20, 400)
    return swell(w, "Capture", bytes, lambda data: data + bytes(w.rng.randrange(256) for _ in range(many)), "data")


@kind(GROUP)
def swell_bytearray(w):
    many = w.rng.randrange(100, 2000)
    return swell(w, "Stream", bytearray, lambda data: data.extend(bytes(many)), "buffer")


@kind(GROUP)
def swell_array(w):
    """As numpy's append: a new array each time, beside a bigger constant one."""
    cls, site, handle = w.cls("Trainer", level=w.rng.randrange(2, 4)), w.site("train/loop.py", "start"), requests(w, "Batch")
    w.says(cls, LEAK, "bytes", None, "loss", since=0)
    many = w.rng.randrange(40, 700)
    trainer = w.new(cls, site, loss=_zeros(0), weights=_zeros(many * w.n * 2), name=w.text(12))
    while True:
        trainer.loss = _join(trainer.loss, many, w.rng)
        handle()
        yield


def _zeros(number):
    return numpy.zeros(number) if numpy else array.array("d", [0.0]) * number


def _join(values, number, rng):
    more = [rng.random() for _ in range(number)]
    return numpy.append(values, more) if numpy else values + array.array("d", more)


try:
    import numpy
except ImportError:
    numpy = None


@kind(GROUP)
def swell_deque(w):
    """Pympler does not size what a deque holds: it grows by a block for each 64."""
    many = w.rng.randrange(max(10, 300 // w.n), max(40, 1200 // w.n))
    return swell(w, "Monitor", collections.deque, lambda queue: queue.extend([0] * many), "samples")


@kind(GROUP)
def swell_slots(w):
    many = w.rng.randrange(1, 6)
    return swell(w, "Cell", list, lambda log: log.extend(w.text(25) for _ in range(many)), "notes",
                 slots=("n", "fixed", "user", "notes"))


@kind(GROUP)
def swell_slots_one_level(w):
    many = w.rng.randrange(1, 6)
    return swell(w, "Actor", list, lambda log: log.extend(w.text(25) for _ in range(many)), "inbox", level=1,
                 slots=("n", "fixed", "user", "inbox"))


class Plain:
    """An object that is not tracked."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


@kind(GROUP)
def swell_nested(w):
    """The attribute that grows belongs to an object that an object of the tracked one holds."""
    cls, site, handle = w.cls("Service", level=6), w.site("app/start.py", "start"), requests(w)
    w.says(cls, LEAK, "bytes", None, "journal", since=0)
    many = w.rng.randrange(1, 6)
    made = [w.new(cls, site, config={"debug": False, "hosts": [w.text(20) for _ in range(9)]},
                  store=Plain(size=3, index=Plain(journal=[], names=[w.text(30) for _ in range(20)])))
            for _ in range(w.rng.randrange(1, 4))]
    while True:
        for each in made:
            each.store.index.journal.extend(w.text(30) for _ in range(many))
        handle()
        yield


@kind(GROUP)
def swell_nested_shallow(w):
    """The same, recorded to a depth that shows only the attribute above."""
    cls, site, handle = w.cls("Engine", level=2), w.site("app/start.py", "start"), requests(w)
    w.says(cls, LEAK, "bytes", None, "store", since=0)
    many = w.rng.randrange(1, 6)
    engine = w.new(cls, site, config=[w.text(20) for _ in range(9)], store=Plain(index=Plain(journal=[])))
    while True:
        engine.store.index.journal.extend(w.text(30) for _ in range(many))
        handle()
        yield


@kind(GROUP)
def swell_one_level(w):
    """Recorded to one level: the attributes are not in the dump."""
    cls, site, handle = w.cls("Gateway", level=1), w.site("app/start.py", "start"), requests(w)
    w.says(cls, LEAK, "bytes", since=0)
    many, gateway = w.rng.randrange(1, 6), w.new(cls, site, routes=[w.text(30) for _ in range(9)], log=[])
    while True:
        gateway.log.extend(w.text(30) for _ in range(many))
        handle()
        yield


@kind(GROUP)
def swell_no_referents(w):
    cls, site, handle = w.cls("Broker", level=0), w.site("app/start.py", "start"), requests(w)
    w.says(cls, LEAK, "bytes", since=0)
    many, broker = w.rng.randrange(1, 6), w.new(cls, site, log=[])
    while True:
        broker.log.extend(w.text(30) for _ in range(many))
        handle()
        yield


class Frame:
    """As a table of pandas: its repr has several lines and shows its first and last numbers."""

    def __init__(self, number, rows):
        self.data = array.array("d", [number]) * rows

    def __repr__(self):
        return "     a    b\n0  %.1f  %.1f\n..  ...  ...\n\n[%d rows x 2 columns]" % (self.data[0], self.data[-1], len(self.data))


@kind(GROUP)
def swell_frames(w):
    """Copies of a table, one a step: names that differ only in numbers."""
    cls, site = w.cls("Pipeline", level=3, trace=w.rng.random() < 0.5), w.site("etl/run.py", "main")
    w.says(cls, LEAK, "bytes", None, "steps", since=0)
    rows = w.rng.randrange(50, 400)
    pipeline = w.new(cls, site, steps=[], df=Frame(0.0, rows))
    many = w.rng.randrange(1, 4)
    while True:
        for _ in range(many):
            pipeline.df = Frame(float(w.number()), rows)
            pipeline.steps.append(Frame(pipeline.df.data[0], rows))
        yield


@kind(GROUP)
def swell_tree(w):
    """A tree of nodes that differ only in a number."""
    cls, site, handle = w.cls("Document", level=w.rng.randrange(3, 6)), w.site("doc/edit.py", "open"), requests(w)
    w.says(cls, LEAK, "bytes", None, "nodes", since=0)
    document = w.new(cls, site, title=w.text(20), nodes=[], styles={w.text(12): w.number() for _ in range(20)})
    many = w.rng.randrange(1, 4)
    while True:
        for _ in range(many):
            document.nodes.append(Plain(number=w.number(), text=w.text(40)))
        handle()
        yield


@kind(GROUP)
def swell_cold_start(w):
    """Born after the first snapshot, which shows nothing; few instances."""
    cls, site = w.cls("App", level=w.rng.randrange(2, 5)), w.site("app/start.py", "create")
    w.says(cls, LEAK, "bytes", None, "sessions", since=1)
    handle = requests(w, "Hit")
    yield
    many = w.rng.randrange(2, 10)
    made = [w.new(cls, site, sessions={}, routes=[w.text(12) for _ in range(40)]) for _ in range(w.rng.choice([1, 1, 2, 3]))]
    while True:
        for each in made:
            for _ in range(many):
                each.sessions["sid-%06d" % w.number()] = [w.text(30)]
        handle()
        yield


@kind(GROUP)
def leak_swell_growing_crowd(w):
    """A few swell and are joined by new ones."""
    cls, site = w.cls("Box", trace=w.rng.random() < 0.5, level=w.rng.randrange(2, 4)), w.site("app/crowd.py", "join")
    w.says(cls, LEAK, "bytes", None, "items", since=0)
    made = [w.new(cls, site, items={}, fixed=list(range(200))) for _ in range(2)]
    joins = sorted(w.rng.sample(range(1, w.n), 2 if w.n < 20 else w.rng.randrange(2, 6)))
    for step in range(w.n):
        if step in joins:
            made.append(w.new(cls, site, items={}, fixed=list(range(200))))
        for each in made:
            for _ in range(w.rng.randrange(3, 8)):
                each.items[w.number()] = w.text(30)
        yield


@kind(GROUP)
def threshold(w):
    """Slow growth on a big base: 1 to 60 per cent over the recording, always rising."""
    cls, site = w.cls("Box", trace=False), None
    w.says(cls, LEAK, "bytes", None, "items", since=0)
    base, wanted = w.rng.choice([200, 400, 600, 1000]), 2
    box = w.new(cls, site, fixed=["word %d" % w.number() for _ in range(base)], items=[])
    while True:
        box.items.extend("value %d" % w.number() for _ in range(wanted))
        yield


@kind(GROUP)
def swell_one_of_many(w):
    """One of many instances swells."""
    cls, site, handle = w.cls("Channel", level=2), w.site("net/channels.py", "open"), requests(w)
    w.says(cls, LEAK, "bytes", None, "queue", since=0)
    made = [w.new(cls, site, name=w.text(20), queue=[]) for _ in range(w.rng.randrange(10, 25))]
    bad, many = w.rng.choice(made), w.rng.randrange(3, 10)
    while True:
        bad.queue.extend(w.text(40) for _ in range(many))
        handle()
        yield


@kind(GROUP)
def swell_midway(w):
    """Constant until a deploy."""
    cls, site = w.cls("Index", level=3), w.site("search/index.py", "open")
    start, many = int(w.n * w.rng.uniform(0.3, 0.6)), w.rng.randrange(3, 9)
    w.says(cls, LEAK, "bytes", None, "terms", since=start)
    index = w.new(cls, site, stop=[w.text(20) for _ in range(60)], terms=[])
    for step in range(w.n):
        if step >= start:
            index.terms.extend(w.text(30) for _ in range(many))
        yield


@kind(GROUP)
def swell_in_bursts(w):
    """The attribute grows only in some intervals, to the end."""
    cls, site = w.cls("Ledger", level=3), w.site("bank/ledger.py", "open")
    every, many = w.rng.randrange(2, 3 + w.n // 16), w.rng.randrange(8, 20)
    w.says(cls, LEAK, "bytes", None, "entries")
    ledger = w.new(cls, site, owner=w.text(30), entries=[])
    for step in range(w.n):
        if step % every == every - 1:
            ledger.entries.extend(w.text(40) for _ in range(many))
        yield


@kind(GROUP)
def swell_beside_cache(w):
    """Two attributes: a cache that fills and a log that grows."""
    cls, site = w.cls("Proxy", level=3), w.site("net/proxy.py", "start")
    w.says(cls, LEAK, "bytes", None, "log", since=0)
    proxy = w.new(cls, site, cache={}, log=[])
    full, many = int(w.n * 0.3), w.rng.randrange(3, 7)
    size = many * w.n
    for step in range(w.n):
        if step < full:
            proxy.cache.update((w.number(), w.text(40)) for _ in range(size // (2 * full)))
        proxy.log.extend(w.text(40) for _ in range(many))
        yield


@kind(GROUP)
def swell_among_turnover(w):
    """One lives for long and swells, the others of its class come and go."""
    cls, site, handle = w.cls("Peer", level=3), w.site("net/peer.py", "connect"), requests(w)
    w.says(cls, LEAK, "bytes", None, "inbox", since=0)
    loyal, many = w.new(cls, site, name=w.text(20), inbox=[]), w.rng.randrange(4, 10)
    while True:
        guests = [w.new(cls, site, name=w.text(20), inbox=[]) for _ in range(w.rng.randrange(1, 5))]
        loyal.inbox.extend(w.text(40) for _ in range(many))
        handle()
        yield
        del guests


@kind(GROUP)
def fatter_for_ever(w):
    """A constant number, each replaced by a fatter one that carries what went before."""
    cls, site, ring = w.cls("State", level=2), w.site("app/state.py", "next_state"), []
    w.says(cls, LEAK, "bytes", None, "past", since=0)
    slots, more, size = w.rng.randrange(2, 6), w.rng.randrange(100, 500), 200
    while True:
        for _ in range(1 if ring else slots):
            ring = ring[-(slots - 1):] + [w.new(cls, site, past=w.text(size))]
            size += more
        yield
