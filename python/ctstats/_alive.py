"""Which instances of some classes come to be, and which of them are still alive.

Keeps nothing alive: instances are known by weak references, and where they were created by code
objects and line numbers, not by frames.
"""

import functools
import gc
import linecache
import os
import sys
import weakref

# Frames kept of where an instance was created, innermost first.
_MAX_FRAMES = 12
_OWN_FILE = __file__


class CannotTrack(Exception):
    """A class whose instances cannot be followed, with the reason."""


def full_name(cls):
    """The name by which a class is reported: with its module, unless that is the main one."""
    module = cls.__module__
    return cls.__qualname__ if module in ("__main__", "builtins") else module + "." + cls.__qualname__


class Place:
    """Where instances were created: the frames from the innermost outwards."""

    __slots__ = ("frames",)

    def __init__(self, frames):
        # (code, line) each.
        self.frames = frames

    def __eq__(self, other):
        return self.frames == other.frames

    def __hash__(self):
        return hash(self.frames)

    def lines(self):
        """One text a frame: file, line, function and the source line."""
        lines = []
        for code, number in self.frames:
            path = _short(code.co_filename)
            source = linecache.getline(code.co_filename, number).strip()
            lines.append("%s:%d in %s%s" % (path, number, code.co_name, source and ":  " + source))
        return lines


def _short(path):
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith("..") else relative


class _Instance:
    """An instance that was created: a weak reference, its place, and whether it is to be overlooked."""

    __slots__ = ("is_expected", "place", "reference")

    def __init__(self, reference, place, is_expected):
        self.reference = reference
        self.place = place
        self.is_expected = is_expected


class Tracking:
    """Follows the instances of classes from ``start`` to ``stop``.

    classes: the classes; an instance of a subclass counts as one of each of its bases here.
    is_outermost: says of a frame's code whether frames further out are of no interest.
    """

    def __init__(self, classes, is_outermost):
        self.classes = tuple(classes)
        self._is_outermost = is_outermost
        self._created = []
        self._before = []
        self._originals = []
        self._expecting = 0
        for cls in self.classes:
            _refuse(cls)

    def start(self):
        """From now on instances are noticed as they are created."""
        self._before = [weakref.ref(instance) for instance in self._in_memory()]
        for cls in self.classes:
            own = vars(cls).get("__init__")
            self._originals.append((cls, own, self._hook(cls)))

    def stop(self):
        """The classes are as before."""
        for cls, own, hook in reversed(self._originals):
            # Somebody else may have wrapped it meanwhile; then ours stays below, and only passes on.
            if vars(cls).get("__init__") is hook:
                if own is None:
                    del cls.__init__
                else:
                    cls.__init__ = own
            hook.ctstats_tracking = None
        self._originals = []

    def expect(self):
        """From now on until ``unexpect`` what is created is meant to stay."""
        self._expecting += 1

    def unexpect(self):
        self._expecting -= 1
        if not self._expecting:
            # Copies and unpickled instances are created without __init__.
            known = self._known()
            self._before += [weakref.ref(one) for one in self._in_memory() if id(one) not in known]

    def survivors(self):
        """The instances that came to be since ``start`` and are alive: a list of (instance, place),
        where the place is None if the instance was copied, unpickled, or otherwise made without the
        class's ``__init__``.
        The list holds the instances: drop it soon."""
        expected = {id(one) for one in map(_call, self._before) if one is not None}
        found = {}
        for created in self._created:
            instance = created.reference()
            if instance is None:
                continue
            if created.is_expected:
                expected.add(id(instance))
            elif id(instance) not in found:
                found[id(instance)] = (instance, created.place)
        for instance in self._in_memory():
            if id(instance) not in expected and id(instance) not in found:
                found[id(instance)] = (instance, None)
        return [pair for key, pair in found.items() if key not in expected]

    def _known(self):
        known = {id(one) for one in map(_call, self._before) if one is not None}
        return known | {id(one) for one in (created.reference() for created in self._created) if one is not None}

    def _in_memory(self):
        """The instances that the garbage collector knows."""
        kinds = {}
        new = list(self.classes)
        while new:
            kind = new.pop()
            if id(kind) not in kinds:
                kinds[id(kind)] = kind
                new += type.__subclasses__(kind)
        # The type is asked, not the object: proxies answer for others.
        try:
            hashed = frozenset(kinds.values())
            return [one for one in gc.get_objects() if type(one) in hashed]
        except TypeError:  # A metaclass of which classes cannot be hashed; the ids take longer.
            return [one for one in gc.get_objects() if id(type(one)) in kinds]

    def _hook(self, cls):
        original = cls.__init__
        # object.__init__ refuses arguments of a class that has an __init__, as it has now. Where
        # __new__ takes them, it was not to see them.
        passes = original is not object.__init__ or cls.__new__ is object.__new__

        @functools.wraps(original)
        def __init__(*args, **kwargs):
            __tracebackhide__ = True
            tracking = __init__.ctstats_tracking
            if tracking is not None and args:
                tracking._notice(args[0], sys._getframe(1))
            if passes:
                return original(*args, **kwargs)

        __init__.ctstats_tracking = self
        cls.__init__ = __init__
        return __init__

    def _notice(self, instance, frame):
        if not any(cls is base for base in type(instance).__mro__ for cls in self.classes):
            return  # Somebody borrowed __init__ for another class.
        frames = []
        is_expected = self._expecting > 0
        while frame is not None and not self._is_outermost(frame.f_code):
            code = frame.f_code
            # A module is being imported: what its top level creates is created once.
            is_expected |= code.co_name == "<module>"
            # A subclass that is tracked as well comes through here twice.
            if len(frames) < _MAX_FRAMES and code.co_filename != _OWN_FILE:
                frames.append((code, frame.f_lineno))
            frame = frame.f_back
        self._created.append(_Instance(weakref.ref(instance), Place(tuple(frames)), is_expected))


def _call(reference):
    return reference()


def _refuse(cls):
    name = full_name(cls)
    if not cls.__weakrefoffset__:
        raise CannotTrack("%s cannot be tracked: its instances take no weak references" % name)
    own = vars(cls).get("__init__")
    try:
        cls.__init__ = cls.__init__ if own is None else own
        if own is None:
            del cls.__init__
    except (AttributeError, TypeError) as error:
        raise CannotTrack("%s cannot be tracked: %s" % (name, error)) from None
