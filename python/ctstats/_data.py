"""Dumps as data: tables for Arrow's readers, and the answers of the command as dataclasses.

All figures come from the library that the command uses: answers are its JSON, turned into objects here
and nowhere else.
"""

import functools
import json
import keyword
import os
import warnings
from dataclasses import dataclass, field, make_dataclass
from typing import Any, List, Optional

from ctstats import _html
from ctstats._ctstats import DumpFile, size
from ctstats._parts import PARTS

__all__ = ["Check", "Column", "Diff", "Dump", "Info", "Leaks", "Summary", "Table", "load"]


def load(source, *, salvage=False):
    """Opens a dump.

    source: the name of a file (str or os.PathLike), an open binary file, or the bytes of a dump. Plain,
        gzip, zstd or xz; Pympler's pickles or ctstats' own format. Nothing in it is executed.
    salvage: reads dumps that are cut short or damaged as far as they are whole; ``info().salvaged`` says
        what is lost.

    Returns a Dump. A native file that is given by name is read as far as questions need it; any other is
    read whole. Raises ctstats.Error if it is no dump, and OSError if it cannot be opened.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Dump(DumpFile.of_bytes(bytes(source), salvage), None)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = name if isinstance(name, str) else "input"
        return Dump(DumpFile.read(source, name, salvage), name)
    path = os.fspath(source)
    return Dump(DumpFile.open(path, salvage), os.fsdecode(path))


class Dump:
    """A dump that answers questions. ``ctstats.load`` opens one.

    Threads may share it: what is computed holds no lock of Python.

    Filters are those of the command, and mean the same everywhere: only objects that pass count.

    class_: what registered class names contain, or a pattern for whole names if there is a ``*`` in it.
        A str, or several of which one must fit; so are name and repr.
    name: what the objects' own class names contain.
    repr: what the objects' reprs contain.
    alive: True for those alive at the end of the recording, False for those that died.
    min_size: the least largest size: bytes, or a text such as ``"64KiB"``.

    What fits nothing is told by a UserWarning. Times are seconds since tracking began, sizes are bytes.
    If the clock was set back while the program ran, times are those in order, as for ``ctstats leaks``.
    """

    def __init__(self, file, name):
        self._file = file
        self._name = name

    def __repr__(self):
        return "<ctstats.Dump %s>" % (self._name or "of bytes")

    def _repr_html_(self):
        return self.info()._repr_html_()

    def objects(self, class_=(), name=(), repr=(), alive=None, min_size=None):
        """A Table with a row for each tracked object, class behind class."""
        return self._table("objects", class_, name, repr, alive, min_size)

    def samples(self, class_=(), name=(), repr=(), alive=None, min_size=None):
        """A Table with a row for each size that was measured of an object while it lived."""
        return self._table("samples", class_, name, repr, alive, min_size)

    def snapshots(self, class_=(), name=(), repr=(), alive=None, min_size=None):
        """A Table with a row for each snapshot. Filters choose what active and sum_bytes count."""
        return self._table("snapshots", class_, name, repr, alive, min_size)

    def classes(self, class_=(), name=(), repr=(), alive=None, min_size=None):
        """A Table with a row for each class."""
        return self._table("classes", class_, name, repr, alive, min_size)

    def class_samples(self, class_=(), name=(), repr=(), alive=None, min_size=None):
        """A Table with a row for each class at each snapshot."""
        return self._table("class_samples", class_, name, repr, alive, min_size)

    def sites(self, class_=(), name=(), repr=(), alive=None, min_size=None, *, by="frame"):
        """A Table with a row for each line of code that created objects.

        by: "frame" (file, line and function), "own" (the innermost frame of the program's own code),
            "function" or "file". What the objects of a row do not have in common is None.
        Raises ValueError for anything else; reading the table does so for "class", "name" and "repr", which
        are no places.
        """
        return self._table("sites", class_, name, repr, alive, min_size, by=by)

    def referents(self, class_=(), name=(), repr=(), alive=None, min_size=None):
        """A Table with a row for each thing that an object referred to when it was measured."""
        return self._table("referents", class_, name, repr, alive, min_size)

    def summary(
        self,
        class_=(),
        name=(),
        repr=(),
        alive=None,
        min_size=None,
        *,
        snapshot=(),
        sort=(),
        reverse=False,
        limit=None,
        share_of="tracked",
    ):
        """The classes of each snapshot: a Summary.

        snapshot: which snapshots: numbers from 0 (-1 is the last), descriptions, "first", "last", "peak".
        sort: of "classname", "size", "active", "average", "share".
        limit: keeps so many classes of each snapshot, or a share of them (0.25, "25%").
        share_of: "tracked", "resident", "virtual" or "asizeof".
        Raises ValueError where one of them is none.
        """
        filters = self._filters(class_, name, repr, alive, min_size)
        text = self._file.summary(
            filters, _texts(snapshot), _texts(sort), reverse, _text(limit), share_of
        )
        return _answer(Summary, text)

    def leaks(
        self,
        class_=(),
        name=(),
        repr=(),
        alive=None,
        min_size=None,
        *,
        between=None,
        alive_at=None,
        sort=(),
        reverse=False,
        limit=10,
        own=(),
        min_growth=0,
        known=None,
        ignore=(),
    ):
        """What leaks: a Leaks, with a verdict on each class.

        between: two snapshots; survivors were born between them. alive_at: and are alive at this one.
        limit: so many suspects are looked at closely.
        own: what is the program's own code: folders, files or packages.
        min_growth: classes that grew by less are no suspects; bytes, or a text such as "16KiB".
        known: the name of a TOML file of leaks that are accepted, with class, site, reason and last day.
        ignore: classes that are no suspects.

        What is set aside is in ``ignored``. A UserWarning tells what holds no more and what hides nothing.
        """
        filters = self._filters(class_, name, repr, alive, min_size)
        if between is not None:
            first, last = between
            between = (str(first), str(last))
        text, notes = self._file.leaks(
            filters,
            between,
            _text(alive_at),
            _texts(sort),
            reverse,
            _text(limit),
            _texts(own),
            _bytes(min_growth),
            (known, _texts(ignore)),
        )
        _warn(notes)
        return _answer(Leaks, text)

    def diff(
        self,
        other=None,
        class_=(),
        name=(),
        repr=(),
        alive=None,
        min_size=None,
        *,
        from_=None,
        to=None,
        sort=(),
        reverse=False,
        limit=None,
        referents=False,
    ):
        """What changed: a Diff.

        other: the later Dump; None compares two snapshots of this one.
        from_, to: the snapshots; by default the first and the last, or of two dumps the last of each.
        referents: also tells which attributes grew.
        Raises ValueError if there is no such snapshot, or none at all.
        """
        if other is not None and not isinstance(other, Dump):
            raise TypeError("other is a ctstats.Dump, or None")
        filters = self._filters(class_, name, repr, alive, min_size, other)
        text = self._file.diff(
            None if other is None else other._file,
            filters,
            _text(from_),
            _text(to),
            _texts(sort),
            reverse,
            _text(limit),
            referents,
        )
        return _answer(Diff, text)

    def check(
        self,
        class_=(),
        name=(),
        repr=(),
        alive=None,
        min_size=None,
        *,
        max_alive=None,
        max_bytes=None,
        max_growth=None,
        no_leaks=False,
        limits=None,
        baseline=None,
        min_growth=0,
        known=None,
        ignore=(),
        allow_missing=False,
    ):
        """Holds the dump against limits: a Check, whose ``ok`` says whether all of them hold.

        max_alive, max_bytes, max_growth: dicts from a class to its limit: {"shop.Cart": 100},
            {"*": "10MiB"}, {"*": "5%"}.
        no_leaks: True, or "possible" to refuse weak signs too.
        limits: the name of a TOML file of limits.
        baseline: the Dump that growth is counted from.
        min_growth, known, ignore: as for leaks.
        allow_missing: passes over limits that fit no class.
        Raises ValueError if there is nothing to check, or a limit fits no class, and ctstats.Error if the
        dump has too few snapshots for a limit.
        """
        filters = self._filters(class_, name, repr, alive, min_size)
        text, notes = self._file.check(
            filters,
            _limits(max_alive),
            _limits(max_bytes),
            _limits(max_growth),
            "likely" if no_leaks is True else no_leaks or None,
            limits,
            None if baseline is None else baseline._file,
            _bytes(min_growth),
            (known, _texts(ignore)),
            allow_missing,
        )
        _warn(notes)
        return _answer(Check, text)

    def info(self):
        """What the dump is: an Info, with size, counts, and traps of the recording."""
        return _answer(Info, self._file.info())

    def to_html(
        self,
        path,
        class_=(),
        name=(),
        repr=(),
        alive=None,
        min_size=None,
        *,
        title=None,
        single_file=True,
        instances=None,
        min_growth=0,
        known=None,
        ignore=(),
        force=False,
    ):
        """Writes the report of ``ctstats html``; the file appears whole or not at all.

        single_file: False writes a page and a folder of others beside it.
        instances: how many instances of each class are embedded.
        min_growth, known, ignore: as for leaks.
        force: also replaces a dump; else that raises FileExistsError.
        Raises OSError if it cannot be written.
        """
        filters = self._filters(class_, name, repr, alive, min_size)
        title = title or "ClassTracker Statistics"
        notes = self._file.to_html(
            os.fspath(path),
            title,
            single_file,
            instances,
            filters,
            _bytes(min_growth),
            (known, _texts(ignore)),
            force,
        )
        _warn(notes)

    def convert(
        self,
        path,
        class_=(),
        name=(),
        repr=(),
        alive=None,
        min_size=None,
        *,
        to="native",
        force=False,
        compress="none",
        redact=(),
        sort=(),
        reverse=False,
        limit=None,
    ):
        """Writes the dump to a file, which appears whole or not at all.

        With filters or a limit only the objects that pass are written, with all snapshots.

        to: "native", ctstats' own format, or "pympler", which Pympler's load_stats reads.
        force: also replaces a file that is no dump; else that raises FileExistsError.
        compress: "none", "gzip" or "zstd".
        redact: of "repr", "trace" and "desc", which are replaced by placeholders.
        sort: keys of print_stats: the order of the objects within their class.
        limit: keeps so many objects, or a share of all (0.25, "25%").
        Raises ValueError where one of them is none.
        """
        if to not in ("native", "pympler"):
            raise ValueError('to is "native" or "pympler"')
        filters = self._filters(class_, name, repr, alive, min_size)
        self._file.convert(
            os.fspath(path),
            to == "native",
            force,
            compress,
            _texts(redact),
            filters,
            _texts(sort),
            reverse,
            _text(limit),
        )

    def _filters(self, class_, name, repr, alive, min_size, other=None):
        if alive not in (None, True, False):
            raise ValueError("alive is True, False or None")
        least = None if min_size is None else _bytes(min_size)
        filters = (_texts(class_), _texts(name), _texts(repr), alive, least)
        if filters[0] or filters[1] or filters[2]:
            lacking = self._file.unmatched(filters)
            if other is not None:
                lacking = [text for text in lacking if text in other._file.unmatched(filters)]
            for text in lacking:
                warnings.warn(text, UserWarning, stacklevel=3)
        return filters

    def _table(self, table, *filters, by="frame"):
        return Table(self._file.table(table, self._filters(*filters), by))


class Table:
    """A table of a dump, which pyarrow, Polars, pandas and DuckDB take through Arrow's C stream.

    ``pyarrow.table(table)``, ``polars.DataFrame(table)``, ``pandas.DataFrame.from_arrow(table)``, or its
    name in DuckDB's SQL after ``table = pyarrow.table(table)``. Each reading goes through the dump anew,
    in batches, so that a table larger than memory can be looked at. An error on the way is raised by the
    reader, in its own kind of exception, with the text of ctstats.Error.

    Integers are int64, times and shares float64, names dictionaries of texts.
    """

    def __init__(self, rows):
        self._rows = rows

    @property
    def name(self):
        """The name of the table, as str."""
        return self._rows.name

    @property
    def columns(self):
        """The columns, as a list of Column."""
        return [Column(*column) for column in self._rows.columns]

    def head(self, count=10):
        """The first rows, at most so many, each a dict by the names of the columns."""
        names = [column[0] for column in self._rows.columns]
        return [dict(zip(names, row)) for row in self._rows.head(count)[0]]

    def __arrow_c_stream__(self, requested_schema=None):
        return self._rows.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self):
        return self._rows.__arrow_c_schema__()

    def __repr__(self):
        return "<ctstats.Table %s: %s>" % (self.name, ", ".join(c.name for c in self.columns))

    def _repr_html_(self):
        rows, more = self._rows.head(10)
        note = "the first %d rows of %s" % (len(rows), self.name) if more else self.name
        return _html.table([c.name for c in self.columns], rows, note)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    name: its name.
    description: what it says of a row.
    unit: "bytes", "seconds" or "percent"; empty where it only counts.
    is_nullable: whether a value may be missing.
    """

    name: str
    description: str
    unit: str
    is_nullable: bool


@dataclass(frozen=True)
class Summary:
    """The classes of each snapshot. Fields are those of ``ctstats summary --format json``.

    snapshots: one for each, with classes, total, and the figures of the process in bytes.
    salvaged: what is lost of a damaged dump; None of a whole one.
    """

    schema: str
    snapshots: List[Any]
    salvaged: Optional[Any] = None

    def _repr_html_(self):
        return _html.summary(self)


@dataclass(frozen=True)
class Leaks:
    """What leaks. Fields are those of ``ctstats leaks --format json``.

    suspects: looked at closely: class_, confidence, pattern, reasons, kept, next and more.
    more_suspects, filling, cleared, ignored: the verdicts on the other classes.
    limits: what the dump cannot show, in sentences.
    """

    schema: str
    coverage: Optional[Any]
    snapshots: int
    objects: int
    between: Optional[Any]
    suspects: List[Any]
    more_suspects: List[Any]
    filling: List[Any]
    cleared: List[Any]
    traps: List[Any]
    limits: List[str]
    limit_codes: List[Any]
    ignored: List[Any] = field(default_factory=list)
    salvaged: Optional[Any] = None

    def _repr_html_(self):
        return _html.leaks(self)


@dataclass(frozen=True)
class Diff:
    """What changed. Fields are those of ``ctstats diff --format json``.

    classes: one for each: active_before, active_after, bytes_change and more.
    from_, to: the snapshots that are compared.
    referents: which attributes grew; None if that was not asked for.
    """

    schema: str
    files: Optional[List[str]]
    is_one_process: bool
    from_: Any
    to: Any
    classes: List[Any]
    more: Optional[Any]
    total: Any
    referents: Optional[List[Any]] = None
    referents_cut: bool = False
    salvaged: Optional[Any] = None
    salvaged_new: Optional[Any] = None

    def _repr_html_(self):
        return _html.diff(self)


@dataclass(frozen=True)
class Check:
    """Whether limits hold. Fields are those of ``ctstats check --format json``.

    breaches: how many do not hold.
    outcomes: one for each class and limit: class_, quantity, most, found, is_breach.
    """

    schema: str
    at: Optional[Any]
    since: Optional[Any]
    has_baseline: bool
    breaches: int
    outcomes: List[Any]
    unused: List[Any]
    ignored: int = 0
    salvaged: Optional[Any] = None
    salvaged_baseline: Optional[Any] = None

    @property
    def ok(self):
        """Whether all limits hold."""
        return self.breaches == 0

    def _repr_html_(self):
        return _html.check(self)


@dataclass(frozen=True)
class Info:
    """What a dump is. Fields are those of ``ctstats info --format json``."""

    schema: str
    format: str
    format_version: Optional[int]
    pickle_protocols: List[int]
    compression: Optional[str]
    checksum: Optional[str]
    file_bytes: Optional[int]
    dump_bytes: int
    classes: int
    objects: int
    alive: int
    dead: int
    samples: int
    referents: int
    sites: int
    snapshots: int
    first_seconds: Optional[float]
    last_seconds: Optional[float]
    peak: Optional[Any]
    unknown_globals: List[str]
    traps: List[Any]
    salvaged: Optional[Any] = None

    def _repr_html_(self):
        return _html.info(self)


def _attribute(name):
    """The name of a field as an attribute: class is class_, since Python has the word for itself."""
    return name + "_" if keyword.iskeyword(name) else name


@functools.lru_cache(maxsize=1000)
def _record(path, names):
    """The dataclass of what stands at a path of an answer, of which these fields are given. What its JSON
    leaves out is None."""
    name = "".join(word.title() for word in path.split("_")) or "Record"
    fields = [(_attribute(name), Any) for name in names]
    others = [name for name in PARTS.get(path, "").split() if name not in names]
    fields += [(_attribute(name), Any, field(default=None)) for name in others]
    made = make_dataclass(name, fields, frozen=True)
    made.__module__ = __name__
    made.__doc__ = "A part of an answer, with the fields that its JSON has."
    return made


def _value(path, value):
    if isinstance(value, list):
        return [_value(path, one) for one in value]
    if not isinstance(value, dict):
        return value
    fields = (_value(path + "_" + name, one) for name, one in value.items())
    return _record(path, tuple(value))(*fields)


def _answer(kind, text):
    fields = json.loads(text)
    path = kind.__name__.lower()
    return kind(**{_attribute(name): _value(path + "_" + name, of) for name, of in fields.items()})


def _text(value):
    return None if value is None else str(value)


def _texts(values):
    """One text, or several."""
    if values is None:
        return []
    return [str(values)] if isinstance(values, (str, int)) else [str(value) for value in values]


def _bytes(value):
    return size(value) if isinstance(value, str) else int(value)


def _warn(notes):
    """Tells whoever called the method what is to be said of known leaks."""
    for note in notes:
        warnings.warn(note, UserWarning, stacklevel=3)


def _limits(limits):
    return ["%s=%s" % pair for pair in (limits or {}).items()]
