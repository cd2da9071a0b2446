from ctstats._ctstats import Error as Error, TrackedObject as TrackedObject, __version__ as __version__
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
