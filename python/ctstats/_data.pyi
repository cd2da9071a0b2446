import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ctstats._ctstats import DumpFile, Rows

__all__ = ["Check", "Column", "Diff", "Dump", "Info", "Leaks", "Summary", "Table", "load"]

_Path = Union[str, "os.PathLike[str]"]
_Texts = Union[None, str, int, Sequence[Union[str, int]]]
_Size = Union[int, str]
_Limit = Union[None, int, float, str]

def load(source: Union[_Path, BinaryIO, bytes, bytearray, memoryview], *, salvage: bool = ...) -> Dump: ...

class Dump:
    def __init__(self, file: DumpFile, name: Optional[str]) -> None: ...
    def _repr_html_(self) -> str: ...
    def objects(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ...) -> Table: ...
    def samples(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ...) -> Table: ...
    def snapshots(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ...) -> Table: ...
    def classes(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ...) -> Table: ...
    def class_samples(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ...) -> Table: ...
    def sites(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, by: str = ...) -> Table: ...
    def referents(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ...) -> Table: ...
    def summary(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, snapshot: _Texts = ..., sort: _Texts = ..., reverse: bool = ..., limit: _Limit = ..., share_of: str = ...) -> Summary: ...
    def leaks(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, between: Optional[Tuple[Union[str, int], Union[str, int]]] = ..., alive_at: Union[None, str, int] = ..., sort: _Texts = ..., reverse: bool = ..., limit: _Limit = ..., own: _Texts = ..., min_growth: _Size = ..., known: Optional[_Path] = ..., ignore: _Texts = ...) -> Leaks: ...
    def diff(self, other: Optional[Dump] = ..., class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, from_: Union[None, str, int] = ..., to: Union[None, str, int] = ..., sort: _Texts = ..., reverse: bool = ..., limit: _Limit = ..., referents: bool = ...) -> Diff: ...
    def check(self, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, max_alive: Optional[Mapping[str, _Size]] = ..., max_bytes: Optional[Mapping[str, _Size]] = ..., max_growth: Optional[Mapping[str, _Size]] = ..., no_leaks: Union[bool, str] = ..., limits: Optional[_Path] = ..., baseline: Optional[Dump] = ..., min_growth: _Size = ..., known: Optional[_Path] = ..., ignore: _Texts = ..., allow_missing: bool = ...) -> Check: ...
    def info(self) -> Info: ...
    def to_html(self, path: _Path, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, title: Optional[str] = ..., single_file: bool = ..., instances: Optional[int] = ..., min_growth: _Size = ..., known: Optional[_Path] = ..., ignore: _Texts = ..., force: bool = ...) -> None: ...
    def convert(self, path: _Path, class_: _Texts = ..., name: _Texts = ..., repr: _Texts = ..., alive: Optional[bool] = ..., min_size: Optional[_Size] = ..., *, to: str = ..., force: bool = ..., compress: str = ..., redact: _Texts = ..., sort: _Texts = ..., reverse: bool = ..., limit: _Limit = ...) -> None: ...

class Table:
    def __init__(self, rows: Rows) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> List[Column]: ...
    def head(self, count: int = ...) -> List[Dict[str, Any]]: ...
    def __arrow_c_stream__(self, requested_schema: Any = ...) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...
    def _repr_html_(self) -> str: ...

@dataclass(frozen=True)
class Column:
    name: str
    description: str
    unit: str
    is_nullable: bool

@dataclass(frozen=True)
class Summary:
    schema: str
    snapshots: List[_SummarySnapshots]
    salvaged: Optional[_SummarySalvaged] = ...
    def _repr_html_(self) -> str: ...

@dataclass(frozen=True)
class Leaks:
    schema: str
    coverage: Optional[_LeaksCoverage]
    snapshots: int
    objects: int
    between: Optional[_LeaksBetween]
    suspects: List[_LeaksSuspects]
    more_suspects: List[_LeaksMoreSuspects]
    filling: List[Any]
    cleared: List[_LeaksCleared]
    traps: List[_LeaksTraps]
    limits: List[str]
    limit_codes: List[_LeaksLimitCodes]
    ignored: List[_LeaksIgnored] = ...
    salvaged: Optional[_LeaksSalvaged] = ...
    def _repr_html_(self) -> str: ...

@dataclass(frozen=True)
class Diff:
    schema: str
    files: Optional[List[str]]
    is_one_process: bool
    from_: _DiffFrom
    to: _DiffTo
    classes: List[_DiffClasses]
    more: Optional[_DiffMore]
    total: _DiffTotal
    referents: Optional[List[_DiffReferents]] = ...
    referents_cut: bool = ...
    salvaged: Optional[_DiffSalvaged] = ...
    salvaged_new: Optional[Any] = ...
    def _repr_html_(self) -> str: ...

@dataclass(frozen=True)
class Check:
    schema: str
    at: Optional[_CheckAt]
    since: Optional[_CheckSince]
    has_baseline: bool
    breaches: int
    outcomes: List[_CheckOutcomes]
    unused: List[_CheckUnused]
    ignored: int = ...
    salvaged: Optional[_CheckSalvaged] = ...
    salvaged_baseline: Optional[Any] = ...
    @property
    def ok(self) -> bool: ...
    def _repr_html_(self) -> str: ...

@dataclass(frozen=True)
class Info:
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
    peak: Optional[_InfoPeak]
    unknown_globals: List[str]
    traps: List[_InfoTraps]
    salvaged: Optional[_InfoSalvaged] = ...
    def _repr_html_(self) -> str: ...
# Parts of answers, by their places in them; python/tests/answer_types.py writes what follows.

@dataclass(frozen=True)
class _CheckAt:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _CheckOutcomes:
    class_: str
    quantity: str
    pattern: str
    most: _CheckOutcomesMost
    found: _CheckOutcomesFound
    is_breach: bool
    known: Optional[List[_CheckOutcomesKnown]]

@dataclass(frozen=True)
class _CheckOutcomesFound:
    alive: Optional[int]
    bytes: Optional[int]
    bytes_before: Optional[int]
    bytes_change: Optional[int]
    bytes_change_percent: Optional[float]
    confidence: Optional[str]
    pattern: Optional[str]
    reasons: Optional[List[str]]
    reason_codes: Optional[List[_CheckOutcomesFoundReasonCodes]]

@dataclass(frozen=True)
class _CheckOutcomesFoundReasonCodes:
    reason: str
    instances_first: Optional[int]
    instances_last: Optional[int]
    bytes_first: Optional[int]
    bytes_last: Optional[int]
    snapshots: Optional[int]
    bytes_per_second: Optional[float]
    bytes_per_snapshot: Optional[float]
    monotonicity: Optional[float]
    span_seconds: Optional[float]
    born: Optional[int]
    survived: Optional[int]
    intervals_with_births: Optional[int]
    intervals_with_survivors: Optional[int]
    measured: Optional[int]
    swollen: Optional[int]
    growth_bytes: Optional[int]
    instances_per_snapshot: Optional[float]

@dataclass(frozen=True)
class _CheckOutcomesKnown:
    class_: str
    site: Optional[str]
    why: Optional[str]
    until: Optional[str]

@dataclass(frozen=True)
class _CheckOutcomesMost:
    objects: Optional[int]
    bytes: Optional[int]
    percent: Optional[float]
    below: Optional[str]

@dataclass(frozen=True)
class _CheckSalvaged:
    stopped_at_byte: int
    reason: str
    bytes_not_read: int
    bytes_uncounted: bool
    objects: int
    snapshots: int
    objects_complete: bool
    snapshots_complete: bool
    snapshots_rebuilt: int

@dataclass(frozen=True)
class _CheckSince:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _CheckUnused:
    quantity: str
    pattern: str
    most: _CheckUnusedMost
    is_filtered_out: bool
    similar: List[str]

@dataclass(frozen=True)
class _CheckUnusedMost:
    objects: Optional[int]
    bytes: Optional[int]
    percent: Optional[float]
    below: Optional[str]

@dataclass(frozen=True)
class _DiffClasses:
    class_: str
    status: str
    active_before: int
    active_after: int
    active_change: int
    active_change_percent: Optional[float]
    bytes_before: int
    bytes_after: int
    bytes_change: int
    bytes_change_percent: Optional[float]
    average_before: float
    average_after: float
    average_change: float
    average_change_percent: Optional[float]
    born: Optional[int]
    died: Optional[int]
    survived: Optional[int]

@dataclass(frozen=True)
class _DiffFrom:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _DiffMore:
    classes: int
    active_before: int
    active_after: int
    active_change: int
    active_change_percent: Optional[float]
    bytes_before: int
    bytes_after: int
    bytes_change: int
    bytes_change_percent: Optional[float]
    average_before: float
    average_after: float
    average_change: float
    average_change_percent: Optional[float]
    born: int
    died: int
    survived: int

@dataclass(frozen=True)
class _DiffReferents:
    class_: str
    path: List[Optional[str]]
    count_before: int
    count_after: int
    bytes_before: int
    bytes_after: int
    bytes_change: int

@dataclass(frozen=True)
class _DiffSalvaged:
    stopped_at_byte: int
    reason: str
    bytes_not_read: int
    bytes_uncounted: bool
    objects: int
    snapshots: int
    objects_complete: bool
    snapshots_complete: bool
    snapshots_rebuilt: int

@dataclass(frozen=True)
class _DiffTo:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _DiffTotal:
    classes: int
    active_before: int
    active_after: int
    active_change: int
    active_change_percent: Optional[float]
    bytes_before: int
    bytes_after: int
    bytes_change: int
    bytes_change_percent: Optional[float]
    average_before: float
    average_after: float
    average_change: float
    average_change_percent: Optional[float]
    born: Optional[int]
    died: Optional[int]
    survived: Optional[int]

@dataclass(frozen=True)
class _InfoPeak:
    snapshot: int
    description: str
    timestamp_seconds: float
    tracked_total_bytes: int
    process_virtual_bytes: Optional[int]
    process_resident_bytes: Optional[int]
    share_of_virtual_percent: Optional[float]
    share_of_resident_percent: Optional[float]

@dataclass(frozen=True)
class _InfoSalvaged:
    stopped_at_byte: int
    reason: str
    bytes_not_read: int
    bytes_uncounted: bool
    objects: int
    snapshots: int
    objects_complete: bool
    snapshots_complete: bool
    snapshots_rebuilt: int

@dataclass(frozen=True)
class _InfoTraps:
    code: str
    snapshots: Optional[int]
    what: str
    remedy: Optional[str]
    python: List[str]
    is_lost: Optional[bool]
    snapshot: Optional[int]
    earlier_seconds: Optional[float]
    objects: Optional[int]
    count: Optional[int]
    classes: Optional[List[str]]
    burst_seconds: Optional[float]
    recording_seconds: Optional[float]
    born_after: Optional[int]
    overhead_bytes: Optional[int]
    tracked_bytes: Optional[int]
    resident_bytes: Optional[int]
    class_: Optional[str]
    class_objects: Optional[int]
    class_dead: Optional[int]
    jump_seconds: Optional[float]
    interval_seconds: Optional[float]
    last_snapshot_seconds: Optional[float]
    end_seconds: Optional[float]
    without_descriptions: Optional[bool]

@dataclass(frozen=True)
class _LeaksBetween:
    from_: _LeaksBetweenFrom
    to: _LeaksBetweenTo
    alive_at: _LeaksBetweenAliveAt

@dataclass(frozen=True)
class _LeaksBetweenAliveAt:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _LeaksBetweenFrom:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _LeaksBetweenTo:
    snapshot: int
    description: str
    timestamp_seconds: float

@dataclass(frozen=True)
class _LeaksCleared:
    class_: str
    confidence: str
    pattern: str
    reasons: List[str]
    reason_codes: List[_LeaksClearedReasonCodes]
    snapshots: int
    span_seconds: float
    instances: _LeaksClearedInstances
    bytes: _LeaksClearedBytes
    weightless: bool
    survival: _LeaksClearedSurvival
    is_small: bool

@dataclass(frozen=True)
class _LeaksClearedBytes:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: Optional[float]
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksClearedInstances:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: Optional[float]
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksClearedReasonCodes:
    reason: str
    instances_first: Optional[int]
    instances_last: Optional[int]
    bytes_first: Optional[int]
    bytes_last: Optional[int]
    snapshots: Optional[int]
    bytes_per_second: Optional[float]
    bytes_per_snapshot: Optional[float]
    monotonicity: Optional[float]
    span_seconds: Optional[float]
    born: Optional[int]
    survived: Optional[int]
    intervals_with_births: Optional[int]
    intervals_with_survivors: Optional[int]
    instances_per_snapshot: Optional[float]
    min_growth_bytes: Optional[int]

@dataclass(frozen=True)
class _LeaksClearedSurvival:
    born: int
    survived: int
    spans_with_births: int
    spans_with_survivors: int

@dataclass(frozen=True)
class _LeaksCoverage:
    peak: Optional[_LeaksCoveragePeak]
    growth: Optional[_LeaksCoverageGrowth]

@dataclass(frozen=True)
class _LeaksCoverageGrowth:
    snapshot: int
    description: str
    tracked_bytes: int
    virtual_bytes: Optional[int]
    resident_bytes: Optional[int]
    asizeof_bytes: Optional[int]

@dataclass(frozen=True)
class _LeaksCoveragePeak:
    snapshot: int
    description: str
    tracked_bytes: int
    virtual_bytes: Optional[int]
    resident_bytes: Optional[int]
    asizeof_bytes: Optional[int]

@dataclass(frozen=True)
class _LeaksIgnored:
    class_: str
    known: List[_LeaksIgnoredKnown]
    verdict: _LeaksIgnoredVerdict

@dataclass(frozen=True)
class _LeaksIgnoredKnown:
    class_: str
    site: Optional[str]
    why: Optional[str]
    until: Optional[str]

@dataclass(frozen=True)
class _LeaksIgnoredVerdict:
    class_: str
    confidence: str
    pattern: str
    reasons: List[str]
    reason_codes: List[_LeaksIgnoredVerdictReasonCodes]
    snapshots: int
    span_seconds: float
    instances: _LeaksIgnoredVerdictInstances
    bytes: _LeaksIgnoredVerdictBytes
    weightless: bool
    survival: _LeaksIgnoredVerdictSurvival
    is_small: bool
    since: _LeaksIgnoredVerdictSince

@dataclass(frozen=True)
class _LeaksIgnoredVerdictBytes:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: float
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksIgnoredVerdictInstances:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: float
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksIgnoredVerdictReasonCodes:
    reason: str
    instances_first: Optional[int]
    instances_last: Optional[int]
    bytes_first: Optional[int]
    bytes_last: Optional[int]
    snapshots: Optional[int]
    bytes_per_second: Optional[float]
    bytes_per_snapshot: Optional[float]
    monotonicity: Optional[float]
    span_seconds: Optional[float]
    born: Optional[int]
    survived: Optional[int]
    intervals_with_births: Optional[int]
    intervals_with_survivors: Optional[int]
    measured: Optional[int]
    swollen: Optional[int]
    growth_bytes: Optional[int]
    instances_per_snapshot: Optional[float]

@dataclass(frozen=True)
class _LeaksIgnoredVerdictSince:
    snapshot: int
    description: str
    timestamp_seconds: float
    is_first: bool

@dataclass(frozen=True)
class _LeaksIgnoredVerdictSurvival:
    born: int
    survived: int
    spans_with_births: int
    spans_with_survivors: int

@dataclass(frozen=True)
class _LeaksLimitCodes:
    limit: str

@dataclass(frozen=True)
class _LeaksMoreSuspects:
    class_: str
    confidence: str
    pattern: str
    reasons: List[str]
    reason_codes: List[_LeaksMoreSuspectsReasonCodes]
    snapshots: int
    span_seconds: float
    instances: _LeaksMoreSuspectsInstances
    bytes: _LeaksMoreSuspectsBytes
    weightless: bool
    survival: _LeaksMoreSuspectsSurvival
    is_small: bool
    since: _LeaksMoreSuspectsSince

@dataclass(frozen=True)
class _LeaksMoreSuspectsBytes:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: float
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksMoreSuspectsInstances:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: float
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksMoreSuspectsReasonCodes:
    reason: str
    instances_first: Optional[int]
    instances_last: Optional[int]
    bytes_first: Optional[int]
    bytes_last: Optional[int]
    snapshots: Optional[int]
    bytes_per_second: Optional[float]
    bytes_per_snapshot: Optional[float]
    monotonicity: Optional[float]
    span_seconds: Optional[float]
    born: Optional[int]
    survived: Optional[int]
    intervals_with_births: Optional[int]
    intervals_with_survivors: Optional[int]
    measured: Optional[int]
    swollen: Optional[int]
    growth_bytes: Optional[int]

@dataclass(frozen=True)
class _LeaksMoreSuspectsSince:
    snapshot: int
    description: str
    timestamp_seconds: float
    is_first: bool

@dataclass(frozen=True)
class _LeaksMoreSuspectsSurvival:
    born: int
    survived: int
    spans_with_births: int
    spans_with_survivors: int

@dataclass(frozen=True)
class _LeaksSalvaged:
    stopped_at_byte: int
    reason: str
    bytes_not_read: int
    bytes_uncounted: bool
    objects: int
    snapshots: int
    objects_complete: bool
    snapshots_complete: bool
    snapshots_rebuilt: int

@dataclass(frozen=True)
class _LeaksSuspects:
    class_: str
    confidence: str
    pattern: str
    reasons: List[str]
    reason_codes: List[_LeaksSuspectsReasonCodes]
    snapshots: int
    span_seconds: float
    instances: _LeaksSuspectsInstances
    bytes: _LeaksSuspectsBytes
    weightless: bool
    survival: _LeaksSuspectsSurvival
    is_small: bool
    since: _LeaksSuspectsSince
    kept: _LeaksSuspectsKept
    next: List[str]
    python: List[str]
    recording: Optional[str]
    hints: Optional[List[_LeaksSuspectsHints]]

@dataclass(frozen=True)
class _LeaksSuspectsBytes:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: float
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksSuspectsHints:
    class_: str
    path: List[str]
    mention: str
    objects: int
    size_bytes: int
    growth_bytes: int
    intervals: int
    intervals_together: int

@dataclass(frozen=True)
class _LeaksSuspectsInstances:
    first: int
    last: int
    per_second: Optional[float]
    per_snapshot: float
    monotony: float
    late_growth: Optional[float]

@dataclass(frozen=True)
class _LeaksSuspectsKept:
    objects: int
    size_bytes: int
    origins: List[_LeaksSuspectsKeptOrigins]
    more_origins: int
    holders: List[_LeaksSuspectsKeptHolders]
    oldest: List[_LeaksSuspectsKeptOldest]
    largest: List[_LeaksSuspectsKeptLargest]

@dataclass(frozen=True)
class _LeaksSuspectsKeptHolders:
    path: List[Optional[str]]
    count: int
    size_bytes: int
    share_percent: float
    growth_bytes: Optional[int]

@dataclass(frozen=True)
class _LeaksSuspectsKeptLargest:
    address: str
    repr: str
    birth_seconds: float
    size_bytes: int

@dataclass(frozen=True)
class _LeaksSuspectsKeptOldest:
    address: str
    repr: str
    birth_seconds: float
    size_bytes: int

@dataclass(frozen=True)
class _LeaksSuspectsKeptOrigins:
    file: Optional[str]
    line: Optional[int]
    function: Optional[str]
    source: Optional[str]
    objects: int
    size_bytes: int
    share_percent: float
    spans: int
    own: Optional[_LeaksSuspectsKeptOriginsOwn]

@dataclass(frozen=True)
class _LeaksSuspectsKeptOriginsOwn:
    file: str
    line: int
    function: str
    source: str

@dataclass(frozen=True)
class _LeaksSuspectsReasonCodes:
    reason: str
    instances_first: Optional[int]
    instances_last: Optional[int]
    bytes_first: Optional[int]
    bytes_last: Optional[int]
    snapshots: Optional[int]
    bytes_per_second: Optional[float]
    bytes_per_snapshot: Optional[float]
    monotonicity: Optional[float]
    span_seconds: Optional[float]
    born: Optional[int]
    survived: Optional[int]
    intervals_with_births: Optional[int]
    intervals_with_survivors: Optional[int]
    measured: Optional[int]
    swollen: Optional[int]
    growth_bytes: Optional[int]
    instances_per_snapshot: Optional[float]

@dataclass(frozen=True)
class _LeaksSuspectsSince:
    snapshot: int
    description: str
    timestamp_seconds: float
    is_first: bool

@dataclass(frozen=True)
class _LeaksSuspectsSurvival:
    born: int
    survived: int
    spans_with_births: int
    spans_with_survivors: int

@dataclass(frozen=True)
class _LeaksTraps:
    code: str
    snapshots: Optional[int]
    what: str
    remedy: Optional[str]
    python: List[str]
    is_lost: Optional[bool]
    snapshot: Optional[int]
    earlier_seconds: Optional[float]
    objects: Optional[int]
    count: Optional[int]
    classes: Optional[List[str]]
    burst_seconds: Optional[float]
    recording_seconds: Optional[float]
    overhead_bytes: Optional[int]
    tracked_bytes: Optional[int]
    resident_bytes: Optional[int]
    class_: Optional[str]
    class_objects: Optional[int]
    class_dead: Optional[int]
    born_after: Optional[int]
    jump_seconds: Optional[float]
    interval_seconds: Optional[float]
    last_snapshot_seconds: Optional[float]
    end_seconds: Optional[float]
    without_descriptions: Optional[bool]

@dataclass(frozen=True)
class _SummarySalvaged:
    stopped_at_byte: int
    reason: str
    bytes_not_read: int
    bytes_uncounted: bool
    objects: int
    snapshots: int
    objects_complete: bool
    snapshots_complete: bool
    snapshots_rebuilt: int

@dataclass(frozen=True)
class _SummarySnapshots:
    snapshot: int
    description: str
    timestamp_seconds: float
    process_virtual_bytes: Optional[int]
    process_resident_bytes: Optional[int]
    tracked_total_bytes: int
    dead_bytes: int
    asizeof_total_bytes: Optional[int]
    overhead_bytes: int
    share_of: str
    share_of_bytes: int
    classes: List[_SummarySnapshotsClasses]
    more: Optional[_SummarySnapshotsMore]
    total: _SummarySnapshotsTotal

@dataclass(frozen=True)
class _SummarySnapshotsClasses:
    class_: str
    active: int
    sum_bytes: int
    average_bytes: float
    share_percent: float

@dataclass(frozen=True)
class _SummarySnapshotsMore:
    classes: int
    active: int
    sum_bytes: int
    average_bytes: float
    share_percent: float

@dataclass(frozen=True)
class _SummarySnapshotsTotal:
    classes: int
    active: int
    sum_bytes: int
    average_bytes: float
    share_percent: float
