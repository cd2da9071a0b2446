from ctstats._ctstats import (
    Error as Error,
    TrackedObject as TrackedObject,
    __version__ as __version__,
    set_threads as set_threads,
)
from ctstats._data import (
    Check as Check,
    Column as Column,
    Diff as Diff,
    Dump as Dump,
    Info as Info,
    Leaks as Leaks,
    Summary as Summary,
    Table as Table,
    load as load,
)
from ctstats._install import install as install, uninstall as uninstall
from ctstats._stats import (
    Asized as Asized,
    ConsoleStats as ConsoleStats,
    HtmlStats as HtmlStats,
    ProcessMemory as ProcessMemory,
    Snapshot as Snapshot,
    Stats as Stats,
)

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
