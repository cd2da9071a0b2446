"""Makes Pympler's trackers give out ctstats' statistics."""

import sys

_MODULE = "pympler.classtracker"
_original = None


def install():
    """Makes ``tracker.stats`` of every Pympler ``ClassTracker`` a ``ctstats.ConsoleStats``, until
    ``uninstall()``. A second call changes nothing. Raises ``ImportError`` if there is no Pympler."""
    global _original
    import pympler.classtracker

    from ctstats._stats import ConsoleStats

    # The property `stats` makes whatever has this name in its module.
    if _original is None:
        _original = pympler.classtracker.ConsoleStats
        pympler.classtracker.ConsoleStats = ConsoleStats


def uninstall():
    """Undoes ``install()``; without it nothing happens."""
    global _original
    if _original is not None:
        sys.modules[_MODULE].ConsoleStats = _original
        _original = None
