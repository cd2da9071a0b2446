"""A module that a test imports first, and that creates something when it is imported."""

from shop import Cart


def _make(depth):
    return _make(depth - 1) if depth else Cart("house")


HOUSE = _make(20)
