#!/usr/bin/env python3
"""Runs every example of README.md and docs/, and checks the links and paths of all documents.

    target/pympler/bin/python tests/documents.py target/release/ctstats [--update] [DOCUMENT …]

The Python that runs it needs Pympler 1.1. Each document is one session, in an empty folder of its
own with a link to fixtures/. Its blocks run in order:

- ```console: a line that begins with `$ ` is a command for bash; it goes on below while it ends
  with `|` or a backslash. The other lines are what the commands print, standard output before
  standard error. In a block without such lines the commands are run, and what they print is not
  compared. A command must succeed, and so must every part of its pipeline; where another status
  is meant, the command says so: `…; echo "exit status $?"`.
- ```python, ```toml: a file. Its first line is a comment with the file's name. Python files are run.
  Those that import ctstats or pytest need both in this Python, as .ci/run does; where they are not, they
  and the consoles that run them are named and left out.
- ```rust: a doc test, which `cargo test` runs; only in docs/library.md.
- ```sh, ```text: not an example. It must not hold a command of ctstats.
- ```yaml: steps of a workflow, which tests/actions.py holds against the Action.

Tables are 120 columns wide unless a command says otherwise. --update writes into the documents what
the commands print now; read the diff.
"""
import glob
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
README_LINES = 150
BLOCK = re.compile(r"^```(.*)\n((?:(?!```).*\n)*)^```$", re.M)
LINK = re.compile(r"\[[^\]\n]+(?:\n[^\]\n]+)?\]\(([^)\s]+)\)")
PATH = re.compile(r"^(?:\.ci|\.github|benches|docs|examples|fixtures|fuzz|packaging|python|src|tests)/[\w./*-]+$")
IMPORT = re.compile(r"^(?:import|from) (?:ctstats|pytest)\b", re.M)
HAS_PACKAGE = all(importlib.util.find_spec(name) is not None for name in ("ctstats", "pytest"))


class Broken(Exception):
    """What is wrong with a document, as a sentence."""


def read(document):
    with open(os.path.join(ROOT, document), encoding="utf-8") as file:
        return file.read()


def commands(body):
    """The commands of a console block, each with the lines that follow it."""
    found = []
    unfinished = False
    for line in body.splitlines():
        if unfinished:
            found[-1][0].append(line)
        elif line.startswith("$ "):
            found.append(([line], []))
        elif found:
            found[-1][1].append(line)
        else:
            raise Broken("a console block does not begin with a command: %s" % line)
        unfinished = not (found[-1][1]) and line.rstrip().endswith(("|", "\\"))
    if not found:
        raise Broken("a console block has no command")
    return found


class Session:
    """A folder in which the blocks of one document run, one after the other."""

    def __init__(self, binary, folder):
        self.folder = folder
        tools = os.path.join(folder, ".tools")
        os.mkdir(tools)
        os.symlink(os.path.abspath(binary), os.path.join(tools, "ctstats"))
        os.symlink(os.path.join(ROOT, "fixtures"), os.path.join(folder, "fixtures"))
        path = [tools, os.path.dirname(sys.executable), os.path.join(ROOT, "target/tools/bin"), os.environ["PATH"]]
        self.environment = {
            "PATH": os.pathsep.join(path),
            "HOME": folder,
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "TMPDIR": folder,
        }

    def run(self, arguments, shown):
        done = subprocess.run(arguments, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True)
        out, errors = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        if done.returncode != 0:
            raise Broken("exit status %d of `%s`\n%s%s" % (done.returncode, shown, out[-2000:], errors))
        return out + errors

    def console(self, body):
        """The block as it should be."""
        found = commands(body)
        is_compared = any(lines for _, lines in found)
        made = []
        for typed, _ in found:
            command = "\n".join(typed)[2:]
            printed = self.run(["bash", "-o", "pipefail", "-c", command], command)
            made += typed
            if is_compared:
                # Editors strip blanks at the ends of lines, and nobody sees them.
                made += [line.rstrip() for line in printed.splitlines()]
        return "".join(line + "\n" for line in made)

    def save(self, body):
        """Writes a block into the file that it names."""
        name = re.match(r"# ([\w.-]+)\n", body)
        if not name:
            raise Broken("the first line of a file is a comment with its name: %s" % body.split("\n")[0])
        with open(os.path.join(self.folder, name[1]), "w", encoding="utf-8") as file:
            file.write(body)
        return name[1]


def examples(document, text, binary):
    """The document with its console blocks as they should be, and how many examples it has."""
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        session = Session(binary, folder)
        left_out = []

        def block(match):
            nonlocal count
            language, body = match[1], match[2]
            if not HAS_PACKAGE and language == "python" and IMPORT.search(body):
                left_out.append(session.save(body))
                print("%s: %s is not run, this Python has no ctstats or no pytest (pip install ./python pytest)" % (document, left_out[-1]))
                return match[0]
            if language == "console" and any(re.search(r"(?:python|pytest\b.*) %s" % re.escape(name), body) for name in left_out):
                return match[0]
            if language == "console":
                count += len(commands(body))
                return "```console\n%s```" % session.console(body)
            if language in ("python", "toml"):
                name = session.save(body)
                if language == "python":
                    session.run([sys.executable, name], "python " + name)
                count += 1
            elif language == "rust":
                if document != "docs/library.md" or 'include_str!("../docs/library.md")' not in read("src/lib.rs"):
                    raise Broken("Rust is run from docs/library.md only, which src/lib.rs includes as tests")
                count += 1
            elif language == "yaml":
                pass
            elif language in ("sh", "text"):
                if re.search(r"^\s*(\$ )?(\S+ \| )?ctstats ", body, re.M):
                    raise Broken("a command of ctstats is not run; its block is no console: %s" % body)
            else:
                raise Broken("a block of an unknown language: ```%s" % language)
            return match[0]

        made = BLOCK.sub(block, text)
    return made, count


def anchors(text):
    """The anchors that GitHub gives the headings of a document."""
    outside = BLOCK.sub("", text)
    titles = re.findall(r"^#+ (.+)$", outside, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def references(document, text):
    """What the document names in the repository and is not there."""
    folder = os.path.dirname(document)
    outside = BLOCK.sub("", text)
    wrong = []
    if re.search(r"^\s*```", outside, re.M):
        wrong.append("a block is not closed")
    if re.search(r"^ {4}(ctstats|cargo|\$) ", outside, re.M):
        wrong.append("a command stands in an indented block; use ```console or ```sh")
    for target in LINK.findall(outside):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(folder, path)) if path else document
        if not os.path.exists(os.path.join(ROOT, path)):
            wrong.append("a link goes nowhere: %s" % target)
        elif anchor and anchor not in anchors(read(path)):
            wrong.append("a link names no heading: %s" % target)
    words = re.findall(r"`([^`\n]+)`", outside)
    words += [body for language, body in BLOCK.findall(text) if language == "sh"]
    for word in " ".join(words).split():
        if PATH.match(word) and not glob.glob(os.path.join(ROOT, word)):
            wrong.append("a file is not there: %s" % word)
    return wrong


def main(binary, update, documents):
    with_examples = ["README.md", *sorted(glob.glob("docs/*.md", root_dir=ROOT))]
    total, failed = 0, False
    for document in documents or [*with_examples, "CHANGELOG.md", "CONTRIBUTING.md", "fixtures/README.md"]:
        text = read(document)
        wrong = references(document, text)
        if document == "README.md" and len(text.splitlines()) > README_LINES:
            wrong.append("it has more than %d lines" % README_LINES)
        if document in with_examples:
            try:
                made, count = examples(document, text, binary)
                total += count
            except Broken as error:
                wrong.append(str(error))
                made = text
            if made != text:
                if update:
                    with open(os.path.join(ROOT, document), "w", encoding="utf-8") as file:
                        file.write(made)
                    print("%s: rewritten" % document)
                else:
                    old, new = text.splitlines(), made.splitlines()
                    at = next((at for at, pair in enumerate(zip(old, new)) if pair[0] != pair[1]), min(len(old), len(new)))
                    wrong.append("line %d is not what the command prints; --update rewrites it\n  - %s\n  + %s" % (
                        at + 1, *(lines[at] if at < len(lines) else "" for lines in (old, new))))
        for what in wrong:
            failed = True
            print("%s: %s" % (document, what))
    print("%d examples run" % total)
    return failed


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
    if not arguments:
        sys.exit(__doc__)
    sys.exit(main(arguments[0], "--update" in sys.argv, arguments[1:]))
