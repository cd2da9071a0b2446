import os
from typing import Any, Dict, IO, List, Optional, Protocol, Sequence, Tuple, TypeVar, Union

_Path = Union[str, "os.PathLike[str]"]
_Stats = TypeVar("_Stats", bound="Stats")

class _Text(Protocol):
    def write(self, text: str, /) -> object: ...

class Asized:
    size: int
    flat: int
    name: Optional[str]
    refs: Tuple[Asized, ...]
    def __init__(self, size: int, flat: int, refs: Sequence[Any] = (), name: Optional[str] = None) -> None: ...
    def format(self, format: str = ..., depth: int = -1, order_by: str = "size", indent: str = "") -> str: ...
    def get(self, name: str, dflt: Any = None) -> Any: ...

class ProcessMemory:
    available: bool
    vsz: int
    rss: int
    pid: Optional[int]
    pagefaults: Optional[int]
    data_segment: Optional[int]
    code_segment: Optional[int]
    shared_segment: Optional[int]
    stack_segment: Optional[int]
    os_specific: List[Tuple[str, str]]
    def __init__(
        self,
        available: bool,
        vsz: int,
        rss: int,
        pid: Optional[int],
        pagefaults: Optional[int],
        data: Optional[int],
        code: Optional[int],
        shared: Optional[int],
        stack: Optional[int],
        os_specific: List[Tuple[str, str]],
    ) -> None: ...

class Snapshot:
    timestamp: float
    desc: str
    tracked_total: int
    asizeof_total: int
    overhead: int
    system_total: ProcessMemory
    classes: Optional[Dict[str, Dict[str, Any]]]
    def __init__(
        self,
        timestamp: float,
        desc: str,
        tracked_total: int,
        asizeof_total: int,
        overhead: int,
        system_total: ProcessMemory,
    ) -> None: ...
    @property
    def total(self) -> int: ...
    @property
    def label(self) -> str: ...

class Stats:
    stream: Any
    tracker: Any
    history: Any
    def __init__(
        self,
        tracker: Any = None,
        filename: Optional[_Path] = None,
        stream: Optional[_Text] = None,
        *,
        style: str = "pympler",
    ) -> None: ...
    @property
    def style(self) -> str: ...
    @style.setter
    def style(self, style: str) -> None: ...
    @property
    def index(self) -> Dict[str, List[Any]]: ...
    @index.setter
    def index(self, index: Dict[str, List[Any]]) -> None: ...
    @property
    def snapshots(self) -> List[Any]: ...
    @snapshots.setter
    def snapshots(self, snapshots: List[Any]) -> None: ...
    @property
    def sorted(self) -> List[Any]: ...
    @sorted.setter
    def sorted(self, objects: List[Any]) -> None: ...
    @property
    def tracked_classes(self) -> List[str]: ...
    def load_stats(self, fdump: Union[_Path, IO[bytes]]) -> None: ...
    def dump_stats(self, fdump: Union[_Path, IO[bytes]], close: bool = True) -> None: ...
    def sort_stats(self: _Stats, *args: str) -> _Stats: ...
    def reverse_order(self: _Stats) -> _Stats: ...
    def annotate(self) -> None: ...
    def annotate_snapshot(self, snapshot: Any) -> Dict[str, Dict[str, Any]]: ...

class ConsoleStats(Stats):
    def print_object(self, tobj: Any) -> None: ...
    def print_stats(self, clsname: Optional[str] = None, limit: Optional[float] = 1.0) -> None: ...
    def print_summary(self) -> None: ...

class HtmlStats(Stats):
    def create_html(self, fname: _Path, title: str = "ClassTracker Statistics") -> None: ...
