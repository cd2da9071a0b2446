"""No leaks by count: caches, pools, warm-ups, cycles, turnover."""
import collections
import math
import weakref

from .kinds import kind
from .world import FILLING, NONE, UNDECIDABLE

GROUP = "no leaks by count"


def replaced(w, live, wanted, make):
    """Adds or drops, at random places, until there are `wanted`."""
    while len(live) > wanted:
        live.pop(w.rng.randrange(len(live)))
    while len(live) < wanted:
        live.append(make())


@kind(GROUP, background=True)
def constant(w):
    cls, site = w.cls("Config", level=1), w.site("app/config.py", "read")
    w.says(cls, NONE)
    kept = [w.new(cls, site, value=w.text(60)) for _ in range(w.rng.randrange(1, 30))]
    while kept:
        yield


@kind(GROUP, background=True)
def starts_late(w):
    """Nothing at first, then a constant number."""
    cls, site, kept = w.cls("Engine", level=1), w.site("app/engine.py", "start"), []
    w.says(cls, NONE)
    start, many = w.rng.randrange(1, max(2, w.n // 3)), w.rng.randrange(1, 20)
    for step in range(w.n):
        if step == start:
            kept = [w.new(cls, site, plan=w.text(60)) for _ in range(many)]
        yield


@kind(GROUP, background=True)
def step_up(w):
    """A reload in the middle: more from then on, but constant."""
    cls, site, kept = w.cls("Rule", level=1), w.site("app/rules.py", "reload"), []
    w.says(cls, NONE)
    start, many = int(w.n * w.rng.uniform(0.3, 0.6)), w.rng.randrange(3, 20)
    for step in range(w.n):
        if step in (0, start):
            kept.extend(w.new(cls, site, text=w.text(60)) for _ in range(many))
        yield


@kind(GROUP)
def retries(w):
    """An outage: what could not be sent waits, and is sent afterwards."""
    cls, site, waiting = w.cls("Mail", level=2), w.site("mail/queue.py", "send"), []
    w.says(cls, NONE)
    start = max(1, int(w.n * w.rng.uniform(0.1, 0.4)))
    end = start + max(2, int(w.n * w.rng.uniform(0.15, 0.3)))
    for step in range(w.n):
        sent = [w.new(cls, site, to=w.text(30)) for _ in range(w.rng.randrange(3, 6))]
        if start <= step < end:
            waiting.extend(sent)
        else:
            del waiting[:max(8, len(waiting) // 2)]
        del sent
        yield


def filled_at(w, share):
    """A cache that is full after `share` of the recording."""
    cls, site = w.cls("Entry", level=w.rng.randrange(0, 4)), w.site("app/cache.py", "put")
    w.says(cls, NONE)
    size, cache = w.rng.randrange(20, 60), {}
    steps = max(1, round(w.n * share))
    for step in range(w.n):
        while len(cache) < min(size, size * (step + 1) // steps):
            cache[w.number()] = w.new(cls, site, value=w.text(w.rng.randrange(100, 600)))
        yield


@kind(GROUP, background=True)
def cache_full_at_20(w):
    return filled_at(w, 0.2)


@kind(GROUP, background=True)
def cache_full_at_50(w):
    return filled_at(w, 0.5)


@kind(GROUP)
def cache_full_at_70(w):
    return filled_at(w, 0.7)


@kind(GROUP)
def cache_full_at_80(w):
    return filled_at(w, 0.79)


def soft(w, keep):
    """A cache that is pruned to a share of its bound when it is above it."""
    cls, site = w.cls("Thumb", level=2), w.site("app/thumbs.py", "make")
    w.says(cls, NONE)
    rate, cache = w.rng.uniform(3, 8), []
    bound = int(rate * max(2.0, w.n * w.rng.uniform(0.25, 0.45)))
    while True:
        for _ in range(max(1, w.poisson(rate))):
            cache.append(w.new(cls, site, image=w.text(120)))
            if len(cache) > bound:
                del cache[:len(cache) - int(bound * keep)]
        yield


@kind(GROUP)
def soft_keep_50(w):
    return soft(w, 0.5)


@kind(GROUP)
def soft_keep_70(w):
    return soft(w, 0.7)


@kind(GROUP)
def soft_keep_90(w):
    return soft(w, 0.9)


@kind(GROUP)
def lru(w):
    cls, site, cache = w.cls("Query", level=w.rng.randrange(1, 4)), w.site("db/cache.py", "query"), collections.deque()
    w.says(cls, NONE)
    rate = w.rng.uniform(3, 8)
    size = max(8, int(rate * w.n * w.rng.uniform(0.15, 0.45)))
    while True:
        for _ in range(w.poisson(rate)):
            cache.append(w.new(cls, site, rows=w.text(w.rng.randrange(60, 300))))
            if len(cache) > size:
                cache.popleft()
        yield


@kind(GROUP)
def random_eviction(w):
    cls, site, cache = w.cls("Tile", level=w.rng.randrange(0, 3)), w.site("map/tiles.py", "load"), []
    w.says(cls, NONE)
    size, rate = w.rng.randrange(15, 40), w.rng.uniform(4, 10)
    rate = max(rate, size / (0.5 * w.n))
    while True:
        for _ in range(w.poisson(rate)):
            if len(cache) >= size:
                cache.pop(w.rng.randrange(size))
            cache.append(w.new(cls, site, image=w.text(90)))
        yield


@kind(GROUP)
def ttl_cache(w):
    """Each entry expires after a while."""
    cls, site, cache = w.cls("Lookup", level=2), w.site("net/dns.py", "resolve"), collections.deque()
    w.says(cls, NONE)
    life, rate = max(2, int(w.n * w.rng.uniform(0.1, 0.4))), w.rng.uniform(2, 6)
    for step in range(w.n):
        while cache and cache[0][0] <= step:
            cache.popleft()
        for _ in range(w.poisson(rate)):
            cache.append((step + life, w.new(cls, site, host=w.text(40))))
        yield


@kind(GROUP)
def elastic_pool(w):
    """A pool that grows with the load and gives back when it is idle."""
    cls, site, pool = w.cls("Conn", level=2), w.site("db/pool.py", "grow"), []
    w.says(cls, NONE)
    low, high, size = w.rng.randrange(2, 6), w.rng.randrange(10, 20), 4.0
    middle = (low + high) / 2
    while True:
        size += (middle - size) * 0.6 + w.rng.uniform(-4, 4)
        replaced(w, pool, int(min(high, max(low, size))), lambda: w.new(cls, site, dsn=w.text(40)))
        yield


@kind(GROUP, background=True)
def warm_up(w):
    """What the start makes stays; then only short lives."""
    cls, site = w.cls("Route", level=1), w.site("web/routes.py", "add")
    w.says(cls, NONE)
    over, many, kept = max(1, int(w.n * w.rng.uniform(0.1, 0.3))), w.rng.randrange(4, 12), []
    for step in range(w.n):
        if step < over:
            kept.extend(w.new(cls, site, path=w.text(40)) for _ in range(many))
        live = [w.new(cls, site, path=w.text(40)) for _ in range(w.rng.randrange(0, 4))]
        yield
        del live


@kind(GROUP)
def daily(w):
    """The load of a day: it rises and falls."""
    cls, site, live = w.cls("Visitor", level=2), w.site("web/visit.py", "enter"), []
    w.says(cls, NONE)
    period, height, phase = max(4.0, w.n / w.rng.uniform(2, 5)), w.rng.uniform(10, 30), w.rng.random()
    for step in range(w.n):
        wanted = height * (1 + math.sin(2 * math.pi * (step / period + phase))) / 2 + w.rng.uniform(-1, 1)
        replaced(w, live, max(0, round(wanted)), lambda: w.new(cls, site, path=w.text(30)))
        yield


@kind(GROUP, background=True)
def turnover_constant(w):
    """A constant number, each replaced now and then."""
    cls, site = w.cls("O", level=w.rng.randrange(0, 3)), w.site("sweep.py", "turnover")
    w.says(cls, NONE)
    size, live = w.rng.randrange(5, 30), collections.deque()
    each = w.rng.randrange(1, size + 1)
    while True:
        for _ in range(each):
            if len(live) >= size:
                live.popleft()
            live.append(w.new(cls, site, n=w.number()))
        while len(live) < size:
            live.append(w.new(cls, site, n=w.number()))
        yield


@kind(GROUP, background=True)
def turnover_random(w):
    """A constant number, random ones replaced."""
    cls, site, live = w.cls("O", level=w.rng.randrange(0, 4)), w.site("sweep.py", "turnover_random"), []
    w.says(cls, NONE)
    size, share = w.rng.randrange(5, 30), w.rng.uniform(0.1, 0.9)
    while True:
        for _ in range(min(len(live), int(size * share * w.rng.random()))):
            live.pop(w.rng.randrange(len(live)))
        replaced(w, live, size, lambda: w.new(cls, site, n=w.rng.randint(0, 99), text=w.text(12)))
        yield


@kind(GROUP, background=True)
def turnover_poisson(w):
    """Births at random, each with a random life: a number that fluctuates around a mean."""
    cls, site, live = w.cls("P", level=w.rng.randrange(0, 3)), w.site("sweep.py", "turnover_poisson"), []
    w.says(cls, NONE)
    mean, life = w.rng.uniform(4, 20), w.rng.uniform(0.7, 3)
    live = [(w.rng.expovariate(1 / life), w.new(cls, site, text=w.text(30))) for _ in range(w.poisson(mean))]
    for step in range(w.n):
        live = [each for each in live if each[0] > step]
        for _ in range(w.poisson(mean / life)):
            live.append((step + w.rng.random() + w.rng.expovariate(1 / life), w.new(cls, site, text=w.text(30))))
        yield


@kind(GROUP, alone=True)
def turnover_of_200_classes(w):
    """Random turnover of many classes: some will rise by chance."""
    site, lives = w.site("sweep.py", "crowd"), []
    for _ in range(200):
        cls = w.cls("T", level=0, trace=False)
        w.says(cls, NONE)
        lives.append((cls, w.rng.uniform(1, 6), []))
    while True:
        for cls, mean, live in lives:
            replaced(w, live, w.poisson(mean), lambda: w.new(cls, site, n=1))
        yield


@kind(GROUP, background=True)
def shrinking(w):
    cls, site = w.cls("Import", level=1), w.site("jobs/import.py", "load")
    w.says(cls, NONE)
    kept = [w.new(cls, site, row=w.text(40)) for _ in range(w.rng.randrange(15, 50))]
    each = max(1, int(len(kept) * w.rng.uniform(0.3, 1.2) / w.n))
    while True:
        del kept[:each]
        yield


@kind(GROUP)
def weak_cache(w):
    """A cache of weak references; a few users hold what they use."""
    cls, site, cache, hold = w.cls("Img", level=2), w.site("ui/images.py", "load"), weakref.WeakValueDictionary(), []
    w.says(cls, NONE)
    keys, size = w.rng.randrange(20, 60), w.rng.randrange(10, 30)
    while True:
        for _ in range(w.rng.randrange(5, 15)):
            key = w.rng.randrange(keys)
            image = cache.get(key)
            if image is None:
                image = cache[key] = w.new(cls, site, pixels=w.text(300))
            hold.append(image)
            del image
        del hold[:max(0, len(hold) - size)]
        yield


@kind(GROUP)
def gc_waves(w):
    """Cycles pile up until the collector runs."""
    cls, site = w.cls("Dom", level=1), w.site("web/dom.py", "parse")
    w.says(cls, NONE)
    period, many = max(2, round(w.n / w.rng.uniform(3, 6))), w.rng.randrange(2, 6)
    start = w.rng.randrange(period)
    for step in range(w.n):
        if (step + start) % period == 0:
            w.collect()
        for _ in range(many):
            one = w.new(cls, site, parent=None, tag=w.text(12))
            one.parent = [one]
        del one
        yield


@kind(GROUP)
def lazy_modules(w):
    """Plugins are loaded when they are first used; after a while all are."""
    cls, site, kept = w.cls("Module", level=2), w.site("plugins/lazy.py", "load"), {}
    w.says(cls, NONE)
    all_of_them = w.rng.randrange(8, 25)
    uses = max(2, int(all_of_them * 12 / w.n))
    for step in range(w.n):
        for _ in range(uses):
            name = w.rng.randrange(all_of_them)
            if step > w.n * 0.7:
                continue
            if name not in kept:
                kept[name] = w.new(cls, site, code=w.text(300))
        yield


@kind(GROUP)
def ring_buffer(w):
    cls, site = w.cls("Sample", level=1), w.site("metrics/ring.py", "record")
    w.says(cls, NONE)
    many = w.rng.randrange(2, 6)
    ring = collections.deque(maxlen=max(6, int(many * w.n * w.rng.uniform(0.1, 0.5))))
    while True:
        ring.extend(w.new(cls, site, value=w.text(20)) for _ in range(many))
        yield


@kind(GROUP)
def batch_jobs(w):
    """A batch is loaded, worked off and dropped; then nothing for a while."""
    cls, site, live = w.cls("Item", level=1), w.site("jobs/batch.py", "load"), []
    w.says(cls, NONE)
    period = max(3, w.n // w.rng.randrange(3, 7))
    start, size = w.rng.randrange(period), w.rng.randrange(15, 30)
    for step in range(w.n):
        phase = (step + start) % period
        if phase == 0:
            live = [w.new(cls, site, row=w.text(40)) for _ in range(size + w.rng.randrange(-4, 5))]
        elif live:
            del live[:max(1, size // max(1, period - 2))]
        yield


@kind(GROUP)
def reconnects(w):
    """A pool of connections that are replaced when they break."""
    cls, site = w.cls("Socket", level=2), w.site("net/pool.py", "connect")
    w.says(cls, NONE)
    pool = [w.new(cls, site, peer=w.text(20)) for _ in range(w.rng.randrange(4, 16))]
    while True:
        for place in range(len(pool)):
            if w.rng.random() < 0.3:
                pool[place] = w.new(cls, site, peer=w.text(20))
        yield


@kind(GROUP)
def balanced_queue(w):
    """First in, first out, in balance: its length fluctuates around a mean."""
    cls, site, queue = w.cls("Order", level=2), w.site("queue/feed.py", "push"), collections.deque()
    w.says(cls, NONE)
    mean, rate, length = w.rng.uniform(6, 20), w.rng.uniform(6, 15), 0.0
    while True:
        for _ in range(w.poisson(rate)):
            queue.append(w.new(cls, site, body=w.text(60)))
        length += -0.5 * length + w.rng.gauss(0, 0.2 * mean)
        while len(queue) > max(0, mean + length):
            queue.popleft()
        yield


@kind(GROUP)
def peak_at_end(w):
    """A burst at the last snapshot: nobody can tell."""
    cls, site, live = w.cls("Upload", level=2), w.site("web/upload.py", "receive"), []
    w.says(cls, UNDECIDABLE)
    for step in range(w.n):
        live = [w.new(cls, site, name=w.text(30)) for _ in range(w.rng.randrange(0, 4))]
        if step == w.n - 1:
            live.extend(w.new(cls, site, name=w.text(30)) for _ in range(w.rng.randrange(10, 40)))
        yield


@kind(GROUP)
def still_filling(w):
    """A cache of random keys from a finite set, not full at the end: growth decelerates."""
    cls, site, cache = w.cls("Avatar", level=2), w.site("web/avatars.py", "get"), {}
    w.says(cls, FILLING)
    keys = w.rng.randrange(60, 140)
    uses = keys * w.rng.uniform(1.6, 2.6) / w.n
    while True:
        for _ in range(max(1, w.poisson(uses))):
            key = w.rng.randrange(keys)
            if key not in cache:
                cache[key] = w.new(cls, site, image=w.text(80))
        yield


@kind(GROUP, only=(2, 3))
def too_few_snapshots(w):
    """It grows, but two or three snapshots do not show whether it goes on."""
    cls, site, kept = w.cls("Draft", level=2), w.site("web/draft.py", "save"), []
    w.says(cls, UNDECIDABLE)
    while True:
        kept.extend(w.new(cls, site, text=w.text(60)) for _ in range(w.rng.randrange(2, 9)))
        yield
