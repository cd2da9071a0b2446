"""Analyzes the memory dumps that Python programs record with Pympler's ``ClassTracker``.

``Stats``, ``ConsoleStats`` and ``HtmlStats`` stand in for Pympler's classes of these names::

    from ctstats import ConsoleStats

    stats = ConsoleStats(filename="dump.dat")
    stats.sort_stats("size").print_stats(limit=10)

``install()`` makes ``tracker.stats`` of Pympler return them too. Sizes are bytes, times are seconds
since tracking began. ``Error`` says what is wrong with a file that cannot be read.
"""

from ctstats._ctstats import Error, TrackedObject, __version__
from ctstats._install import install, uninstall
from ctstats._stats import Asized, ConsoleStats, HtmlStats, ProcessMemory, Snapshot, Stats

__all__ = [
    "Asized",
    "ConsoleStats",
    "Error",
    "HtmlStats",
    "ProcessMemory",
    "Snapshot",
    "Stats",
    "TrackedObject",
    "__version__",
    "install",
    "uninstall",
]
