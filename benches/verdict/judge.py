"""What `ctstats leaks` says of a dump, held against the truth."""
import json
import os
import subprocess

from .world import FILLING, LEAK, NONE, UNDECIDABLE


class Said:
    """What was said of one class; `None`: not named."""

    def __init__(self, verdict, pattern, reasons, site, own, attribute, since):
        self.verdict, self.pattern, self.reasons = verdict, pattern, reasons
        self.site, self.own, self.attribute, self.since = site, own, attribute, since


def read(entry):
    """The fields of one class in the JSON of `ctstats leaks`; the only place that knows their names."""
    kept = entry.get("kept") or {}
    frame = lambda it: (it.get("file"), it.get("line"), it.get("function")) if it else None
    origins = kept.get("origins") or []
    site = entry.get("site") or {}
    attribute = entry.get("attribute")
    if isinstance(attribute, dict):
        attribute = attribute.get("name") or (attribute.get("path") or [None])[-1]
    if attribute is None:
        holders = kept.get("holders") or []
        attribute = holders[0]["path"][-1] if holders and holders[0].get("path") else None
    since = entry.get("since")
    if isinstance(since, dict):
        since = since.get("snapshot")
    return Said(
        verdict=entry.get("verdict") or entry.get("confidence") or "no",
        pattern=entry.get("pattern"),
        reasons=[code.get("reason") for code in entry.get("reason_codes") or []],
        site=frame(origins[0] if origins else None),
        own=frame(site.get("own") or (site if "file" in site else None) or (origins[0].get("own") if origins else None)),
        attribute=attribute,
        since=since,
    )


def run(command):
    """What a command prints. Raises with its errors if it fails."""
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stderr.decode(errors="replace")))
    return done.stdout


def ask(ctstats, path):
    """What is said of each class of a dump. Raises if the program fails."""
    command = [ctstats, "leaks", path, "--limit", "100%", "--format", "json"]
    answer = json.loads(run(command))
    said = {}
    for group in "suspects", "more_suspects", "filling", "cleared":
        for entry in answer.get(group) or []:
            said[entry["class"]] = read(entry)
    return said


def attribute_name(name):
    """The name of a referent without its repr: `[V] items: {…}` is `items`."""
    if name is None:
        return None
    name = name[4:] if name.startswith(("[V] ", "[K] ")) else name
    return name.split(": ")[0]


class Row:
    """One class of one dump, judged."""

    def __init__(self, kind, snapshots, seed, truth, said, path):
        self.kind, self.snapshots, self.seed, self.truth, self.said, self.path = kind, snapshots, seed, truth, said, path

    @property
    def verdict(self):
        return self.said.verdict if self.said else "unnamed"

    @property
    def wrong(self):
        """Whether the verdict contradicts the truth."""
        if self.truth.truth == LEAK:
            return self.verdict not in (("likely", "possible") if self.truth.small else ("likely",))
        if self.truth.truth == NONE:
            return self.verdict in ("likely", "possible")
        if self.truth.truth == FILLING:
            return self.verdict == "likely"
        return self.truth.truth == UNDECIDABLE and self.verdict == "likely"

    @property
    def suspected(self):
        return self.truth.truth == LEAK and self.verdict in ("likely", "possible")

    @property
    def site_right(self):
        """`None` where there is nothing to be right about."""
        if not self.suspected or self.truth.site is None:
            return None
        return self.said.site == tuple(self.truth.site)

    @property
    def own_right(self):
        if not self.suspected or self.truth.own is None:
            return None
        return self.said.own == tuple(self.truth.own)

    @property
    def attribute_right(self):
        if not self.suspected or self.truth.attribute is None:
            return None
        return attribute_name(self.said.attribute) == attribute_name(self.truth.attribute)

    @property
    def since_right(self):
        if not self.suspected or self.truth.since is None:
            return None
        if self.said.since is None:
            return False
        return abs(self.said.since - self.truth.since) <= 1


def judge(ctstats, kind, snapshots, seed, truths, path):
    said = ask(ctstats, path)
    unknown = set(said) - {truth.name for truth in truths}
    if unknown and kind != "field":
        raise AssertionError("%s: %s: no truth of %s" % (kind, path, ", ".join(sorted(unknown))))
    return [Row(kind, snapshots, seed, truth, said.get(truth.name), path) for truth in truths]


def converted(ctstats, path, native=None):
    """The same dump in the native format."""
    native = native or os.path.splitext(path)[0] + ".ctstats"
    run([ctstats, "convert", path, native, "--force"])
    return native
