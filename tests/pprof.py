#!/usr/bin/env python3
"""Reads profiles of `ctstats sites --pprof` with the real pprof, and holds them against the JSON.

    python3 tests/pprof.py target/release/ctstats GO

GO is Go's command, which builds its pprof at the first use. Totals, the figures of each line and of
each class are those that `sites --format json` tells of the same selection.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

CTSTATS, GO = sys.argv[1:3]
DUMPS = ["shop.dump", "leaky_shop.dump", "prices.dump", "django.dump.gz"]
# Names with control characters and the like are escaped, and not found in the JSON.
ODD_NAMES = ["orders.dump", "dumps/weirdstr-surr-1.1-py311.dump", "edited/rebuilt-ints.dump"]
SELECTIONS = [[], ["--alive"], ["--snapshot", "last"], ["--snapshot", "0"], ["--alive-at", "1"]]
NO_TRACE = "(no trace)"

# A sample: its values, its locations, the innermost first.
SAMPLE = re.compile(r"^ *((?:-?\d+ +)+?) *(-?\d+): ([\d ]+?) *$")
LABELS = re.compile(r"(\w+):\[(.*?)\](?= \w+:\[|$)")
LOCATION = re.compile(r"^ *(\d+): 0x0 M=1 (.*) s=0(?:\(.*\))?$")


def run(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def pprof(*arguments):
    return run(GO, "tool", "pprof", *arguments)


class Profile:
    """What `pprof -raw` prints."""

    def __init__(self, path):
        self.samples, self.locations, self.types, self.mappings = [], {}, [], []
        part = None
        for line in pprof("-raw", path).splitlines():
            if line in ("Samples:", "Locations", "Mappings"):
                part = line
            elif part == "Samples:" and "/" in line and not self.types:
                self.types = [name.split("/")[0] for name in line.replace("[dflt]", "").split()]
            elif part == "Samples:":
                self.sample(line)
            elif part == "Locations":
                number, place = LOCATION.match(line).groups()
                self.locations[int(number)] = place
            elif part == "Mappings":
                self.mappings.append(line)

    def sample(self, line):
        found = SAMPLE.match(line)
        if found:
            values = [int(value) for value in (found[1] + found[2]).split()]
            stack = [int(number) for number in found[3].split()]
            self.samples.append((dict(zip(self.types, values)), stack, {}))
        else:
            self.samples[-1][2].update(LABELS.findall(line.strip()))

    def total(self, name):
        return sum(values[name] for values, _, _ in self.samples)

    def by(self, key, name):
        """The sums of a figure by what `key` makes of a sample; nothing of what is 0."""
        sums = collections.Counter()
        for values, stack, labels in self.samples:
            sums[key(stack, labels)] += values[name]
        return {key: value for key, value in sums.items() if value}


def place(frames):
    """A frame of the JSON as a location that pprof prints, without the column."""
    if not frames:
        return NO_TRACE
    frame = frames[-1]
    return "%s %s:%s" % (frame["function"], frame["file"], frame["line"])


def location(text):
    """The same of pprof: `function file:line:column`."""
    if text.startswith(NO_TRACE):
        return NO_TRACE
    return text.rsplit(":", 1)[0]


def sites(dump, selection, by):
    line = [CTSTATS, "sites", dump, *selection, "--by", by, "--format", "json"]
    return json.loads(run(*line))


def rows(document, key, figure):
    sums = collections.Counter()
    for row in document["sites"]:
        sums[key(row)] += row[figure]
    return {key: value for key, value in sums.items() if value}


def check(dump, selection, folder, by_name=True):
    path = os.path.join(folder, "out.pb.gz")
    run(CTSTATS, "sites", dump, *selection, "--pprof", path)
    profile = Profile(path)
    figures = {"inuse_objects": "alive", "inuse_space": "alive_bytes"}
    allocated = {"alloc_objects": "objects", "alloc_space": "size_bytes"}
    if "--snapshot" in selection:
        figures = {"inuse_objects": "objects", "inuse_space": "size_bytes"}
    else:
        figures = {**allocated, **figures}
    assert profile.types == list(figures), profile.types
    assert len(profile.mappings) == 1 and "[FN][FL][LN]" in profile.mappings[0], profile.mappings
    by_frame, by_class = (sites(dump, selection, by) for by in ("frame", "class"))
    for name, figure in figures.items():
        assert profile.total(name) == by_frame["total"][figure], (dump, selection, name)
        if not by_name:
            continue
        lines = profile.by(lambda stack, _: location(profile.locations[stack[0]]), name)
        assert lines == rows(by_frame, lambda row: place(row["frames"]), figure), (dump, name)
        classes = profile.by(lambda _, labels: labels["class"], name)
        assert classes == rows(by_class, lambda row: row["name"], figure), (dump, name)
    # What people run: exact bytes, and no node is dropped.
    arguments = ["-top", "-unit=B", "-nodefraction=0", "-sample_index=inuse_space", path]
    if profile.total("inuse_space"):
        shown = pprof(*arguments)
        assert "of %dB total" % profile.total("inuse_space") in shown, shown
    return len(profile.samples)


def check_own(folder):
    """Own lines are labels, which pprof can make roots of."""
    path = os.path.join(folder, "own.pb.gz")
    dump = "fixtures/django.dump.gz"
    run(CTSTATS, "sites", dump, "--pprof", path)
    own = sites(dump, [], "own")
    expected = {
        "%s:%s in %s" % (frame["file"], frame["line"], frame["function"]): row["size_bytes"]
        for row in own["sites"]
        for frame in row["frames"]
    }
    found = Profile(path).by(lambda _, labels: labels.get("own"), "alloc_space")
    assert {place: size for place, size in found.items() if place} == expected, found
    shown = pprof("-top", "-tagroot=own", "-tagleaf=class", "-sample_index=alloc_space", path)
    assert "l12_django.py:22 in request" in shown and "__main__.Article" in shown, shown
    assert "<module>" in pprof("-top", "-nodefraction=0", path), "pprof shortened the name"


def main():
    samples = 0
    with tempfile.TemporaryDirectory() as folder:
        for dump in DUMPS:
            for selection in SELECTIONS:
                samples += check("fixtures/" + dump, selection, folder)
        for dump in ODD_NAMES:
            samples += check("fixtures/" + dump, [], folder, by_name=False)
        check_own(folder)
        # Standard output is the same file.
        path = os.path.join(folder, "out.pb.gz")
        run(CTSTATS, "sites", "fixtures/shop.dump", "--pprof", path)
        line = [CTSTATS, "sites", "fixtures/shop.dump", "--pprof", "-"]
        with open(path, "rb") as file:
            assert subprocess.run(line, capture_output=True, check=True).stdout == file.read()
    assert samples > 100, samples
    print("%d samples of %d profiles are as in JSON" % (samples, len(DUMPS) * len(SELECTIONS) + len(ODD_NAMES)))


main()
