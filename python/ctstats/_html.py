"""Answers as notebooks show them. Whatever comes out of a dump is escaped."""

from html import escape

_STYLE = "text-align:left;white-space:pre-wrap"
#: So many rows are shown of a list.
_MOST_ROWS = 20


def bytes_(count):
    """A number of bytes in words."""
    if count is None:
        return "–"
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024 or unit == "GiB":
            return "%d %s" % (size, unit) if unit == "B" else "%.1f %s" % (size, unit)
        size /= 1024


def _cell(value):
    if value is None:
        return "–"
    text = "%.6g" % value if isinstance(value, float) else str(value)
    return escape(text)


def table(names, rows, note=""):
    """A table of values; note stands below it."""
    head = "".join('<th style="%s">%s</th>' % (_STYLE, _cell(name)) for name in names)
    rows = list(rows)
    body = "".join(
        "<tr>%s</tr>" % "".join('<td style="%s">%s</td>' % (_STYLE, _cell(cell)) for cell in row)
        for row in rows[:_MOST_ROWS]
    )
    more = len(rows) - _MOST_ROWS
    notes = [note] if note else []
    if more > 0:
        notes.append("and %d more rows" % more)
    below = "".join("<p>%s</p>" % escape(text) for text in notes)
    return "<table><thead><tr>%s</tr></thead><tbody>%s</tbody></table>%s" % (head, body, below)


def _verdict(text, is_bad):
    color = "#b3261e" if is_bad else "#1b6e3c"
    return '<p style="color:%s"><b>%s</b></p>' % (color, escape(text))


def _chart(title, values):
    """Numbers in a row as a line."""
    if len(values) < 2:
        return ""
    width, height = 480, 80
    highest = max(values) or 1
    step = width / (len(values) - 1)
    points = " ".join(
        "%.1f,%.1f" % (place * step, height - height * max(value, 0) / highest)
        for place, value in enumerate(values)
    )
    return (
        '<figure><svg viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">'
        '<polyline points="%s" fill="none" stroke="#3366cc" stroke-width="2"/></svg>'
        "<figcaption>%s</figcaption></figure>"
    ) % (width, height, width, height, escape(title), points, escape(title))


def _salvaged(answer):
    is_cut = answer.salvaged is not None or getattr(answer, "salvaged_new", None) is not None
    return _verdict("the dump is damaged; this is of what is whole", True) if is_cut else ""


def summary(answer):
    totals = [snapshot.total.sum_bytes for snapshot in answer.snapshots]
    parts = [_salvaged(answer)]
    if not answer.snapshots:
        return "<p>the dump has no snapshots</p>"
    parts.append(_chart("bytes of all classes, snapshot by snapshot; at most %s" % bytes_(max(totals)), totals))
    largest = max(answer.snapshots, key=lambda snapshot: snapshot.total.sum_bytes)
    rows = [
        (row.class_, row.active, bytes_(row.sum_bytes), bytes_(row.average_bytes), row.share_percent)
        for row in sorted(largest.classes, key=lambda row: -row.sum_bytes)
    ]
    note = "snapshot %d, %s, the largest of %d" % (largest.snapshot, largest.description, len(totals))
    parts.append(table(("class", "active", "sum", "average", "share %"), rows, note))
    return "".join(parts)


def leaks(answer):
    suspects = answer.suspects + answer.more_suspects
    if suspects:
        verdict = "%d of the classes may leak" % len(suspects)
    else:
        verdict = "no class looks like a leak"
    rows = [
        (one.class_, one.confidence, one.pattern, "\n".join(one.reasons)) for one in suspects
    ]
    parts = [_salvaged(answer), _verdict(verdict, bool(suspects))]
    if rows:
        parts.append(table(("class", "confidence", "pattern", "reasons"), rows))
    parts.extend("<p>%s</p>" % escape(text) for text in answer.limits)
    if answer.ignored:
        parts.append("<p>%d ignored</p>" % len(answer.ignored))
    return "".join(parts)


def diff(answer):
    total = answer.total
    verdict = "%s → %s" % (bytes_(total.bytes_before), bytes_(total.bytes_after))
    rows = [
        (row.class_, row.active_before, row.active_after, bytes_(row.bytes_before), bytes_(row.bytes_after), bytes_(row.bytes_change))
        for row in answer.classes
    ]
    names = ("class", "active before", "after", "bytes before", "after", "change")
    return _salvaged(answer) + _verdict(verdict, total.bytes_change > 0) + table(names, rows)


def check(answer):
    broken = [outcome for outcome in answer.outcomes if outcome.is_breach]
    verdict = "%d limits do not hold" % answer.breaches if broken else "all limits hold"
    rows = [(one.class_, one.quantity, one.pattern, _fields(one.most), _fields(one.found)) for one in broken]
    parts = [_salvaged(answer), _verdict(verdict, bool(broken))]
    if rows:
        parts.append(table(("class", "quantity", "limit of", "at most", "found"), rows))
    if answer.unused:
        parts.append("<p>%d limits fit no class</p>" % len(answer.unused))
    return "".join(parts)


def _fields(record):
    """The figures of a record, without those that are long."""
    fields = getattr(record, "__dataclass_fields__", {})
    short = ((name, getattr(record, name)) for name in fields)
    return ", ".join("%s %s" % pair for pair in short if isinstance(pair[1], (int, float, str)))


def info(answer):
    fields = ("format", "objects", "alive", "classes", "snapshots", "samples", "referents", "sites")
    rows = [(name, getattr(answer, name)) for name in fields]
    rows.append(("dump", bytes_(answer.dump_bytes)))
    rows.append(("seconds", answer.last_seconds))
    notes = "%d traps of the recording" % len(answer.traps) if answer.traps else ""
    return _salvaged(answer) + table(("", ""), rows, notes)
