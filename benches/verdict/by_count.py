"""Leaks by count: programs that keep more and more objects."""
import threading

from .kinds import kind
from .world import ANY, LEAK, NONE

GROUP = "leaks by count"


def requests(w, name="Request"):
    """A class of which a few come and go in each interval, beside the leak of many programs."""
    cls, site = w.cls(name, level=1), w.site("web/app.py", "handle")
    w.says(cls, NONE)
    return lambda: [w.new(cls, site, path=w.text(30)) for _ in range(w.rng.randrange(2, 5))] and None


@kind(GROUP)
def steady(w):
    cls, site, kept = w.cls("Handler"), w.site("web/register.py", "register"), []
    w.says(cls, LEAK, "count", site, "body", since=0)
    rate, handle = w.rng.uniform(1.5, 6), requests(w)
    while True:
        for _ in range(max(1, w.poisson(rate))):
            kept.append(w.new(cls, site, body=w.text(w.rng.randrange(150, 900)), n=w.number()))
        handle()
        yield


@kind(GROUP)
def bursts(w):
    """Nothing in most intervals, many at once in some, to the end."""
    cls, site, kept = w.cls("Report"), w.site("jobs/nightly.py", "build"), []
    every = w.rng.randrange(2, 3 + w.n // 12)
    w.says(cls, LEAK, "count", site, "rows")
    for step in range(w.n):
        if step % every == every - 1 or w.rng.random() < 0.1:
            for _ in range(w.rng.randrange(4, 10)):
                kept.append(w.new(cls, site, rows=[w.text(60) for _ in range(5)]))
        yield


@kind(GROUP)
def hidden_in_churn(w):
    """5 to 12 of a hundred are never released, the others live for up to a twentieth of the recording."""
    cls, site, kept = w.cls("Cursor", level=2), w.site("db/query.py", "run"), []
    w.says(cls, LEAK, "count", site)
    share, rate, life, live = w.rng.uniform(0.05, 0.12), w.rng.uniform(300, 600) / w.n, w.n * w.rng.uniform(0.005, 0.05), []
    for step in range(w.n):
        live = [each for each in live if each[1] > step]
        for _ in range(w.poisson(rate)):
            made = w.new(cls, site, sql=w.text(60))
            if w.rng.random() < share:
                kept.append(made)
            else:
                live.append((made, step + w.rng.expovariate(1 / life)))
        yield


@kind(GROUP)
def registry(w):
    """Each client registers a listener and never takes it back."""
    listener, client = w.cls("Listener", level=w.rng.randrange(1, 4)), w.cls("Client", level=1)
    site, other = w.site("events/bus.py", "subscribe"), w.site("web/app.py", "connect")
    w.says(listener, LEAK, "count", site, since=0)
    w.says(client, NONE)
    bus = {}
    while True:
        for _ in range(w.rng.randrange(2, 5)):
            someone = w.new(client, other, name=w.text(20))
            bus[w.number()] = w.new(listener, site, topic=w.text(30), options=[w.text(20)])
            del someone
        yield


@kind(GROUP)
def tasks_kept(w):
    """Tasks that wait for ever, in a set; the standard library creates them."""
    events = "/usr/lib/python3.11/asyncio/base_events.py"
    cls, site, kept = w.cls("Task"), w.site("net/server.py", "spawn", package=(events, "create_task")), set()
    w.says(cls, LEAK, "count", site, since=0)
    rate = w.rng.uniform(2, 5)
    while True:
        done = [w.new(cls, site, coro=w.text(50), result=None) for _ in range(w.poisson(rate))]
        for task in done:
            task.result = "done"
        for _ in range(w.rng.randrange(1, 3)):
            kept.add(w.new(cls, site, coro=w.text(50), result=None))
        yield


@kind(GROUP)
def django_rows(w):
    """Rows that a framework makes, some kept in a list of the program's own."""
    cls = w.cls("Article")
    site = w.site("shop/views.py", "index", package=("django/db/models/base.py", "from_db"))
    w.says(cls, LEAK, "count", site, since=0)
    kept, many, share = [], w.rng.randrange(2, 5), w.rng.randrange(1, 3)
    while True:
        for _ in range(many):
            rows = [w.new(cls, site, _state={"db": "default"}, id=n, title=w.text(12), body=w.text(100)) for n in range(4)]
            kept.extend(rows[:share])
        yield


@kind(GROUP)
def metaclass(w):
    """A class made for every request and kept: its size is not counted by Pympler."""
    meta = type("Meta", (type,), {"__module__": "__main__", "__init__": lambda cls, *a, **k: type.__init__(cls, *a)})
    w.tracker.track_class(meta, resolution_level=2, trace=True)
    site, row = w.site("api/schema.py", "schema"), w.cls("Row", level=1)
    w.says("__main__.Meta", LEAK, "count", site, since=0)
    w.says(row, NONE)
    kept, here = [], w.site("api/schema.py", "row")
    while True:
        for _ in range(w.rng.randrange(1, 5)):
            w.frames = site.trace()
            kept.append(meta("Schema%d" % w.number(), (object,), {"fields": ["f%d" % n for n in range(20)]}))
            w.new(row, here, n=1)
        w.frames = None
        yield


@kind(GROUP)
def weightless(w):
    """0 bytes, because another tracked object refers to them (Pympler up to 1.0.1)."""
    cls, site = w.cls("Node", level=2), w.site("graph/build.py", "add")
    holder, there = w.cls("Graph", level=1), w.site("graph/build.py", "open")
    w.tracker.zero.add(cls.tracked_as)
    w.says(cls, LEAK, "count", site, since=0)
    graph = w.new(holder, there, nodes=[])
    w.says(holder, ANY)  # its list grows, by 8 bytes each
    while True:
        for _ in range(w.rng.randrange(1, 5)):
            graph.nodes.append(w.new(cls, site, label=w.text(20)))
        yield


@kind(GROUP)
def backlog(w):
    """First in, first out, more in than out."""
    cls, ack = w.cls("Event"), w.cls("Ack", level=1)
    site, other = w.site("queue/feed.py", "push"), w.site("queue/work.py", "pop")
    w.says(cls, LEAK, "count", site, "body", since=0)
    w.says(ack, NONE)
    more, out, queue = w.rng.randrange(8, 16), 0, []
    out = int(more * w.rng.uniform(0.5, 0.85))
    while True:
        for _ in range(more):
            queue.append(w.new(cls, site, body=w.text(200), n=w.number()))
        for _ in range(min(out, len(queue))):
            w.new(ack, other, n=queue.pop(0).n)
        yield


@kind(GROUP)
def backlog_noisy(w):
    """The same with numbers that vary, and consumers that begin late."""
    cls, site, queue = w.cls("Job", level=2), w.site("queue/feed.py", "enqueue"), []
    w.says(cls, LEAK, "count", site)
    more = w.rng.uniform(8, 15)
    out = more * w.rng.uniform(0.4, 0.75)
    while True:
        for _ in range(w.poisson(more)):
            queue.append(w.new(cls, site, payload=w.text(120)))
        for _ in range(min(w.poisson(out), len(queue))):
            queue.pop(0)
        yield


@kind(GROUP)
def big_base(w):
    """A start makes many, then 6 to 12 per cent more come over the recording."""
    cls, site = w.cls("Product", level=1, trace=w.rng.random() < 0.7), w.site("shop/catalogue.py", "load")
    leak = w.site("shop/catalogue.py", "refresh")
    w.says(cls, LEAK, "count", leak if _traced(w, cls) else None, since=1)
    base = max(150, int(w.n / 0.08))
    kept = [w.new(cls, site, name=w.text(30)) for _ in range(base)]
    yield
    wanted, grown = base * w.rng.uniform(0.08, 0.12) / w.n, 0.0
    for step in range(1, w.n):
        grown += max(wanted, 1.0)
        while grown >= 1:
            kept.append(w.new(cls, leak, name=w.text(30)))
            grown -= 1
        yield


@kind(GROUP)
def starts_midway(w):
    """A deploy: constant until then, a leak from then on."""
    cls, site, kept = w.cls("Connection"), w.site("net/pool.py", "open"), []
    start = int(w.n * w.rng.uniform(0.3, 0.6))
    bad = w.site("net/retry.py", "again")
    w.says(cls, LEAK, "count", bad, since=start)
    kept.extend(w.new(cls, site, peer=w.text(20)) for _ in range(w.rng.randrange(5, 20)))
    for step in range(w.n):
        live = [w.new(cls, site, peer=w.text(20)) for _ in range(3)]
        if step >= start:
            kept.extend(w.new(cls, bad, peer=w.text(20)) for _ in range(w.rng.randrange(1, 4)))
        del live
        yield


@kind(GROUP)
def accelerates(w):
    cls, site, kept = w.cls("Span"), w.site("trace/spans.py", "start"), []
    w.says(cls, LEAK, "count", site)
    last = w.rng.uniform(5, 9)
    for step in range(w.n):
        for _ in range(max(1, round(last * ((step + 1) / w.n) ** 2))):
            kept.append(w.new(cls, site, name=w.text(30)))
        yield


@kind(GROUP)
def daily_with_leak(w):
    """A load that comes and goes each day, and a few that stay."""
    cls, site, kept, live = w.cls("Visit", level=2), w.site("web/visit.py", "enter"), [], []
    w.says(cls, LEAK, "count", site)
    period = w.rng.choice([4, 6, 8]) if w.n < 24 else w.rng.choice([6, 8, 12])
    period = min(period, max(3, w.n // 3))
    height, daily = w.rng.uniform(6, 14), w.rng.uniform(0.35, 0.7)
    for step in range(w.n):
        phase = step % period / period
        wanted = round(height * (1 - abs(2 * phase - 1)))
        live = live[-wanted:] if wanted else []
        live.extend(w.new(cls, site, path=w.text(40)) for _ in range(wanted - len(live)))
        for _ in range(max(1, round(height * daily * 0.4))):
            kept.append(w.new(cls, site, path=w.text(40)))
        yield


@kind(GROUP)
def workers(w):
    """Each restart of a worker leaves its buffers behind."""
    cls, site, kept, live = w.cls("Buffer"), w.site("jobs/worker.py", "start"), [], []
    every = w.rng.randrange(1, min(4, max(2, w.n // 5)) + 1)
    w.says(cls, LEAK, "count", site, "data")
    for step in range(w.n):
        if step % every == 0:
            kept.extend(live)
            live = [w.new(cls, site, data=bytearray(w.rng.randrange(500, 3000))) for _ in range(3)]
        yield


@kind(GROUP)
def small_in_huge(w):
    """A leak of a few hundred bytes in a process of gigabytes: to be listed, and said to be small."""
    cls, site, kept = w.cls("Token", level=1), w.site("auth/token.py", "issue"), []
    w.says(cls, LEAK, "count", site, small=True)
    w.memory = 4 << 30
    every = max(1, w.n // 8)
    for step in range(w.n):
        if step % every == 0:
            kept.append(w.new(cls, site, key=w.text(16)))
        yield


@kind(GROUP)
def few_deaths(w):
    """Most stay, a few die."""
    cls, site, kept = w.cls("Session"), w.site("web/session.py", "open"), []
    w.says(cls, LEAK, "count", site)
    rate = w.rng.randrange(3, 7)
    while True:
        kept.extend(w.new(cls, site, user=w.text(30), cart=[w.text(20)]) for _ in range(rate))
        for _ in range(w.rng.randrange(0, max(2, rate // 2))):
            kept.pop(w.rng.randrange(len(kept)))
        yield


@kind(GROUP)
def exceptions_kept(w):
    cls = w.cls("AppError", base=Exception)
    site, kept = w.site("web/errors.py", "fail"), []
    w.says(cls, LEAK, "count", site)

    def fail():
        rows = [w.text(40) for _ in range(4)]
        raise w.new(cls, site, context=rows)
    while True:
        for _ in range(w.rng.randrange(2, 6)):
            try:
                fail()
            except cls as error:
                if w.rng.random() < 0.6:
                    kept.append(error.with_traceback(None))
        yield


@kind(GROUP)
def threads_kept(w):
    cls = w.cls("Worker", level=1, base=threading.Thread, call_base=True)
    site, kept = w.site("jobs/pool.py", "grow"), []
    w.says(cls, LEAK, "count", site, since=0)
    while True:
        kept.extend(w.new(cls, site, job=w.text(20)) for _ in range(w.rng.randrange(1, 3)))
        yield


@kind(GROUP)
def callbacks(w):
    """Callbacks with closures, in a list that nobody clears."""
    cls, site, kept = w.cls("Callback", level=2), w.site("ui/signals.py", "connect"), []
    w.says(cls, LEAK, "count", site, since=0)

    def closure(text):
        return lambda: text
    while True:
        for _ in range(w.rng.randrange(1, 5)):
            kept.append(w.new(cls, site, call=closure(w.text(80)), args=(w.text(20),)))
        yield


@kind(GROUP)
def wrong_key(w):
    """A cache whose key is never found again: it grows for ever."""
    cls, site, cache = w.cls("Page"), w.site("web/cache.py", "render"), {}
    w.says(cls, LEAK, "count", site, "html", since=0)
    rate = w.rng.uniform(2, 6)
    while True:
        for _ in range(max(1, w.poisson(rate))):
            cache[object()] = w.new(cls, site, html=w.text(w.rng.randrange(300, 1200)))
        yield


@kind(GROUP)
def sessions(w):
    """Sessions that log out are deleted, those that only leave are not."""
    cls, site, live, gone = w.cls("WebSession"), w.site("web/login.py", "login"), [], []
    w.says(cls, LEAK, "count", site)
    rate, leaves = w.rng.uniform(3, 8), w.rng.uniform(0.3, 0.6)
    while True:
        live.extend(w.new(cls, site, user=w.text(20), data={"cart": [w.text(20)]}) for _ in range(w.poisson(rate)))
        w.rng.shuffle(live)
        for _ in range(round(len(live) * 0.7)):
            each = live.pop()
            if w.rng.random() < leaves:
                gone.append(each)
            del each
        yield


@kind(GROUP)
def two_leaks(w):
    """Two classes leak, at different speeds; one begins midway."""
    one, two = w.cls("Cart"), w.cls("Offer", level=2)
    site, other = w.site("shop/cart.py", "browse"), w.site("shop/offers.py", "suggest")
    start, kept = int(w.n * w.rng.uniform(0.25, 0.5)), []
    w.says(one, LEAK, "count", site, since=0)
    w.says(two, LEAK, "count", other, since=start)
    for step in range(w.n):
        kept.extend(w.new(one, site, items=[w.text(30) for _ in range(4)]) for _ in range(w.rng.randrange(1, 4)))
        if step >= start:
            kept.extend(w.new(two, other, text=w.text(60)) for _ in range(w.rng.randrange(2, 5)))
        yield


@kind(GROUP)
def two_sites(w):
    """One site leaks, another keeps more objects of the same class but no more than at its start."""
    cls, pool, leak = w.cls("Record", level=2), w.site("db/pool.py", "fill"), w.site("db/audit.py", "note")
    w.says(cls, LEAK, "count", leak)
    rate = w.rng.randrange(1, 4)
    kept = [w.new(cls, pool, row=w.text(50)) for _ in range(int(rate * w.n * w.rng.uniform(1.3, 2)))]
    churn = w.site("db/query.py", "fetch")
    while True:
        for _ in range(rate * 3):
            w.new(cls, churn, row=w.text(50))
        kept.extend(w.new(cls, leak, row=w.text(50)) for _ in range(rate))
        yield


@kind(GROUP)
def two_sites_late_pool(w):
    """The innocent site fills a pool after the first snapshot and then stops, with more survivors than the leak."""
    cls, pool, leak = w.cls("Packet", level=2), w.site("net/ring.py", "allocate"), w.site("net/parse.py", "parse")
    w.says(cls, LEAK, "count", leak)
    rate = w.rng.randrange(1, 4)
    many, kept = int(rate * w.n * w.rng.uniform(1.3, 2)), []
    over = max(2, w.n // 5)
    for step in range(w.n):
        if 1 <= step <= over:
            kept.extend(w.new(cls, pool, data=w.text(50)) for _ in range(many // over))
        kept.extend(w.new(cls, leak, data=w.text(50)) for _ in range(rate))
        yield


@kind(GROUP)
def one_in_an_interval(w):
    """One object in an interval, no more: slow, but it never stops."""
    cls, site, kept = w.cls("Plugin"), w.site("plugins/load.py", "reload"), []
    w.says(cls, LEAK, "count", site, since=0)
    while True:
        kept.append(w.new(cls, site, code=w.text(400), hooks=[w.text(20) for _ in range(3)]))
        yield


@kind(GROUP)
def cycles_with_del(w):
    """Cycles that are collected now and then, but a part is kept each time."""
    cls, site, kept = w.cls("Element", level=2), w.site("xml/tree.py", "parse"), []
    every = w.rng.randrange(2, 4)
    w.says(cls, LEAK, "count", site)
    for step in range(w.n):
        for _ in range(w.rng.randrange(4, 8)):
            one = w.new(cls, site, tag=w.text(20), parent=None)
            one.parent = [one]
        kept.extend(w.new(cls, site, tag=w.text(20), parent=None) for _ in range(w.rng.randrange(1, 4)))
        if step % every == every - 1:
            w.collect()
        yield


def _traced(w, cls):
    return next(observer.trace for made, observer in w.tracker._observers.items() if made is cls)


@kind(GROUP)
def backlog_slow(w):
    """One in at each interval, one out at every second or third: most intervals have no survivor at the end."""
    cls, site, queue = w.cls("Message", level=1), w.site("queue/slow.py", "put"), []
    w.says(cls, LEAK, "count", site)
    every = w.rng.randrange(2, 4)
    for step in range(w.n):
        queue.append(w.new(cls, site, body=w.text(80)))
        if step % every == every - 1:
            queue.pop(0)
        yield


@kind(GROUP, alone=True)
def clock_set_back(w):
    """A steady leak; in the middle of the recording the system's clock is set back."""
    cls, site, kept = w.cls("Doc"), w.site("app/doc.py", "open"), []
    w.says(cls, LEAK, "count", site)
    w.now += 4 * w.n * w.interval
    for step in range(w.n):
        if step == w.n // 2:
            w.now -= 3 * w.n * w.interval
        w.step_end = w.now + w.interval
        live = [w.new(cls, site, text=w.text(50), tags=["a", "b"]) for _ in range(4)]
        kept.extend(w.new(cls, site, text=w.text(50), tags=["a", "b"]) for _ in range(3))
        del live
        yield
