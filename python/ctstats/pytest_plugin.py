"""``pytest --ctstats``: a test fails if instances of chosen classes are alive after it.

    @pytest.mark.ctstats(classes=[Cart], max_alive=0)
    def test_checkout(): ...

The failure names the class, the lines that created the instances, and what holds them. Alive means:
after the teardown of the test's own fixtures, and after the garbage collector ran. What does not
count: instances from before the test, those that fixtures of a wider scope create while they are set
up, and those that a module creates while it is imported. What only such a fixture holds, or pytest
itself, is no failure. A test that failed by itself, or was skipped, is not checked.
"""

import gc
import importlib
import inspect
import os
import time
import types
import warnings

import _pytest
import pluggy
import pytest
from _pytest.runner import runtestprotocol

from ctstats._alive import CannotTrack, Tracking, full_name
from ctstats._holders import find_holder

# Seconds to wait, one after the other, for threads and event loops that are about to let go; and
# which of these is the last for instances that a name leads to.
_WAITS = (0, 0.01, 0.05, 0.2, 0.5, 1)
_WAIT_FOR_NAMES = 0.2
# Places shown for a class, instances of each whose holders are looked for, and notes at the end.
_MAX_PLACES = 5
_MAX_SEARCHES = 3
_MAX_NOTES = 10
_PYTEST = "pytest"
_CODES = {types.FrameType: "f_code", types.GeneratorType: "gi_code", types.AsyncGeneratorType: "ag_code"}
_MARKER = "ctstats(classes=[...], max_alive=0): with --ctstats, at most max_alive instances of each class may be alive after the test; None for any number"


def pytest_addoption(parser):
    group = parser.getgroup("ctstats", "instances that outlive their test")
    group.addoption("--ctstats", action="store_true", help="check tests that are marked with ctstats, or all with --ctstats-class")
    group.addoption(
        "--ctstats-class",
        action="append",
        default=[],
        metavar="NAME",
        help="check all tests for instances of this class, such as shop.models.Cart; repeatable, implies --ctstats",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", _MARKER)
    runner = _Runner(config)
    config.pluginmanager.register(runner, "ctstats-runner")
    config.pluginmanager.register(_Checks(runner), "ctstats-checks")


class _Runner:
    """Runs tests while their classes are tracked, and keeps their reports back until it is known
    what is alive after them."""

    def __init__(self, config):
        self.names = config.getoption("ctstats_class")
        self.is_on = config.getoption("ctstats") or bool(self.names)
        # The limits of the tests that have some: {class: number}, by node id.
        self.limits = {}
        self.tracking = None
        self.reports = None
        self.other_items = 0
        # Fixtures of wider scopes than a test, by the code of their functions.
        self._fixtures = {}
        self._frameworks = tuple(os.path.dirname(module.__file__) for module in (_pytest, pluggy))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Reads the marks before the first test runs, so that a wrong one is found at once."""
        classes = [_find(name) for name in self.names]
        for item in items:
            if isinstance(item, pytest.Function):
                limits = _limits(item, classes)
                if limits:
                    self.limits[item.nodeid] = limits
            elif classes:
                self.other_items += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        limits = self.limits.get(item.nodeid)
        if not limits or not self.is_on:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self.tracking = Tracking(limits, self._is_outermost)
        try:
            self.tracking.start()
            self.reports = runtestprotocol(item, log=False, nextitem=nextitem)
        finally:
            self.tracking.stop()
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        tracking = self.tracking
        if fixturedef.scope == "function":
            return (yield)
        code = getattr(inspect.unwrap(fixturedef.func), "__code__", None)
        if code is not None:
            self._fixtures[code] = fixturedef.argname
        if tracking is None:
            return (yield)
        tracking.expect()
        try:
            return (yield)
        finally:
            tracking.unexpect()

    def keeper(self, one):
        """What an object is if it may keep instances: a fixture, by its name, or something of pytest,
        such as a warning that was recorded; else None."""
        kind = type(one)
        if issubclass(kind, pytest.FixtureDef):
            return one.argname
        code = getattr(one, _CODES[kind]) if kind in _CODES else None
        if code in self._fixtures:
            return self._fixtures[code]
        module = kind.__module__
        is_of_pytest = isinstance(module, str) and module.partition(".")[0] in ("_pytest", "pluggy")
        return _PYTEST if is_of_pytest or kind is warnings.WarningMessage else None

    def _is_outermost(self, code):
        return code.co_filename.startswith(self._frameworks)


class _Checks:
    """Looks at what is alive when a test is over for everybody: other plugins too hold what the test
    warned of or logged while they are at work."""

    def __init__(self, runner):
        self.runner = runner
        self.counts = {"checked": 0, "alive": 0, "unchecked": 0}
        self.notes = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        runner = self.runner
        try:
            done = yield
            if runner.reports is not None:
                _judge(item, runner)
                for report in runner.reports:
                    item.ihook.pytest_runtest_logreport(report=report)
                item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            return done
        finally:
            runner.reports = runner.tracking = None

    def pytest_runtest_logreport(self, report):
        # With pytest-xdist the report comes from another process.
        verdict = getattr(report, "ctstats", None)
        if verdict is not None:
            self.counts[verdict] += 1
            self.notes += report.ctstats_notes

    def pytest_terminal_summary(self, terminalreporter):
        line = self._summary()
        if line:
            terminalreporter.write_line("ctstats: " + line)
        for note in self.notes[:_MAX_NOTES]:
            terminalreporter.write_line("ctstats: " + note)
        if len(self.notes) > _MAX_NOTES:
            terminalreporter.write_line("ctstats: %d more such notes" % (len(self.notes) - _MAX_NOTES))

    def _summary(self):
        counts, marked = self.counts, len(self.runner.limits)
        if not self.runner.is_on:
            return marked and "%s with the mark ctstats not checked; --ctstats does it" % _tests(marked)
        if not any(counts.values()):
            return "no test was checked: mark tests with @pytest.mark.ctstats(classes=[...]), or name classes with --ctstats-class"
        parts = ["%s checked" % _tests(counts["checked"] + counts["alive"]), "%d left instances behind" % counts["alive"]]
        if counts["unchecked"]:
            parts.append("%d not checked, as they failed or were skipped" % counts["unchecked"])
        if self.runner.other_items:
            parts.append("%d not checked, as they are no Python functions" % self.runner.other_items)
        return ", ".join(parts)


def _tests(count):
    return "1 test" if count == 1 else "%d tests" % count


def _find(name):
    """The class of a dotted name."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:end])
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not (module + ".").startswith(error.name + "."):
                raise pytest.UsageError("--ctstats-class %s: %s cannot be imported: %s" % (name, module, error)) from None
            continue
        except Exception as error:
            raise pytest.UsageError("--ctstats-class %s: %s cannot be imported: %r" % (name, module, error)) from None
        for part in parts[end:]:
            found = getattr(found, part, None)
        return _checked(found, "--ctstats-class %s" % name)
    raise pytest.UsageError("--ctstats-class %s: there is no such module; give a class with its module, as shop.models.Cart" % name)


def _checked(cls, where):
    if not isinstance(cls, type):
        raise pytest.UsageError("%s: is not a class" % where)
    try:
        Tracking([cls], None)
    except CannotTrack as error:
        raise pytest.UsageError("%s: %s" % (where, error)) from None
    return cls


def _limits(item, classes):
    """How many instances of each class may be alive after a test. Of several marks on a class the one
    that is closest to the test holds."""
    limits = {}
    for mark in item.iter_markers("ctstats"):
        where = "%s: @pytest.mark.ctstats" % item.nodeid
        unknown = set(mark.kwargs) - {"classes", "max_alive"}
        if mark.args or unknown:
            what = ", ".join(sorted(unknown)) or "arguments without a name"
            raise pytest.UsageError("%s: takes classes and max_alive, not %s" % (where, what))
        most = mark.kwargs.get("max_alive", 0)
        if most is not None and (not isinstance(most, int) or most < 0):
            raise pytest.UsageError("%s: max_alive is a number from 0, or None, not %r" % (where, most))
        named = mark.kwargs.get("classes", classes)
        if not named:
            raise pytest.UsageError("%s: names no class: classes=[...]" % where)
        for cls in named:
            limits.setdefault(_checked(cls, where), most)
    for cls in classes:
        limits.setdefault(cls, 0)
    return {cls: most for cls, most in limits.items() if most is not None}


def _judge(item, runner):
    """Makes a test fail that passed and left too many instances behind."""
    reports = runner.reports
    report = reports[-2] if len(reports) > 2 else reports[0]
    report.ctstats_notes = []
    if len(reports) < 3 or not all(one.passed for one in reports) or hasattr(report, "wasxfail"):
        report.ctstats = "unchecked"
        return
    _release(item)
    limits = runner.limits[item.nodeid]
    for wait in _WAITS:
        time.sleep(wait)
        found = _excess(runner, limits)
        # What a name leads to stays, unless somebody is about to clear it.
        if not any(one.count() > limits[one.cls] for one in found) or wait >= _WAIT_FOR_NAMES and all(one.has_names() for one in found):
            break
    texts = []
    for one in found:
        report.ctstats_notes += ["%s %s" % (item.nodeid, note) for note in one.notes()]
        if one.count() > limits[one.cls]:
            texts += one.lines(limits[one.cls])
    report.ctstats = "alive" if texts else "checked"
    if texts:
        report.outcome = "failed"
        report.longrepr = "\n".join(texts)


def _excess(runner, limits):
    """What is left of classes of which there is more than may be."""
    tracking = runner.tracking
    # Most instances die without the garbage collector, which takes longer than all the rest.
    if not _beyond(tracking.survivors(), limits):
        return []
    gc.collect()
    survivors = tracking.survivors()
    return [_Survivors(cls, pairs, runner.keeper, survivors) for cls, pairs in _beyond(survivors, limits)]


def _beyond(survivors, limits):
    """The classes of which there are more survivors than may be, and these."""
    by_class = [(cls, _of_class(survivors, cls)) for cls in limits]
    return [(cls, pairs) for cls, pairs in by_class if len(pairs) > limits[cls]]


def _of_class(survivors, cls):
    return [pair for pair in survivors if any(cls is base for base in type(pair[0]).__mro__)]


def _release(item):
    """Lets go of what pytest holds of a test that is over: the instance of its class, and the records
    that were logged during teardown."""
    if item.cls is not None:
        # Both are made again if they are asked for.
        vars(item).pop("_instance", None)
        vars(item).pop("_obj", None)
    logging = item.config.pluginmanager.getplugin("logging-plugin")
    for name in ("caplog_handler", "report_handler"):
        handler = getattr(logging, name, None)
        if handler is not None:
            handler.reset()


class _Survivors:
    """The instances of a class that are alive after a test, by the places where they were created."""

    def __init__(self, cls, pairs, keeper_of, others):
        self.cls = cls
        by_place = {}
        for pair in pairs:
            by_place.setdefault(pair[1], []).append(pair)
        # What this check itself holds.
        own = [pairs, others, *others, *by_place.values(), by_place]
        own += [own]
        # The instances and their holder, by place, the most instances first.
        self.left = []
        # How many instances only a fixture of a wider scope holds, or pytest, by its name.
        self.in_fixtures = {}
        for place in sorted(by_place, key=lambda place: -len(by_place[place])):
            pairs = by_place[place]
            holder = _holder(pairs, own, keeper_of)
            if holder.text is None and holder.expected is not None:
                self.in_fixtures[holder.expected] = self.in_fixtures.get(holder.expected, 0) + len(pairs)
            else:
                self.left.append((len(pairs), place, holder))

    def count(self):
        return sum(count for count, _, _ in self.left)

    def has_names(self):
        """Whether names lead to all that is left; else it may be on its way out."""
        return all(holder.is_root for _, _, holder in self.left)

    def notes(self):
        for fixture, count in self.in_fixtures.items():
            if fixture != _PYTEST:
                yield "left %d of %s in the fixture %s, whose scope is wider than the test" % (count, full_name(self.cls), fixture)

    def lines(self, most):
        count = self.count()
        are = "instances of %s are" if count > 1 else "instance of %s is"
        lines = ["%d %s alive after the test; at most %d may be" % (count, are % full_name(self.cls), most)]
        for number, place, holder in self.left[:_MAX_PLACES]:
            lines.append("  %d created%s" % (number, " without its __init__: copied, unpickled, or of a subclass that does not call it" if place is None else ""))
            lines += ["      " + line for line in (place.lines() if place else [])]
            one = "held by" if number == 1 else "one is held by"
            lines.append("    %s %s" % (one, holder.text or "nothing that Python shows: a running call, or code in C"))
        if len(self.left) > _MAX_PLACES:
            lines.append("  and at %d more places" % (len(self.left) - _MAX_PLACES))
        return lines


def _holder(pairs, own, keeper_of):
    """What holds instances of one place: of some of them, the first holder that is no fixture."""
    step = max(1, len(pairs) // _MAX_SEARCHES)
    found = None
    for instance, _ in pairs[::step][:_MAX_SEARCHES]:
        holder = find_holder(instance, [*own, pairs], keeper_of)
        if found is None or holder.is_root:
            found = holder
        if found.is_root:
            break
    return found
