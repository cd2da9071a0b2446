"""Analyzes the memory dumps that Python programs record with Pympler's ``ClassTracker``."""

from ctstats._ctstats import __version__

__all__ = ["__version__"]
