#!/usr/bin/env python3
"""Types of the parts of answers: which fields each has, and what these hold.

    answer_types.py [--update]

Asks the command for the answers of many fixtures, as JSON. Compares what they hold with the parts in
python/ctstats/_data.pyi and python/ctstats/_parts.py, or writes both anew. Run it with an installed package,
or with CTSTATS naming a command.
"""

import json
import keyword
import os
import pathlib
import pprint
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUB = ROOT / "python/ctstats/_data.pyi"
PARTS = ROOT / "python/ctstats/_parts.py"
COMMAND = os.environ.get("CTSTATS") or os.path.join(os.path.dirname(sys.executable), "ctstats")
BEGIN = "# Parts of answers, by their places in them; python/tests/answer_types.py writes what follows.\n"

DUMPS = [
    "shop.dump", "leaky_shop.dump", "prices.dump", "markup.dump", "registry.dump.gz", "histories.dump.gz",
    "clock_set_back.dump.gz", "many_classes.dump.gz", "invalid/trunc-b0-002080.bin",
    "dumps/empty.nothing-1.1-py311.dump", "dumps/empty.zero-snapshots-1.1-py311.dump",
]
ASKED = [
    ["summary"],
    ["summary", "--limit", "1"],
    ["leaks"],
    ["leaks", "--limit", "1"],
    ["leaks", "--ignore", "*"],
    ["leaks", "--known", "fixtures/known.toml"],
    ["diff", "--referents"],
    ["diff", "--referents", "--limit", "1"],
    ["diff", "--from", "last", "--to", "first"],
    ["check", "--max-alive", "*=3", "--max-bytes", "*=1KiB", "--max-growth", "*=5%"],
    ["check", "--no-leaks=possible", "--known", "fixtures/known.toml", "--ignore", "shop.Subscription"],
    ["check", "--max-alive", "shop.Crat=3", "--max-growth", "*=64KiB", "--allow-missing"],
    ["info"],
]


def answers():
    """The answers, each with the name of its question."""
    folders = [(ROOT / "fixtures" / folder).iterdir() for folder in ("traps", "edited", "dumps")]
    others = sorted("%s/%s" % (path.parent.name, path.name) for paths in folders for path in paths)
    for dump in DUMPS + others:
        for words in ASKED:
            salvage = ["--salvage"] if "trunc" in dump else []
            line = [COMMAND, words[0], ROOT / "fixtures" / dump, *words[1:], *salvage, "--format", "json"]
            told = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, encoding="utf-8").stdout
            if told:
                yield words[0], json.loads(told)
    for pair in (["checkpoint_early.dump", "checkpoint_late.dump"], ["shop.dump", "leaky_shop.dump"]):
        line = [COMMAND, "diff", *(ROOT / "fixtures" / name for name in pair), "--format", "json"]
        yield "diff", json.loads(subprocess.run(line, cwd=ROOT, capture_output=True).stdout)


class Part:
    """The fields at a place of an answer: of each what was seen in it, and in how many parts it was."""

    def __init__(self):
        self.count = 0
        self.fields = {}

    def see(self, record, path, parts):
        self.count += 1
        for name, value in record.items():
            field = self.fields.setdefault(name, [set(), 0])
            field[0].add(kind(value, path + "_" + name, parts))
            field[1] += 1


def kind(value, path, parts):
    """The type of a value; parts learn of what is in it."""
    if value is None:
        return "None"
    if isinstance(value, list):
        return "List", frozenset(kind(one, path, parts) for one in value)
    if isinstance(value, dict):
        parts.setdefault(path, Part()).see(value, path, parts)
        return class_name(path)
    return type(value).__name__


def class_name(path):
    return "_" + "".join(word.title() for word in path.split("_"))


def annotation(kinds):
    """The type of a field in which these were seen."""
    lists = [of for of in kinds if isinstance(of, tuple)]
    plain = {of for of in kinds if not isinstance(of, tuple)}
    if lists:
        inner = frozenset().union(*(of[1] for of in lists))
        plain.add("List[%s]" % (annotation(inner) if inner else "Any"))
    is_optional = "None" in plain
    plain.discard("None")
    if "float" in plain:
        plain.discard("int")
    text = {0: "Any", 1: "".join(plain)}.get(len(plain)) or "Union[%s]" % ", ".join(sorted(plain))
    return "Optional[%s]" % text if is_optional and plain else text


def attribute(name):
    return name + "_" if keyword.iskeyword(name) else name


def stub(parts):
    text = []
    for path, part in sorted(parts.items()):
        text.append("\n@dataclass(frozen=True)\nclass %s:\n" % class_name(path))
        for name, (kinds, count) in part.fields.items():
            kinds = kinds | {"None"} if count < part.count else kinds
            text.append("    %s: %s\n" % (attribute(name), annotation(kinds)))
    return BEGIN + "".join(text)


def main():
    parts, tops = {}, {}
    for question, answer in answers():
        tops.setdefault(question, Part()).see(answer, question, parts)
    names = {path: " ".join(part.fields) for path, part in sorted(parts.items())}
    table = '"""The fields of the parts of answers, by their places; tests/answer_types.py writes them."""\n\n'
    table += "PARTS = " + pprint.pformat(names, width=1000) + "\n"
    before = STUB.read_text(encoding="utf-8")
    head = before.split(BEGIN)[0]
    # The answers themselves are written by hand; of them only the parts are set, where they say Any.
    lines, question = [], None
    for line in head.splitlines(keepends=True):
        if line.startswith("class "):
            question = line.split()[1].rstrip(":").lower()
        name = line.split(":")[0].strip()
        field = tops[question].fields.get(name.rstrip("_")) if question in tops else None
        if field and "Any" in line:
            part = re.search(r"_[A-Z]\w*", annotation(field[0]))
            line = line.replace("Any", part.group()) if part else line
        lines.append(line)
    new = {STUB: "".join(lines) + stub(parts), PARTS: table}
    if "--update" in sys.argv:
        for path, text in new.items():
            path.write_text(text, encoding="utf-8")
        return
    for path, text in new.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit("%s is not what answers hold; run answer_types.py --update" % path.relative_to(ROOT))
    print("%d parts of answers have the fields of their types" % len(parts))


if __name__ == "__main__":
    main()
