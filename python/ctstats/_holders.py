"""Who keeps an object alive, as an expression that leads to it: ``shop.SESSIONS['ann'].cart``."""

import functools
import gc
import reprlib
import sys
import threading
import types

_MAX_STEPS = 12
# Objects that one step goes on from.
_MAX_WIDTH = 200
# Attributes through which objects of Python itself and of its library hold others.
_ATTRIBUTES = (
    "__self__", "__defaults__", "__kwdefaults__", "__closure__", "__wrapped__", "cell_contents", "func", "args", "keywords",
    "gi_frame", "cr_frame", "ag_frame", "tb_frame", "tb_next", "f_back", "__traceback__", "__context__", "__cause__", "fget",
    "fset", "fdel", "__func__",
)  # fmt: skip

# Modules that hold what threads and event loops work on until they are done.
_WORKERS = ("threading.", "concurrent.", "asyncio.", "multiprocessing.", "queue.")


class Holder:
    """What was found of an object.

    text: how a module, a class or a running call leads to it, as an expression, or else a sentence
    on how far the search came; None if nothing is known to hold it. expected: the name of a holder of
    which the caller knows; None if there is none. is_root: whether the text begins with a name that
    stays, of a module or a class; not that of something at work.
    """

    def __init__(self, text, expected, is_root):
        self.text = text
        self.expected = expected
        self.is_root = is_root


def find_holder(target, ignored=(), expected=lambda one: None):
    """Looks for what keeps an object alive.

    ignored: lists and other containers of the caller, which hold the object meanwhile. expected: gives
    the name of an object that may hold it, None for others; the search does not go on from it.
    """
    return _Search(target, ignored, expected).run()


class _Search:
    def __init__(self, target, ignored, expected):
        self.target = target
        self.expected_name = expected
        self.expected = None
        self.seen = {id(target), id(self), id(vars(self))} | {id(one) for one in ignored}
        modules = [(name, module) for name, module in list(sys.modules.items()) if isinstance(module, types.ModuleType)]
        self.modules = {id(vars(module)): name for name, module in modules}

    def run(self):
        # (object, the expression behind it that leads to the target, and the key below which it is
        # if the object is a dict: it may be that of an object's attributes)
        layers = [[(self.target, "", None)]]
        self.seen.add(id(layers))
        while layers[-1] and len(layers) <= _MAX_STEPS:
            layer, root = self._outwards(layers[-1])
            if root is not None:
                return Holder(root, self.expected, not root.startswith(_WORKERS))
            layers.append(layer)
        if self.expected is not None:
            return Holder(None, self.expected, False)
        # Last, since it looks into calls that may go on at any moment.
        variables = _variables_of_threads()
        reached = None
        for one, path, _ in (entry for layer in layers for entry in layer):
            reached = (one, path)
            if id(one) in variables:
                return Holder(variables[id(one)] + (path and ", as %s" % path), None, False)
        if len(layers) == 2 and not layers[1]:
            return Holder(None, None, False)
        owner, path = reached
        return Holder("<%s>%s, for which no name was found" % (_type_name(owner), path), None, False)

    def _outwards(self, layer):
        """What refers to the objects of a layer; and an expression as soon as one begins with a name."""
        objects = [one for one, _, _ in layer]
        # What this search itself holds, and the calls that led here.
        self.seen |= {id(objects), id(layer)} | {id(entry) for entry in layer} | _calls()
        further = []
        for referrer in gc.get_referrers(*objects):
            if id(referrer) in self.seen:
                continue
            self.seen.add(id(referrer))
            name = self.expected_name(referrer)
            if name is not None:
                self.expected = self.expected or name
                continue
            for entry in layer:
                step = self._step(referrer, *entry)
                if isinstance(step, str):
                    return [], step
                if step is not None:
                    further.append(step)
                    break
            if len(further) >= _MAX_WIDTH:
                break
        return further, None

    def _step(self, referrer, one, path, key):
        """How a referrer leads to an object: a text if it has a name, else an entry of the next layer;
        None if it does not refer to this object."""
        if _is(referrer, dict):
            found = next((key for key, value in list(dict.items(referrer)) if value is one), None)
            module = self.modules.get(id(referrer))
            if module is not None:
                return None if found is None else "%s.%s%s" % (module, found, path)
            if found is not None:
                return referrer, "[%s]%s" % (_key(found), path), found if type(found) is str else None
            if any(item is one for item in list(dict.keys(referrer))):
                return referrer, " → a key%s" % path, None
        elif _is(referrer, (set, frozenset)):
            return referrer, " → an element%s" % path, None
        elif _is(referrer, type):
            return _of_class(referrer, one, path, key)
        elif _is(referrer, types.FrameType):
            return _of_frame(referrer, one, path, "")
        elif _is(referrer, functools._lru_cache_wrapper):
            return "the cache of %s.%s" % (referrer.__module__, getattr(referrer, "__qualname__", "?"))
        elif _is(referrer, types.ModuleType) and key is not None:
            return "%s.%s%s" % (referrer.__name__, key, _behind(path, key))
        return _of_object(referrer, one, path, key)


def _is(one, kinds):
    """isinstance, without asking the object: proxies answer for others, and some begin to work."""
    return issubclass(type(one), kinds)


def _key(key):
    return reprlib.repr(key) if type(key) in (str, bytes, int, float, bool, type(None)) else "<%s>" % _type_name(key)


def _calls():
    """The calls that are going on in this thread."""
    calls = set()
    frame = sys._getframe(1)
    while frame is not None:
        calls.add(id(frame))
        frame = frame.f_back
    return calls


def _variables_of_threads():
    """The variables of what other threads are at, by the id of their values."""
    variables = {}
    for thread, frame in sys._current_frames().items():
        if thread == threading.get_ident():
            continue
        while frame is not None:
            for name, value in list(frame.f_locals.items()):
                where = (name, frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno)
                variables[id(value)] = "the variable %s of %s (%s:%d), which runs in a thread" % where
            frame = frame.f_back
    return variables


def _behind(path, key):
    """What follows the item of a dict that turned out to be that of an object's attributes."""
    return path[len("[%s]" % _key(key)) :]


def _type_name(one):
    kind = type(one)
    return kind.__qualname__ if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__qualname__)


def _of_class(cls, one, path, key):
    name = "%s.%s" % (cls.__module__, cls.__qualname__)
    if key is not None and key in vars(cls):
        # A class refers to the dict of its attributes, which nobody else sees.
        return "%s.%s%s" % (name, key, _behind(path, key))
    found = next((attribute for attribute, value in list(vars(cls).items()) if value is one), None)
    return None if found is None else "%s.%s%s" % (name, found, path)


def _of_frame(frame, one, path, before):
    found = next((name for name, value in list(frame.f_locals.items()) if value is one), None)
    return frame, before + (path if found is None else ".f_locals[%r]%s" % (found, path)), None


def _of_object(referrer, one, path, key):
    """Anything that refers to an object, by an attribute or an index if there is one."""
    if _is(referrer, (list, tuple)):
        items = list.__iter__(referrer) if _is(referrer, list) else tuple.__iter__(referrer)
        index = next((index for index, item in enumerate(items) if item is one), None)
        if index is not None:
            return referrer, "[%d]%s" % (index, path), None
    for name in ("gi_frame", "cr_frame", "ag_frame"):
        if _is(referrer, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)):
            frame = getattr(referrer, name, None)
            if frame is not None and frame is not one:
                _, step, _ = _of_frame(frame, one, path, "." + name)
                return referrer, step, None
    try:
        attributes = object.__getattribute__(referrer, "__dict__")
    except AttributeError:
        attributes = {}
    if one is attributes and key is not None:
        return referrer, ".%s%s" % (key, _behind(path, key)), None
    if isinstance(attributes, dict):
        found = next((name for name, value in list(attributes.items()) if value is one), None)
        if found is not None:
            return referrer, ".%s%s" % (found, path), None
    name = _slot(referrer, one)
    if name is not None:
        return referrer, ".%s%s" % (name, path), None
    if any(referent is one for referent in gc.get_referents(referrer)):
        return referrer, " → <%s>%s" % (_type_name(one), path), None
    return None


def _slot(referrer, one):
    """The slot, or the attribute that Python itself gives an object, that refers to another."""
    for cls in type(referrer).__mro__:
        for name, slot in list(vars(cls).items()):
            if isinstance(slot, (types.MemberDescriptorType, types.GetSetDescriptorType)):
                if isinstance(slot, types.GetSetDescriptorType) and name not in _ATTRIBUTES:
                    continue
                try:
                    if slot.__get__(referrer) is one:
                        return name
                except Exception:  # Empty; or C says that it cannot be asked now.
                    continue
    return None
