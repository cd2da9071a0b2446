"""No leaks by bytes: the same instances hold more for a while, but not for ever."""
from .by_count import requests
from .kinds import kind
from .world import FILLING, NONE, UNDECIDABLE

GROUP = "no leaks by bytes"


def box(w, truth=NONE, **attributes):
    cls, site = w.cls("Box", level=w.rng.randrange(0, 4), trace=w.rng.random() < 0.5), w.site("sweep.py", "box")
    w.says(cls, truth)
    return w.new(cls, site, items=attributes.pop("items", {}), fixed=list(range(w.rng.randrange(0, 250))), **attributes)


def bytes_full_at(w, share):
    """A cache of one object that is full after `share` of the recording."""
    one, many = box(w), w.rng.randrange(3, 9)
    for step in range(w.n):
        if step < w.n * share:
            for _ in range(many):
                one.items[len(one.items)] = w.text(w.rng.randrange(30, 90))
        yield


@kind(GROUP, background=True)
def bytes_full_at_30(w):
    return bytes_full_at(w, 0.3)


@kind(GROUP)
def bytes_full_at_50(w):
    return bytes_full_at(w, 0.5)


@kind(GROUP)
def bytes_full_at_70(w):
    return bytes_full_at(w, 0.7)


@kind(GROUP)
def bytes_full_at_80(w):
    return bytes_full_at(w, 0.79)


def soft_bytes(w, keep):
    """The items of one object are pruned to a share of a bound when they are above it."""
    one, many = box(w), w.rng.randrange(4, 13)
    number = 1000 if keep > 0.8 else 0  # the texts grow with their number, which a small tooth would not show
    bound = int(many * max(2.0, w.n * w.rng.uniform(0.2, 0.4)))
    while True:
        for _ in range(many):
            one.items[number] = ("v%d" % number) * 10
            number += 1
        if len(one.items) > bound:
            for key in sorted(one.items)[:len(one.items) - int(bound * keep)]:
                del one.items[key]
        yield


@kind(GROUP)
def soft_bytes_keep_50(w):
    return soft_bytes(w, 0.5)


@kind(GROUP)
def soft_bytes_keep_70(w):
    return soft_bytes(w, 0.7)


@kind(GROUP)
def soft_bytes_keep_90(w):
    return soft_bytes(w, 0.9)


@kind(GROUP)
def rehash(w):
    """A constant number of slots, replaced in turn by fatter ones until all are."""
    cls, site, other = w.cls("Block", level=2), w.site("slots.py", "start"), w.site("slots.py", "replace")
    w.says(cls, NONE)
    slots = w.rng.randrange(max(4, w.n // 3), max(6, int(w.n * 0.7)))
    thin, fat = w.rng.randrange(100, 300), w.rng.randrange(1500, 4000)
    kept = [w.new(cls, site, data=w.text(thin)) for _ in range(slots)]
    for step in range(w.n):
        if step:
            kept.pop(0)
            kept.append(w.new(cls, other, data=w.text(fat)))
        yield


@kind(GROUP)
def doubling(w):
    """A buffer that doubles its capacity and stays."""
    one = box(w, items=bytearray(256))
    one.length = 0
    doublings = w.rng.sample(range(1, int(w.n * 0.7)), 3 if w.n < 12 else 4)
    for step in range(w.n):
        if step in doublings:
            one.items = bytearray(2 * len(one.items))
        yield


@kind(GROUP, background=True)
def ring_of_bytes(w):
    """The last N lines, each of another length."""
    one, many = box(w, items=None), w.rng.randrange(3, 9)
    one.items, size = [], max(6, int(many * w.n * w.rng.uniform(0.1, 0.4)))
    while True:
        one.items.extend(w.text(w.rng.randrange(20, 60)) for _ in range(many))
        del one.items[:-size]
        yield


@kind(GROUP, background=True)
def noisy_bytes(w):
    """What an object holds fluctuates around a mean."""
    one, mean = box(w), w.rng.randrange(10, 60)
    while True:
        one.items = {n: w.text(30) for n in range(w.poisson(mean))}
        yield


@kind(GROUP)
def daily_bytes(w):
    """What an object holds rises and falls with the load of a day."""
    one, handle = box(w), requests(w)
    period, height = max(4, round(w.n / w.rng.uniform(2, 5))), w.rng.randrange(20, 60)
    start = w.rng.randrange(period)
    for step in range(w.n):
        phase = (step + start) % period / period
        one.items = {n: w.text(30) for n in range(round(height * (1 - abs(2 * phase - 1))) + w.rng.randrange(3))}
        handle()
        yield


@kind(GROUP)
def emptied_log(w):
    """A log that is written out when it is long."""
    one, many = box(w, items=[]), w.rng.randrange(4, 12)
    bound = int(many * max(2.0, w.n * w.rng.uniform(0.12, 0.3)))
    while True:
        one.items.extend(w.text(30) for _ in range(many))
        if len(one.items) > bound:
            del one.items[:]
        yield


@kind(GROUP, background=True)
def lazy_attributes(w):
    """Attributes that are computed when first asked for, early on."""
    cls, site = w.cls("Model", level=2), w.site("ml/model.py", "load")
    w.says(cls, NONE)
    made = [w.new(cls, site, path=w.text(30), table=None) for _ in range(w.rng.randrange(2, 8))]
    over = max(2, int(w.n * 0.5))
    for step in range(w.n):
        for place, each in enumerate(made):
            if step == place * over // len(made) and each.table is None:
                each.table = [w.text(30) for _ in range(20)]
        yield


@kind(GROUP)
def bytes_peak_at_end(w):
    """A burst at the last snapshot: nobody can tell."""
    one = box(w, UNDECIDABLE)
    for step in range(w.n):
        one.items = {n: w.text(30) for n in range(w.rng.randrange(5, 8) if step < w.n - 1 else 60)}
        yield


@kind(GROUP)
def bytes_still_filling(w):
    """Memoized results of random arguments from a finite set, not all seen at the end."""
    one, keys = box(w, FILLING), w.rng.randrange(60, 140)
    uses = keys * w.rng.uniform(1.6, 2.6) / w.n
    while True:
        for _ in range(max(1, w.poisson(uses))):
            one.items.setdefault(w.rng.randrange(keys), w.text(60))
        yield


@kind(GROUP, background=True)
def step_up_bytes(w):
    """A reload in the middle: more from then on, but constant."""
    one, step_up, many = box(w), int(w.n * w.rng.uniform(0.3, 0.6)), w.rng.randrange(10, 60)
    for step in range(w.n):
        if step in (0, step_up):
            one.items.update((w.number(), w.text(40)) for _ in range(many))
        yield
