"""The figures of many judged classes, and tables of them."""
from .world import ANY, FILLING, LEAK, NONE


def share(rows, verdicts):
    return "%.0f %%" % (100 * sum(row.verdict in verdicts for row in rows) / len(rows)) if rows else "–"


def by_kind(rows, snapshots, brief):
    """A row a kind and truth: for each number of snapshots the shares that were called likely / possible.
    The innocent classes that stand beside others are one kind. `brief`: only those with a wrong verdict."""
    groups = {}
    for row in rows:
        groups.setdefault(("classes beside them" if row.truth.beside else row.kind, row.truth.truth), []).append(row)
    table = [["kind", "truth", "classes"] + ["%s" % number for number in snapshots] + ["all"]]
    for (kind, truth), group in groups.items():
        if brief and not any(row.wrong for row in group):
            continue
        line = [kind.replace("_", " "), truth, str(len(group))]
        for number in list(snapshots) + [None]:
            some = [row for row in group if number in (None, row.snapshots)]
            line.append("%s / %s" % (share(some, ("likely",)), share(some, ("possible",))))
        table.append(line)
    return table


def markdown(table):
    align = ["---"] * 2 + ["---:"] * (len(table[0]) - 2)
    return "\n".join("| " + " | ".join(line) + " |" for line in [table[0], align] + table[1:])


def plain(table):
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) if n < 2 else cell.rjust(width)
                               for n, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in table)


def ratio(right, of):
    return "%.3f (%d of %d)" % (right / of, right, of) if of else "– (none)"


def overall(rows):
    """The figures over all classes, a line each."""
    leaks = [row for row in rows if row.truth.truth == LEAK]
    full = [row for row in leaks if not row.truth.small]
    named = lambda verdicts: [row for row in rows if row.verdict in verdicts]
    likely = [row for row in named(("likely",)) if row.truth.truth != ANY]
    either = [row for row in named(("likely", "possible")) if row.truth.truth in (LEAK, NONE)]
    right = lambda some: sum(row.truth.truth == LEAK for row in some)
    filling = [row for row in rows if row.truth.truth == FILLING]
    lines = [
        ("dumps, classes, leaks", "%d, %d, %d" % (len({row.path for row in rows}), len(rows), len(leaks))),
        ("likely: precision", ratio(right(likely), len(likely))),
        ("likely: recall", ratio(sum(row.verdict == "likely" for row in full), len(full))),
        ("likely or possible: precision", ratio(right(either), len(either))),
        ("likely or possible: recall", ratio(sum(row.suspected for row in leaks), len(leaks))),
        ("still filling: called filling", ratio(sum(row.verdict == "filling" for row in filling), len(filling))),
        ("still filling: called likely", ratio(sum(row.verdict == "likely" for row in filling), len(filling))),
    ]
    for label, name in (("creating lines right (innermost frame)", "site_right"), ("own lines right", "own_right"),
                        ("attributes right", "attribute_right"), ("since when right (within one snapshot)", "since_right")):
        told = [getattr(row, name) for row in rows if getattr(row, name) is not None]
        lines.append((label, ratio(sum(told), len(told))))
    return lines


def wrong(rows):
    """A line for each verdict that is wrong, and for each site, attribute or moment of a suspect that is."""
    parts = [("site", "site_right"), ("own", "own_right"), ("attribute", "attribute_right"), ("since", "since_right")]
    named = [part for part in parts if any(row.said and getattr(row.said, part[0]) is not None for row in rows)]
    for row in rows:
        said = row.said
        where = "%s snapshots=%s seed=%s %s" % (row.kind, row.snapshots, row.seed, row.truth.name)
        if row.wrong:
            yield "%s: %s, but %s; %s %s %s" % (where, row.truth.truth, row.verdict, said and said.pattern,
                                               ",".join(said.reasons) if said else "", row.path)
        for what, name in named:
            if getattr(row, name) is False:
                yield "%s: %s is %s, not %s %s" % (where, what, getattr(row.truth, what), getattr(said, what), row.path)
    for what, _ in parts:
        if (what, what + "_right") not in named:
            yield "no %s is named at all" % what
