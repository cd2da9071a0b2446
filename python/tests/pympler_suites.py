#!/usr/bin/env python3
"""Runs the tests of Pympler 1.1 itself with ctstats' classes in place of Pympler's.

Only the import changes: `from pympler.classtracker_stats import …` becomes `from ctstats import …`, and
`ctstats.install()` is called first, since `tracker.stats` is made inside of Pympler.

Needs: ctstats and pympler==1.1 installed, and pip, which downloads Pympler's source. Or give the path
of an unpacked source: pympler_suites.py PATH.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import ctstats

SUITES = ("test/tracker/test_stats.py", "test/tracker/test_classtracker.py")
OURS = ("Stats", "ConsoleStats", "HtmlStats")


def source(folder):
    """Downloads and unpacks Pympler's source."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        pip + ["download", "pympler==1.1", "--no-binary", ":all:", "--no-deps", "--dest", folder], check=True
    )
    (archive,) = Path(folder).glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(folder)
    return archive.with_name(archive.name[: -len(".tar.gz")])


def tests(path):
    """The tests of a file, with our import."""
    text = path.read_text()
    changed = text.replace("from pympler.classtracker_stats import", "from ctstats import")
    names = {"__name__": path.stem, "__file__": str(path)}
    # Tests look for their own source lines in the traces that are printed.
    exec(compile(changed, str(path), "exec"), names)
    imported = [name for name in OURS if names.get(name) is getattr(ctstats, name)]
    print(f"{path.name}: {', '.join(imported) or 'no name'} imported from ctstats; tracker.stats is ctstats'")
    cases = [case for case in names.values() if isinstance(case, type) and issubclass(case, unittest.TestCase)]
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return unittest.TestSuite(load(case) for case in cases)


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(sys.argv[1]) if len(sys.argv) > 1 else source(folder)
        ctstats.install()
        suite = unittest.TestSuite(tests(root / path) for path in SUITES)
        if suite.countTestCases() < 30:
            sys.exit(f"only {suite.countTestCases()} tests were found in {root}")
        outcome = unittest.TextTestRunner(verbosity=2 if os.environ.get("VERBOSE") else 1).run(suite)
        sys.exit(not outcome.wasSuccessful())


if __name__ == "__main__":
    main()
