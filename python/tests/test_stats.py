#!/usr/bin/env python3
"""ctstats' Stats against Pympler's own, on live trackers and on dumps: the same text to the byte, the
same lists, the same figures. Needs ctstats and pympler==1.1 installed. Run in a clone: the dumps are
those of fixtures/.
"""

import gc
import gzip
import io
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from pathlib import Path

import pympler.classtracker
from pympler import classtracker_stats as theirs
from pympler.classtracker import ClassTracker

import ctstats as ours

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
KEYS = ("classname", "tsize", "birth", "death", "name", "repr", "size")
LIMITS = (1.0, 1, 3, 2.9, 0.25, 0.001, 0.999, 0, -2, 10**6)


class Cart:
    def __init__(self, number):
        self.items = ["milk", "bräd"] * number
        self.owner = {"name": "nö\nbody" * number, number: (1, 2.5, None)}

    def __repr__(self):
        return "<Cart %s\n%s>" % (len(self.items), "·" * 40)


class Order(Cart):
    def __repr__(self):
        return "<Order \udc80 of a name that no terminal is wide enough for>"


class Rare:
    pass


def record(level=2, trace=True, snapshots=3):
    """A tracker with living and dead objects of several classes."""
    tracker = ClassTracker()
    tracker.track_class(Cart, name="shop.Cart", resolution_level=level, trace=trace)
    tracker.track_class(Order, resolution_level=max(0, level - 1))
    tracker.track_class(Rare, name="a.very.long.name.of.a.class.that.is.cut", keep=True)
    held = []
    for day in range(snapshots):
        held += [Cart(number) for number in range(4)] + [Order(2 + day), Rare()]
        tracker.create_snapshot("day %d\nlüng %s" % (day, "x" * 40 * day), compute_total=day == 1)
        del held[day]
        gc.collect()
    tracker.detach_all_classes()
    tracker.held = held
    return tracker


class Threads(unittest.TestCase):
    def test_texts_do_not_depend_on_their_number(self):
        texts = []
        for count in (1, 3, 512):
            ours.set_threads(count)
            stream = io.StringIO()
            stats = ours.ConsoleStats(filename=str(FIXTURES / "leaky_shop.dump"), stream=stream)
            stats.sort_stats("repr", "size").print_stats(limit=10**6)
            texts.append(stream.getvalue())
        self.assertEqual(texts[1:], texts[:1] * 2)
        self.assertGreater(len(texts[0]), 10**5)

    def test_numbers_that_are_none(self):
        for count in (0, 513):
            with self.assertRaisesRegex(ValueError, "from 1 to 512"):
                ours.set_threads(count)
        with self.assertRaises((TypeError, OverflowError)):
            ours.set_threads(-1)


def both(make):
    """What both print: `make(module, stream)` prints with the classes of a module."""
    texts = []
    for module in (theirs, ours):
        stream = io.StringIO()
        make(module, stream)
        texts.append(stream.getvalue())
    return texts


def deaths_mix(stats):
    return len({tobj.death is None for objects in stats.index.values() for tobj in objects}) > 1


def asized(of):
    """A size as plain values."""
    return (of.size, of.flat, of.name, type(of.refs), [asized(ref) for ref in of.refs])


def classes(snapshot):
    figures = {}
    for name, of in snapshot.classes.items():
        figures[name] = {key: asized(value) if key == "merged" else value for key, value in of.items()}
    return figures


def dumps():
    """Dumps of fixtures/ that Pympler 1.1 loads here."""
    paths = sorted(FIXTURES.glob("*.dump")) + sorted((FIXTURES / "dumps").glob("*.dump"))
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                stats = theirs.Stats(filename=str(path))
                stats.sort_stats("classname")
                stats.annotate()
                theirs.ConsoleStats(filename=str(path), stream=io.StringIO()).print_summary()
        except Exception:
            continue  # Of another Pympler or Python, or made to be refused.
        if not all(isinstance(name, str) for name in stats.index):
            continue  # Pympler itself prints such names only in part.
        yield path


class Case(unittest.TestCase):
    maxDiff = 2000

    def same(self, make, what=""):
        expected, found = both(make)
        if expected != found:
            self.assertEqual(expected.splitlines(), found.splitlines(), what)
            self.assertEqual(expected, found, what)
        return expected


class LiveTrackers(Case):
    def test_every_level_prints_the_same(self):
        for level in range(5):
            tracker = record(level, trace=level % 2 == 0)
            for limit in LIMITS:
                what = "level %s, limit %r" % (level, limit)
                self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).sort_stats("size").print_stats(limit=limit), what)
            text = self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).sort_stats("birth").print_stats(limit=99))
            self.assertEqual(text.count("finalize"), 3)
            self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).print_summary())

    def test_every_sort_key_gives_the_same_order(self):
        tracker = record()
        for keys in [(key,) for key in KEYS] + [("name", "size"), ("size", "birth"), ("repr", "tsize", "birth"), ("name", "name")]:
            if "death" in keys:
                continue  # Pympler cannot sort what died and what lives.
            for turned in (False, True):
                orders, texts = [], []
                for module in (theirs, ours):
                    stream = io.StringIO()
                    stats = module.ConsoleStats(tracker, stream=stream)
                    self.assertIs(stats.sort_stats(*keys), stats)
                    if turned:
                        self.assertIs(stats.reverse_order(), stats)
                    stats.print_stats("a", limit=7)
                    stats.print_stats("Order", limit=0.2)
                    orders.append([(id(tobj), tobj.classname, tobj.size, tobj.tsize) for tobj in stats.sorted])
                    texts.append(stream.getvalue())
                self.assertEqual(*orders, keys)
                self.assertEqual(*texts, keys)

    def test_living_objects_come_after_the_dead(self):
        tracker = record()
        deaths = [tobj.death for tobj in ours.Stats(tracker).sort_stats("death").sorted]
        dead = [death for death in deaths if death is not None]
        self.assertEqual(deaths, sorted(dead) + [None] * (len(deaths) - len(dead)))
        self.assertEqual(len(dead), 3)

    def test_sorting_twice_is_stable(self):
        tracker = record()
        self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).sort_stats("birth").sort_stats("name").reverse_order().sort_stats("classname").print_stats(limit=50))
        self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).reverse_order().print_stats(limit=50))

    def test_dead_trackers_and_empty_ones(self):
        tracker = ClassTracker()
        for call in ("print_stats", "print_summary"):
            self.same(lambda m, s: getattr(m.ConsoleStats(tracker, stream=s), call)())
            self.same(lambda m, s: getattr(m.ConsoleStats(stream=s), call)())
        tracker = record()
        tracker.snapshots[:] = []
        self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).sort_stats("tsize", "birth").print_stats(limit=50))
        self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).print_summary())

    def test_annotations_are_the_same(self):
        for level in range(4):
            tracker = record(level)
            expected, found = [], []
            for module, into in ((theirs, expected), (ours, found)):
                module.Stats(tracker).annotate()
                into += [classes(snapshot) for snapshot in tracker.snapshots]
                for snapshot in tracker.snapshots:
                    snapshot.classes = None
            self.assertEqual(expected, found)
            first = tracker.snapshots[0]
            self.assertIs(ours.Stats(tracker).annotate_snapshot(first), first.classes)
            self.assertEqual(classes(first), expected[0])
            # What is there is kept, and printed.
            first.classes["shop.Cart"]["active"] = 77
            self.assertIs(ours.Stats(tracker).annotate_snapshot(first), first.classes)
            self.assertIn(" 77 ", self.same(lambda m, s: m.ConsoleStats(tracker, stream=s).print_summary()))

    def test_what_pympler_writes_after_us_and_the_other_way_round(self):
        tracker = record()
        ours.Stats(tracker).annotate()
        pickled = io.BytesIO()
        theirs.Stats(tracker).dump_stats(pickled, close=False)
        written = io.BytesIO()
        ours.Stats(tracker).dump_stats(written, close=False)
        for data in (pickled, written):
            def make(module, stream):
                stats = module.ConsoleStats(stream=stream)
                data.seek(0)
                stats.load_stats(data)
                stats.sort_stats("birth").print_stats(limit=99)
                stats.print_summary()
            text = self.same(make)
            live, _ = both(lambda m, s: m.ConsoleStats(tracker, stream=s).sort_stats("birth").print_stats(limit=99))
            self.assertTrue(text.startswith(live))

    def test_a_thread_that_tracks_meanwhile(self):
        tracker = record()
        tracker.track_class(Rare, name="busy")
        stop, kept = threading.Event(), []

        def work():
            while not stop.is_set():
                kept.append(Rare())
                if len(kept) > 400:
                    del kept[:300]
                if len(kept) % 100 == 0:
                    tracker.create_snapshot()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            end = time.monotonic() + 2
            rounds = 0
            while time.monotonic() < end:
                stream = io.StringIO()
                stats = ours.ConsoleStats(tracker, stream=stream)
                stats.sort_stats("size").print_stats(limit=20)
                stats.print_summary()
                stats.dump_stats(io.BytesIO())
                rounds += 1
        finally:
            stop.set()
            thread.join()
            tracker.detach_all_classes()
        self.assertGreater(rounds, 2)
        self.assertGreater(len(kept), 0)

    def test_periodic_snapshots_stop(self):
        tracker = record()
        tracker.start_periodic_snapshots(interval=0.01)
        ours.ConsoleStats(tracker, stream=io.StringIO()).print_stats()
        self.assertIsNone(tracker._periodic_thread)


class Dumps(Case):
    def test_dumps_print_the_same(self):
        count = 0
        for path in dumps():
            def make(module, stream):
                stats = module.ConsoleStats(filename=str(path), stream=stream)
                stats.sort_stats("classname", "size", "birth").print_stats(limit=10**6)
                stats.reverse_order().print_stats("a", limit=0.3)
                stats.print_summary()
            self.same(make, path.name)
            count += 1
        self.assertGreater(count, 10)

    def test_lists_and_objects_are_the_same(self):
        for path in dumps():
            expected, found = (module.Stats(filename=str(path)) for module in (theirs, ours))
            self.assertEqual(list(expected.index), list(found.index))
            self.assertEqual(expected.tracked_classes, found.tracked_classes)
            for stats in (expected, found):
                self.assertEqual(stats.sorted, [])
                stats.sort_stats("size", "birth")
                self.assertEqual(len(stats.sorted), sum(map(len, stats.index.values())))
                self.assertTrue(all(any(a is b for b in stats.index[a.classname]) for a in stats.sorted[:50]))
            for a, b in zip(expected.sorted, found.sorted):
                for name in ("classname", "name", "repr", "id", "birth", "death", "size", "tsize"):
                    self.assertEqual(getattr(a, name), getattr(b, name), (path.name, name))
                self.assertEqual(a.trace and [tuple(frame) for frame in a.trace], b.trace)
                self.assertEqual([(t, asized(s)) for t, s in a.snapshots], [(t, asized(s)) for t, s in b.snapshots])
                self.assertEqual(a.get_max_size(), b.get_max_size())
                for snapshot in expected.snapshots:
                    moment = snapshot.timestamp
                    self.assertEqual(a.get_size_at_time(moment), b.get_size_at_time(moment))
            self.assertEqual(len(expected.snapshots), len(found.snapshots))
            for a, b in zip(expected.snapshots, found.snapshots):
                for name in ("timestamp", "desc", "tracked_total", "asizeof_total", "total", "label"):
                    self.assertEqual(getattr(a, name), getattr(b, name), (path.name, name))
                self.assertEqual(getattr(a, "overhead", 0), b.overhead)
                for name in ("available", "vsz", "rss", "pagefaults", "data_segment", "os_specific"):
                    if hasattr(a.system_total, name):
                        self.assertEqual(getattr(a.system_total, name), getattr(b.system_total, name), name)
            if any(snapshot.classes for snapshot in expected.snapshots):
                continue  # Of a stale annotation we compute a fresh one.
            for stats in (expected, found):
                stats.annotate()
            for a, b in zip(expected.snapshots, found.snapshots):
                self.assertEqual(classes(a), classes(b), path.name)

    def test_changes_count(self):
        """What a program changed in the lists and objects is what is printed."""
        path = str(FIXTURES / "shop.dump")

        def drop_class(stats):
            del stats.index["shop.Cart"]

        def drop_objects(stats):
            del stats.index["shop.Cart"][3:]

        def swap(stats):
            stats.index["shop.Cart"].reverse()

        def drop_snapshots(stats):
            del stats.snapshots[1:3]

        def rename(stats):
            stats.snapshots[1].desc = "renamed"

        def own_order(stats):
            stats.sort_stats("size")
            stats.sorted[:] = stats.sorted[2:9]

        def assign(stats):
            stats.sort_stats("size")
            stats.sorted = stats.sorted[5:1:-1]

        def annotate(stats):
            stats.annotate()

        def annotate_and_change(stats):
            stats.annotate()
            stats.snapshots[0].classes = dict(stats.snapshots[0].classes)
            stats.snapshots[0].classes["shop.Cart"] = dict(sum=5, avg=2.5, pct=1.0, active=2, merged=stats.snapshots[0].classes["shop.Cart"]["merged"])

        def only_look(stats):
            stats.index, stats.snapshots, stats.sorted

        for change in (drop_class, drop_objects, swap, drop_snapshots, rename, own_order, assign, annotate, annotate_and_change, only_look):
            def make(module, stream):
                stats = module.ConsoleStats(filename=path, stream=stream)
                change(stats)
                stats.print_stats(limit=99)
                stats.print_summary()
                stats.sort_stats("birth").print_stats(limit=0.5)
                stats.reverse_order().print_stats("Product", limit=3)
                again = io.BytesIO()
                stats.dump_stats(again, close=False)
                again.seek(0)
                stats.load_stats(again)
                stats.sort_stats("birth", "name").print_stats(limit=99)
                stats.print_summary()
            self.same(make, change.__name__)

    def test_objects_are_looked_at_as_pythons(self):
        stats = ours.Stats(filename=str(FIXTURES / "shop.dump"))
        tobj = stats.index["shop.Cart"][0]
        self.assertIn("shop.Cart", repr(tobj))
        tobj.mine = 5
        self.assertEqual(tobj.mine, 5)
        with self.assertRaises(AttributeError):
            tobj.birth = 3.0
        size = tobj.snapshots[-1][1]
        self.assertIn("size", str(size))
        self.assertGreater(size.format().count("\n"), 2)
        self.assertIs(size.get("nothing", 7), 7)
        self.assertGreater(size.get("__dict__").size, 0)

    def test_without_pympler(self):
        """Nothing of Pympler is needed to load a dump."""
        program = """
import sys
sys.modules["pympler"] = None
import ctstats
stats = ctstats.ConsoleStats(filename=sys.argv[1])
stats.annotate()
merged = stats.snapshots[-1].classes["shop.Cart"]["merged"]
assert type(merged) is ctstats.Asized and merged.get("__dict__").size > 0
stats.sort_stats("size").print_stats(limit=2)
try:
    ctstats.install()
except ImportError:
    print("no pympler")
"""
        run = subprocess.run([sys.executable, "-c", program, str(FIXTURES / "shop.dump")], capture_output=True, text=True, check=True)
        self.assertTrue(run.stdout.startswith("shop.Cart "), run.stdout)
        self.assertTrue(run.stdout.endswith("no pympler\n"), run.stdout)

    def test_files_are_left_behind_the_dump(self):
        data = (FIXTURES / "shop.dump").read_bytes()
        file = io.BytesIO(b"before" + data + data + b"rest")
        file.seek(6)
        for _ in range(2):
            ours.Stats().load_stats(file)
        self.assertEqual(file.read(), b"rest")
        packed = io.BytesIO(gzip.compress(data))
        stats = ours.Stats()
        stats.load_stats(packed)
        self.assertEqual(len(stats.index), 3)

        class Pipe:
            def __init__(self):
                self.read = io.BytesIO(data).read

        stats.load_stats(Pipe())
        stats.load_stats(FIXTURES / "shop.dump")
        self.assertEqual(sum(map(len, stats.index.values())), 44)

    def test_native_files_load_too(self):
        (native,) = sorted((FIXTURES / "native").glob("*shop*"))[:1] or [None]
        if native is None:
            native = next(path for path in sorted((FIXTURES / "native").iterdir()) if path.is_file())
        self.assertTrue(ours.Stats(filename=native).index)

    def test_dump_stats_closes_as_asked_and_replaces_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "dump.dat")
            stats = ours.Stats(filename=str(FIXTURES / "shop.dump"))
            stats.dump_stats(str(path))
            first = path.read_bytes()
            self.assertEqual(list(pickle.loads(first)), list(stats.index))
            # Onto the file that it was loaded from.
            ours.Stats(filename=path).dump_stats(path)
            self.assertEqual(path.read_bytes(), first)
            for close in (True, False):
                file = open(path, "wb")
                stats.dump_stats(file, close=close)
                self.assertEqual(file.closed, close)
                file.close()
                self.assertEqual(path.read_bytes(), first)
            with self.assertRaises(OSError) as caught:
                stats.dump_stats(os.path.join(folder, "none", "dump.dat"))
            self.assertIn("none", str(caught.exception))
            self.assertEqual(os.listdir(folder), ["dump.dat"])


class Faults(Case):
    def test_errors_are_those_of_the_command(self):
        with self.assertRaises(FileNotFoundError) as caught:
            ours.Stats(filename="/nowhere/at.all")
        self.assertEqual(caught.exception.filename, "/nowhere/at.all")
        with self.assertRaises(IsADirectoryError):
            ours.Stats(filename=str(FIXTURES))
        checked = 0
        for path in sorted((FIXTURES / "invalid").iterdir()):
            if not path.is_file() or path.stat().st_size > 1 << 20 or path.suffix in (".md", ".txt"):
                continue
            run = subprocess.run([*COMMAND, "info", str(path)], capture_output=True, text=True)
            if run.returncode != 1:
                continue
            with self.assertRaises(ours.Error, msg=path.name) as caught:
                ours.Stats(filename=str(path))
            error = caught.exception
            (line,) = [line for line in run.stderr.splitlines() if str(path) in line]
            # The command names its own way out.
            self.assertIn(str(error).split("; --salvage")[0], line)
            self.assertEqual(error.file, str(path))
            if error.offset is not None:
                self.assertIn("at byte %d" % error.offset, str(error))
            with self.assertRaises(ours.Error) as caught:
                ours.Stats().load_stats(io.BytesIO(path.read_bytes()))
            self.assertTrue(str(caught.exception).startswith("input: "), caught.exception)
            checked += 1
        self.assertGreater(checked, 20)

    def test_arguments(self):
        stats = ours.ConsoleStats(filename=str(FIXTURES / "shop.dump"), stream=io.StringIO())
        for keys in (("name", "classn"), (42,), ("size", None)):
            with self.assertRaises(ValueError):
                stats.sort_stats(*keys)
        with self.assertRaises(ValueError):
            stats.style = "fancy"
        with self.assertRaises(ValueError):
            ours.Stats(style=None)
        for limit in ("3", [1]):
            with self.assertRaises(TypeError):
                stats.print_stats(limit=limit)
        for limit, error in ((float("nan"), ValueError), (float("inf"), OverflowError)):
            with self.assertRaises(error):
                stats.print_stats(limit=limit)
        with self.assertRaises(TypeError):
            stats.print_stats(5)
        with self.assertRaises(TypeError):
            stats.load_stats(io.StringIO("text"))
        self.assertEqual(stats.stream.getvalue(), "")

    def test_exceptions_of_streams_come_through(self):
        class Full:
            def __init__(self, blocks):
                self.blocks = blocks

            def write(self, text):
                self.blocks -= 1
                if self.blocks < 0:
                    raise BlockingIOError("full")

        tracker = record()
        for make in (
            lambda stream: ours.ConsoleStats(tracker, stream=stream),
            lambda stream: ours.ConsoleStats(filename=str(FIXTURES / "shop.dump"), stream=stream),
        ):
            stats = make(Full(0))
            for call in (stats.print_stats, stats.print_summary, lambda: stats.print_object(stats.sorted[0])):
                with self.assertRaisesRegex(BlockingIOError, "^full$"):
                    call()
        with self.assertRaisesRegex(BlockingIOError, "full"):
            stats.dump_stats(Full(0))
        with self.assertRaises(TypeError):
            make(io.BytesIO()).print_summary()

        class Broken(io.BytesIO):
            def read(self, size=-1):
                raise KeyError("broken")

        with self.assertRaises(KeyError):
            ours.Stats().load_stats(Broken())

    def test_text_is_written_in_blocks(self):
        class Blocks(list):
            write = list.append

        blocks = Blocks()
        stats = ours.ConsoleStats(filename=str(FIXTURES / "leaky_shop.dump"), stream=blocks)
        for _ in range(4):
            stats.print_stats(limit=10**6)
        whole = io.StringIO()
        theirs.ConsoleStats(filename=str(FIXTURES / "leaky_shop.dump"), stream=whole).print_stats(limit=10**6)
        self.assertEqual("".join(blocks), 4 * whole.getvalue())
        self.assertGreater(len(blocks), 4)
        self.assertLess(max(map(len, blocks)), 1 << 20)

    def test_trackers_that_hold_something_else(self):
        tracker = record()
        (tobj, *_) = tracker.index["shop.Cart"]
        for name, wrong in (("snapshots", None), ("snapshots", [(1.0, None)]), ("birth", "x"), ("trace", [5]), ("id", None)):
            was = getattr(tobj, name)
            setattr(tobj, name, wrong)
            with self.assertRaises((TypeError, AttributeError, ours.Error), msg=name):
                ours.ConsoleStats(tracker, stream=io.StringIO()).print_stats(limit=99)
            setattr(tobj, name, was)
        size = tobj.snapshots[-1][1]
        size.refs = (size,)
        with self.assertRaises(RecursionError):
            ours.ConsoleStats(tracker, stream=io.StringIO()).print_stats(limit=99)
        deep = size
        for _ in range(5000):
            deep.refs = (pympler.asizeof.Asized(1, 1, (), "x"),)
            deep = deep.refs[0]
        with self.assertRaises(RecursionError):
            ours.ConsoleStats(tracker, stream=io.StringIO()).print_stats(limit=99)

    @unittest.skipUnless(hasattr(os, "fork"), "a system without fork")
    def test_fork_after_import(self):
        stats = ours.ConsoleStats(filename=str(FIXTURES / "shop.dump"), stream=io.StringIO())
        child = os.fork()
        if child == 0:
            try:
                stats.sort_stats("size").print_stats(limit=9)
                ours.Stats(filename=str(FIXTURES / "leaky_shop.dump")).sort_stats()
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_import_brings_only_what_it_needs(self):
        # What is slow to import waits until it is used: no timing here, machines differ.
        program = "import sys, ctstats; print(*sorted(sys.modules))"
        loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
        slow = {"asyncio", "dataclasses", "inspect", "pandas", "polars", "pyarrow", "pympler"}
        self.assertEqual(slow & set(loaded), set())

    def test_other_threads_run_while_a_dump_is_loaded(self):
        data = gzip.decompress((FIXTURES / "many_classes.dump.gz").read_bytes())
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "dump.dat")
            Path(path).write_bytes(data)
            ticks, stop = [0], threading.Event()

            def tick():
                while not stop.is_set():
                    ticks[0] += 1
                    time.sleep(0.0005)

            thread = threading.Thread(target=tick)
            thread.start()
            start = time.monotonic()
            while time.monotonic() - start < 0.5:
                ours.Stats(filename=path).sort_stats()
            stop.set()
            thread.join()
        self.assertGreater(ticks[0], 50)


class Subclasses(Case):
    def test_own_print_object(self):
        def make(module, stream):
            class Brief(module.ConsoleStats):
                def print_object(self, tobj):
                    self.stream.write("%s %s %d %d\n" % (tobj.classname, tobj.name, tobj.size, len(self.index)))
                    if tobj is self.sorted[0]:
                        super().print_object(tobj)

            for stats in (Brief(tracker, stream=stream), Brief(filename=str(FIXTURES / "shop.dump"), stream=stream)):
                stats.sort_stats("size", "birth").print_stats(limit=6)
                stats.print_stats("Order", limit=0.1)
                stats.print_summary()

        tracker = record()
        self.same(make)

    def test_own_annotations(self):
        def make(module, stream):
            class Active(module.ConsoleStats):
                def annotate_snapshot(self, snapshot):
                    classes = super().annotate_snapshot(snapshot)
                    for figures in classes.values():
                        figures["active"] = 7
                    return classes

            Active(filename=str(FIXTURES / "shop.dump"), stream=stream).print_summary()

        text = self.same(make)
        self.assertIn("          7 ", text)

    def test_single_objects(self):
        tracker = record()

        def make(module, stream):
            stats = module.ConsoleStats(tracker, stream=stream)
            for tobj in stats.index["shop.Cart"]:
                stats.print_object(tobj)

        self.same(make)


class Installed(Case):
    def tearDown(self):
        ours.uninstall()

    def test_trackers_give_ours_and_pymplers_again(self):
        stream = io.StringIO()
        tracker = ClassTracker(stream)
        ours.uninstall()
        self.assertIs(type(tracker.stats), theirs.ConsoleStats)
        for _ in range(2):
            ours.install()
            self.assertIs(type(tracker.stats), ours.ConsoleStats)
        self.assertIs(tracker.stats.stream, stream)
        self.assertIs(tracker.stats.tracker, tracker)
        self.assertIs(tracker.stats.history, tracker.history)
        for _ in range(2):
            ours.uninstall()
            self.assertIs(type(tracker.stats), theirs.ConsoleStats)


class Tables(Case):
    def test_tables_are_those_of_the_command(self):
        path = str(FIXTURES / "leaky_shop.dump")

        def command(*words):
            return subprocess.run([*COMMAND, *words, "--width", "120"], capture_output=True, text=True, check=True).stdout

        def table(make, **of):
            stream = io.StringIO()
            make(ours.ConsoleStats(stream=stream, style="table", **of))
            return stream.getvalue()

        self.assertEqual(table(lambda stats: stats.print_stats(), filename=path), command("print", path))
        self.assertEqual(
            table(lambda stats: stats.sort_stats("size").print_stats("Cart", 5), filename=path),
            command("print", path, "--sort", "size", "--class", "Cart", "--limit", "5"),
        )
        self.assertEqual(table(lambda stats: stats.print_summary(), filename=path), command("summary", path))
        # The same of a tracker, and of what a program changed.
        tracker = record()
        with tempfile.TemporaryDirectory() as folder:
            dump = os.path.join(folder, "dump.dat")
            theirs.Stats(tracker).dump_stats(dump)
            self.assertEqual(
                table(lambda stats: stats.sort_stats("size").print_stats("Cart", 5), tracker=tracker),
                command("print", dump, "--sort", "size", "--class", "Cart", "--limit", "5"),
            )
            self.assertEqual(table(lambda stats: stats.print_summary(), tracker=tracker), command("summary", dump))

    def test_the_style_can_change(self):
        stats = ours.ConsoleStats(filename=str(FIXTURES / "checkpoint_late.dump"), stream=io.StringIO())
        stats.style = "table"
        stats.print_summary()
        stats.style = "pympler"
        before = stats.stream.tell()
        stats.print_summary()
        self.assertTrue(stats.stream.getvalue()[before:].startswith("---- SUMMARY"))


class Html(Case):
    def test_reports(self):
        tracker = record()
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, "report.html")
            for stats in (ours.HtmlStats(tracker), ours.HtmlStats(filename=str(FIXTURES / "markup.dump"))):
                stats.create_html(page, title="<Carts> & co")
                text = Path(page).read_text(encoding="utf-8")
                self.assertIn("<h1>&#60;Carts&#62; &#38; co</h1>", text.replace("&lt;", "&#60;").replace("&gt;", "&#62;").replace("&amp;", "&#38;"))
            self.assertEqual(sorted(os.listdir(folder)), ["report.html", "report_files"])
            # Somebody's own file is in the way.
            Path(folder, "report_files", "mine.html").write_text("mine")
            with self.assertRaises(OSError) as caught:
                ours.HtmlStats(tracker).create_html(page)
            self.assertIn("mine.html", str(caught.exception))


class Command(Case):
    def test_python_m_is_the_command(self):
        for words in (["--version"], ["summary", str(FIXTURES / "shop.dump")], ["summary", "/nowhere"], ["wrong"]):
            runs = [subprocess.run([*start, *words], capture_output=True) for start in (COMMAND, [sys.executable, "-m", "ctstats"])]
            self.assertEqual(*[(run.returncode, run.stdout, run.stderr) for run in runs])
        self.assertEqual(subprocess.check_output([*COMMAND, "--version"], text=True).split()[1], ours.__version__)

    def test_the_command_is_no_python(self):
        with open(COMMAND[0], "rb") as program:
            self.assertNotEqual(program.read(2), b"#!")

    def test_closed_pipes_are_no_error(self):
        for start in (COMMAND, [sys.executable, "-m", "ctstats"]):
            run = subprocess.Popen([*start, "print", str(FIXTURES / "leaky_shop.dump")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            run.stdout.readline()
            run.stdout.close()
            self.assertEqual(run.stderr.read(), b"")
            run.stderr.close()
            self.assertEqual(run.wait(), 0)


def command():
    """The command that is installed beside this Python; with CTSTATS the one to take instead."""
    import sysconfig

    name = "ctstats.exe" if os.name == "nt" else "ctstats"
    return [os.environ.get("CTSTATS") or os.path.join(sysconfig.get_path("scripts"), name)]


COMMAND = command()

if __name__ == "__main__":
    unittest.main(warnings="ignore")
