"""Pympler's ``Stats``, ``ConsoleStats`` and ``HtmlStats``.

What is computed, sorted and printed is done by the compiled part, on a *recording*: a dump in memory
that was loaded from a file, or that is walked out of a tracker when something is asked. This file
keeps what programs of Pympler's classes see: lists, dicts and objects that they may read and change.
"""

import os
import sys

from ctstats._ctstats import Recording, TrackedObject

_KEYS = ("classname", "tsize", "birth", "death", "name", "repr", "size")
_STYLES = ("pympler", "table")


class Asized:
    """The size of an object and of what it refers to, as Pympler's ``asizeof.Asized``.

    size: bytes with all that it refers to, as int. flat: bytes without. name: its name or repr, as
    str, or None. refs: its referents, a tuple of ``Asized``.
    """

    __slots__ = ("flat", "name", "refs", "size")

    def __init__(self, size, flat, refs=(), name=None):
        self.size = size
        self.flat = flat
        self.name = name
        self.refs = tuple(refs)

    def __str__(self):
        return "size %r, flat %r, refs[%d], name %r" % (self.size, self.flat, len(self.refs), self.name)

    def format(self, format="%(name)s size=%(size)d flat=%(flat)d", depth=-1, order_by="size", indent=""):
        """The size and its referents as lines of text, ``depth`` levels of them; -1 for all."""
        lines = [indent + format % {"size": self.size, "flat": self.flat, "name": self.name}]
        if depth and self.refs:
            falling = order_by in ("size", "flat")
            for ref in sorted(self.refs, key=lambda ref: getattr(ref, order_by), reverse=falling):
                lines.append(ref.format(format, depth - 1, order_by, indent + "    "))
        return "\n".join(lines)

    def get(self, name, dflt=None):
        """The referent of this name, or ``dflt``."""
        return next((ref for ref in self.refs if ref.name == name), dflt)


def _asized_class():
    """Pympler's own class in programs that use Pympler, else ours, which has the same attributes."""
    asizeof = sys.modules.get("pympler.asizeof")
    return asizeof.Asized if asizeof is not None else Asized


class ProcessMemory:
    """What the operating system said of the process at a snapshot, as Pympler's ``ProcessMemoryInfo``.

    vsz: virtual size, rss: resident size, and the segments, in bytes, as int; None where the dump
    does not say. available: whether the platform gave figures at all.
    """

    def __init__(self, available, vsz, rss, pid, pagefaults, data, code, shared, stack, os_specific):
        self.available = available
        self.vsz = vsz
        self.rss = rss
        self.pid = pid
        self.pagefaults = pagefaults
        self.data_segment = data
        self.code_segment = code
        self.shared_segment = shared
        self.stack_segment = stack
        self.os_specific = os_specific

    def __repr__(self):
        return "<%s vsz=%d rss=%d>" % (type(self).__name__, self.vsz, self.rss)


class Snapshot:
    """A snapshot of a dump, as Pympler's ``Snapshot``.

    timestamp: seconds since tracking began, as float. desc: its description, as str. tracked_total,
    asizeof_total, overhead: bytes, as int. system_total: the process, a ``ProcessMemory``. classes:
    what ``Stats.annotate_snapshot`` computed, or None.
    """

    def __init__(self, timestamp, desc, tracked_total, asizeof_total, overhead, system_total):
        self.timestamp = timestamp
        self.desc = desc
        self.tracked_total = tracked_total
        self.asizeof_total = asizeof_total
        self.overhead = overhead
        self.system_total = system_total
        self.classes = None
        # What it was when it was loaded, and a copy of what was computed of it: to see whether that
        # was changed.
        self._recorded = self._figures()
        self._computed = None

    def _figures(self):
        process = self.system_total
        return (
            self.timestamp,
            self.desc,
            self.tracked_total,
            self.asizeof_total,
            self.overhead,
            process,
            *vars(process).values(),
        )

    def _is_as_recorded(self):
        return self.classes in (None, self._computed) and self._figures() == self._recorded

    @property
    def total(self):
        """What shares are of, in bytes: the process's virtual size, or the next best figure."""
        if self.system_total.available:
            return self.system_total.vsz
        return self.asizeof_total or self.tracked_total

    @property
    def label(self):
        """Its description and time, as text."""
        time = "%.3fs" % self.timestamp
        return "%s (%s)" % (self.desc, time) if self.desc else time


class Stats:
    """The statistics of a tracker, or of a file that ``dump_stats`` wrote.

    tracker: a ``ClassTracker`` of Pympler. filename: a dump to load; plain, gzip, zstd and xz files,
    and files of ctstats' own format. stream: where to print, anything with ``write(str)``;
    ``sys.stdout`` if there is none. style: ``"pympler"`` prints what Pympler 1.1 prints, byte for
    byte; ``"table"`` prints the tables of the command ctstats, and counts sizes by its rules.

    A tracker is read when something is asked of it. Other threads may use it meanwhile: what is
    printed is the state of one moment.
    """

    def __init__(self, tracker=None, filename=None, stream=None, *, style="pympler"):
        self._recording = None
        self._index = {}
        self._snapshots = []
        self._loaded_snapshots = None
        self._sorted = []
        self.style = style
        self.stream = sys.stdout if stream is None else stream
        self.tracker = tracker
        if tracker is not None:
            self._index = tracker.index
            self._snapshots = tracker.snapshots
            self.history = tracker.history
        if filename:
            self.load_stats(filename)

    # What a recording holds is shown to Python only when it is asked for. What was shown may have
    # been changed, so from then on it is compared.

    @property
    def style(self):
        """``"pympler"`` or ``"table"``. Raises ValueError if it is set to something else."""
        return self._style

    @style.setter
    def style(self, style):
        if style not in _STYLES:
            raise ValueError("the style is %r; it can be %s" % (style, " or ".join(map(repr, _STYLES))))
        self._style = style
        if self._recording is not None:
            self._recording.use_rules(self._is_pympler())

    @property
    def index(self):
        """The tracked objects: a dict of registered class names to lists."""
        if self._index is None:
            self._index = self._recording.index(_asized_class())
        return self._index

    @index.setter
    def index(self, index):
        self._index = index

    @property
    def snapshots(self):
        """The snapshots, a list."""
        if self._snapshots is None:
            self._snapshots = self._recording.snapshots(Snapshot, ProcessMemory)
            self._loaded_snapshots = list(self._snapshots)
        return self._snapshots

    @snapshots.setter
    def snapshots(self, snapshots):
        self._snapshots = snapshots

    @property
    def sorted(self):
        """The tracked objects in the order of the last sort, a list; empty if they were not sorted."""
        if self._sorted is None:
            self._sorted = self._in_order(self._recording)
        return self._sorted

    @sorted.setter
    def sorted(self, objects):
        self._sorted = objects

    def load_stats(self, fdump):
        """Loads a dump.

        fdump: its name, as str or path, or a file that is open in binary mode; that is left behind
        the dump, as ``pickle.load`` leaves it, if it can seek. Nothing in it is executed.

        Raises ``OSError`` if it cannot be opened (``FileNotFoundError`` if there is none), and
        ``ctstats.Error`` if it is no dump, or a damaged one.
        """
        if isinstance(fdump, (str, os.PathLike)):
            # By its full name, since "-" alone means standard input.
            name = os.fspath(fdump)
            recording = Recording.load(os.path.join(os.curdir, name) if name == "-" else name, self._is_pympler())
        else:
            start = fdump.tell() if _can_seek(fdump) else None
            recording, size = Recording.read(fdump, self._is_pympler())
            if start is not None and size is not None:
                fdump.seek(start + size)
        self._recording = recording
        self._index = self._snapshots = self._loaded_snapshots = self._sorted = None

    def dump_stats(self, fdump, close=True):
        """Writes a dump that Pympler and ctstats load.

        fdump: its name, as str or path, or a file that is open for writing in binary mode; that is
        closed afterwards unless ``close`` is false. A file of that name is replaced whole, or stays
        as it is.
        """
        self._stop_periodic_snapshots()
        recording = self._whole()
        if isinstance(fdump, (str, os.PathLike)):
            recording.save_pickles(fdump)
            return
        recording.write_pickles(fdump)
        if close:
            fdump.close()

    def sort_stats(self, *args):
        """Sorts the tracked objects by these keys in turn, and returns self.

        The keys: ``classname`` (as registered), ``name`` (of the object's class), ``birth``,
        ``death``, ``repr``: ascending, living objects after the dead. ``size`` (the largest) and
        ``tsize`` (during the largest snapshot): descending. Without keys: classname, tsize, birth,
        death, name, repr, size. Equal objects stay in their order.

        Raises ``ValueError`` for another key.
        """
        if not set(_KEYS).issuperset(args):
            wrong = next(key for key in args if key not in _KEYS)
            raise ValueError("Invalid sort criteria: %r is none of %s" % (wrong, ", ".join(sorted(_KEYS))))
        keys = list(args or _KEYS)
        recording = self._native(ordered=True)
        if recording is not None:
            recording.sort(keys)
            self._show_order(recording)
            return self
        self._fill_sorted()
        objects = list(self._sorted)
        recording = self._walk_sorted(keys)
        recording.sort(keys)
        self._sorted[:] = recording.arranged(objects)
        return self

    def reverse_order(self):
        """Turns the order of the tracked objects round, and returns self.

        Objects that were not sorted come in the reversed order of the index, as with Pympler.
        """
        recording = self._native(ordered=True)
        if recording is not None:
            recording.reverse()
            self._show_order(recording)
            return self
        if self._fill_sorted():
            self._walk_sorted([])
        self._sorted.reverse()
        return self

    def annotate(self):
        """Computes what ``annotate_snapshot`` computes for all snapshots."""
        snapshots = list(self.snapshots)
        if type(self).annotate_snapshot is not Stats.annotate_snapshot:
            for snapshot in snapshots:
                self.annotate_snapshot(snapshot)
            return
        # The tracker is walked once for all.
        recording = self._whole()
        for place, snapshot in enumerate(snapshots):
            if snapshot.classes is None:
                _annotate(recording, place, snapshot)

    def annotate_snapshot(self, snapshot):
        """Computes the figures of each class at a snapshot, unless they are in ``snapshot.classes``
        already; keeps them there, and returns them.

        They are a dict of registered class names to dicts: ``sum`` (bytes), ``active`` (how many
        were alive), ``avg`` (bytes), ``pct`` (percent of the process), ``merged`` (an ``Asized`` with
        the referents of all objects, merged by name).
        """
        if snapshot.classes is None:
            recording = self._native()
            at = (place for place, known in enumerate(self.snapshots) if known is snapshot)
            place = next(at, None) if recording is not None else None
            if place is None:
                recording, place = self._walk(_items(self.index), [snapshot], whole=True), 0
            _annotate(recording, place, snapshot)
        return snapshot.classes

    @property
    def tracked_classes(self):
        """The registered names of all tracked classes, sorted."""
        if self._index is None:
            return sorted(self._recording.classes())
        return sorted(self._index)

    # The ways to a recording.

    def _is_pympler(self):
        return self._style == "pympler"

    def _stop_periodic_snapshots(self):
        if self.tracker is not None:
            self.tracker.stop_periodic_snapshots()

    def _native(self, ordered=False):
        """The recording that was loaded, if what Python holds of it was not changed; None else. With
        ``ordered`` it has the order of ``sorted``."""
        recording = self._recording
        if recording is None:
            return None
        if self._index is not None and not (isinstance(self._index, dict) and recording.has(self._index)):
            return None
        if self._snapshots is not None:
            loaded = self._loaded_snapshots or ()
            if len(loaded) != len(self._snapshots) or not all(
                a is b and a._is_as_recorded() for a, b in zip(loaded, self._snapshots)
            ):
                return None
        if ordered and self._sorted is not None and not recording.take_order(self._sorted):
            return None
        return recording

    def _walk(self, index, snapshots, whole):
        return Recording.walk(index, list(snapshots), whole, self._is_pympler())

    def _whole(self):
        """A recording of everything."""
        recording = self._native()
        return recording if recording is not None else self._walk(_items(self.index), self.snapshots, whole=True)

    def _walk_sorted(self, keys=None):
        """A recording of the objects in ``sorted``, in its order; of all that is known of them, or of
        what sorting by ``keys`` needs. They get their sizes."""
        return Recording.walk_list(self._sorted, list(self.snapshots), keys, self._is_pympler())

    def _fill_sorted(self):
        """Fills ``sorted`` with all objects in the order of the index, unless it is filled already.
        Says whether it did."""
        if self.sorted:
            return False
        self._sorted = []
        for classname, objects in _items(self.index):
            for tobj in objects:
                if not isinstance(tobj, TrackedObject):
                    tobj.classname = classname
            self._sorted += objects
        return True

    def _in_order(self, recording):
        """The objects of a recording that was loaded, in its order."""
        if not recording.is_sorted:
            return []
        objects = [tobj for of_class in self.index.values() for tobj in of_class]
        return [objects[place] for place in recording.order()]

    def _show_order(self, recording):
        """Puts the order of a recording into the list that Python holds, if it does."""
        if self._sorted:
            self._sorted[:] = self._in_order(recording)
        else:
            self._sorted = None


class ConsoleStats(Stats):
    """Statistics as text."""

    def print_object(self, tobj):
        """Prints what is known of a tracked object. Subclasses may print it in their own way:
        ``print_stats`` then calls theirs."""
        recording = self._walk([("", [tobj])], [], whole=True)
        _told(recording.print_objects(self.stream, None, None, True))

    def print_stats(self, clsname=None, limit=1.0):
        """Prints the tracked objects, sorted as before or in the default order.

        clsname: only those whose registered class name contains this text. limit: below 1, this
        share of all tracked objects, at least one; else so many objects, rounded down. As with
        Pympler, the default prints one object; ``limit=len(stats.sorted)`` prints all. In the style
        ``"table"`` 1.0 is all of them, which is what Pympler documents; so is None, in both styles.

        Raises ``TypeError`` if the limit is no number; an exception of the stream's ``write`` comes
        through.
        """
        self._stop_periodic_snapshots()
        recording = self._native(ordered=True)
        if not (recording.is_sorted if recording is not None else self.sorted):
            self.sort_stats()
        is_native = recording is not None and type(self).print_object is ConsoleStats.print_object
        count = self._count(limit, len(recording) if is_native else len(self.sorted))
        if is_native:
            _told(recording.print_objects(self.stream, clsname or None, count, self._is_pympler()))
            return
        objects = self.sorted
        if clsname:
            objects = [tobj for tobj in objects if clsname in tobj.classname]
        objects = objects[:count]
        if type(self).print_object is not ConsoleStats.print_object:
            for tobj in objects:
                self.print_object(tobj)
        elif self._is_pympler():
            recording = self._walk([("", objects)], [], whole=True)
            _told(recording.print_objects(self.stream, None, None, True))
        else:
            recording = self._walk_sorted()
            _told(recording.print_objects(self.stream, clsname or None, count, False))

    def _count(self, limit, objects):
        """How many objects a limit allows; None for all."""
        if limit is None or (not self._is_pympler() and isinstance(limit, float) and limit == 1.0):
            return None
        if limit < 1.0:
            limit = max(1, int(objects * limit))
        return int(limit)

    def print_summary(self):
        """Prints the classes at each snapshot: how many were alive, bytes, average, share of the
        process."""
        if type(self).annotate_snapshot is not Stats.annotate_snapshot:
            self.annotate()
        recording = self._native()
        if recording is None:
            recording = self._walk(_items(self.index), self.snapshots, whole=False)
        recording.print_summary(self.stream, self._is_pympler())


class HtmlStats(Stats):
    """Statistics as HTML pages with graphs."""

    def create_html(self, fname, title="ClassTracker Statistics"):
        """Writes a report: the page ``fname``, and a folder beside it that is named after it
        (``report_files`` for ``report.html``). It needs no network and no other package. A report
        that was there is replaced whole, or stays as it is.

        Raises ``OSError`` if it cannot be written.
        """
        self._whole().create_html(os.fspath(fname), title)


def _items(index):
    """The classes of an index, which other threads may add to."""
    return [(name, list(objects)) for name, objects in list(index.items())]


def _annotate(recording, place, snapshot):
    snapshot.classes = recording.annotate(place, _asized_class())
    if isinstance(snapshot, Snapshot):
        snapshot._computed = {name: dict(figures) for name, figures in snapshot.classes.items()}


def _can_seek(file):
    seekable = getattr(file, "seekable", None)
    return seekable is not None and seekable()


def _told(is_cut):
    """Warns if something was left out."""
    if is_cut:
        import warnings

        what = "trees of referents that repeat themselves or are too many were cut"
        warnings.warn(what, RuntimeWarning, stacklevel=3)
