"""Analyzes the memory dumps that Python programs record with Pympler's ``ClassTracker``.

``Stats``, ``ConsoleStats`` and ``HtmlStats`` stand in for Pympler's classes of these names::

    from ctstats import ConsoleStats

    stats = ConsoleStats(filename="dump.dat")
    stats.sort_stats("size").print_stats(limit=10)

``load`` opens a dump as data: tables for pyarrow, Polars, pandas and DuckDB, and answers as dataclasses::

    import ctstats

    dump = ctstats.load("dump.dat")
    dump.leaks().suspects
    polars.DataFrame(dump.objects(alive=True, min_size="4KiB"))

``install()`` makes ``tracker.stats`` of Pympler return them too. Sizes are bytes, times are seconds
since tracking began. ``Error`` says what is wrong with a file that cannot be read.
"""

from ctstats._ctstats import Error, TrackedObject, __version__, set_threads
from ctstats._install import install, uninstall
from ctstats._stats import Asized, ConsoleStats, HtmlStats, ProcessMemory, Snapshot, Stats

__all__ = [
    "Asized",
    "Check",
    "Column",
    "ConsoleStats",
    "Diff",
    "Dump",
    "Error",
    "HtmlStats",
    "Info",
    "Leaks",
    "ProcessMemory",
    "Snapshot",
    "Stats",
    "Summary",
    "Table",
    "TrackedObject",
    "__version__",
    "install",
    "load",
    "set_threads",
    "uninstall",
]

#: What is imported when it is first used: dataclasses and json take longer than all the rest.
_DATA = frozenset(("Check", "Column", "Diff", "Dump", "Info", "Leaks", "Summary", "Table", "load"))


def __getattr__(name):
    if name not in _DATA:
        raise AttributeError("module 'ctstats' has no attribute %r" % name)
    from ctstats import _data

    globals().update((of, getattr(_data, of)) for of in _DATA)
    return globals()[name]


def __dir__():
    return sorted(set(globals()) | _DATA)
