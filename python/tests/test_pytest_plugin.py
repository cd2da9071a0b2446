#!/usr/bin/env python3
"""The pytest plugin: what leaks fails, with class, lines and holder; what does not leak never does.
Needs ctstats, pytest, pytest-xdist and pympler installed. The suites are real ones, in suites/.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SUITES = Path(__file__).resolve().parent / "suites"
ROUNDS = 100


def run(suite, *arguments, **environment):
    """Status and output of pytest."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "SEED", "ROUNDS")}
    variables.update(environment, PYTHONDONTWRITEBYTECODE="1", COLUMNS="200")
    done = subprocess.run(command, cwd=suite, env=variables, capture_output=True, text=True, timeout=1500)
    return done.returncode, done.stdout + done.stderr


def sections(output):
    """The text of each failure, by the name of the test."""
    found = re.findall(r"^_{3,} ([\w.]+) _{3,}\n(.*?)(?=^_{3,} |^ctstats: |^=)", output, re.M | re.S)
    return dict(found)


class Quiet(unittest.TestCase):
    def test_once(self):
        status, output = run(SUITES / "quiet", "--ctstats")
        self.assertEqual(status, 0, output)
        self.assertIn("3 not checked, as they failed or were skipped", output)
        self.assertRegex(output, r"ctstats: \d\d tests checked, 0 left instances behind")
        self.assertIn("test_fixture_of_module_grows left 1 of shop.Cart in the fixture shop_of_module", output)

    def test_a_hundred_times_in_one_process(self):
        status, output = run(SUITES / "quiet", "-q", "--ctstats", ROUNDS=str(ROUNDS))
        self.assertEqual(status, 0, output[-5000:])
        checked = int(re.search(r"ctstats: (\d+) tests checked, 0 left", output)[1])
        self.assertGreater(checked, 33 * ROUNDS)

    def test_in_other_orders(self):
        for seed in range(1, 4):
            status, output = run(SUITES / "quiet", "-q", "--ctstats", SEED=str(seed), ROUNDS="2")
            self.assertEqual(status, 0, "seed %d: %s" % (seed, output[-5000:]))

    def test_in_several_processes(self):
        status, output = run(SUITES / "quiet", "-q", "--ctstats", "-n", "2", ROUNDS="3")
        self.assertEqual(status, 0, output[-5000:])
        self.assertRegex(output, r"ctstats: \d{3} tests checked, 0 left")

    def test_behind_tests_that_fail(self):
        # pytest keeps the last exception, and so the variables of the test that raised it.
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_both.py").write_text(
                "import pytest\n"
                "class Cart:\n    pass\n"
                "pytestmark = pytest.mark.ctstats(classes=[Cart])\n"
                "def test_fails():\n    cart = Cart()\n    assert cart == 1\n"
                "def test_is_fine():\n    cart = Cart()\n"
                "@pytest.fixture\ndef broken():\n    cart = Cart()\n    yield\n    assert cart == 1\n"
                "def test_error(broken):\n    pass\n"
                "def test_is_fine_too():\n    cart = Cart()\n"
            )
            status, output = run(folder, "--ctstats")
        self.assertEqual(status, 1, output)
        self.assertIn("1 failed, 3 passed, 1 error", output)
        self.assertIn("ctstats: 2 tests checked, 0 left instances behind, 2 not checked", output)


class Leaky(unittest.TestCase):
    def setUp(self):
        source = (SUITES / "leaky/test_leaky.py").read_text().splitlines()
        self.wanted = {}
        for line in source:
            found = re.match(r" *def (test_\w+)\(.*\):  # (.*)", line)
            if found:
                self.wanted[found[1]] = found[2].split(" | ")

    def check(self, output):
        found = {name.rpartition(".")[2]: text for name, text in sections(output).items()}
        self.assertEqual(set(found), set(self.wanted), output)
        for name, pieces in self.wanted.items():
            for piece in pieces:
                # NN is any line number.
                pattern = re.escape(piece).replace("NN", r"\d+")
                self.assertRegex(found[name], pattern, name)
            self.assertNotIn("_pytest", found[name])
            self.assertNotIn("ctstats/", found[name])

    def test_each_fails_with_class_lines_and_holder(self):
        status, output = run(SUITES / "leaky", "--ctstats")
        self.assertEqual(status, 1, output)
        self.check(output)
        count = len(self.wanted)
        self.assertIn("ctstats: %d tests checked, %d left instances behind" % (count, count), output)
        self.assertIn("FAILED test_leaky.py::test_list", output)
        self.assertIn("%d failed in" % count, output)

    def test_in_several_processes(self):
        status, output = run(SUITES / "leaky", "--ctstats", "-n", "2")
        self.assertEqual(status, 1, output)
        count = len(self.wanted)
        self.assertIn("ctstats: %d tests checked, %d left instances behind" % (count, count), output)

    def test_stops_at_the_first(self):
        status, output = run(SUITES / "leaky", "--ctstats", "-x")
        self.assertEqual(status, 1, output)
        self.assertIn("1 failed in", output)

    def test_junit(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "out.xml")
            run(SUITES / "leaky", "--ctstats", "-k", "test_list", "--junitxml", str(path))
            self.assertIn("shop.REGISTRY.carts[0]", path.read_text())

    def test_without_the_option_nothing_is_checked_and_that_is_said(self):
        status, output = run(SUITES / "leaky")
        self.assertEqual(status, 0, output)
        self.assertIn("ctstats: %d tests with the mark ctstats not checked" % len(self.wanted), output)

    def test_without_the_plugin(self):
        status, output = run(SUITES / "leaky", "-p", "no:ctstats")
        self.assertEqual(status, 0, output)


class Usage(unittest.TestCase):
    def suite(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "shop.py").write_text(
                "import collections\nclass Cart:\n    pass\nPoint = collections.namedtuple('Point', 'x y')\nKEPT = []\n"
            )
            Path(folder, "broken.py").write_text("1 / 0\n")
            Path(folder, "test_it.py").write_text("import pytest\nfrom shop import *\nimport shop\n" + text)
            return run(folder, *arguments)

    def refused(self, text, message, *arguments):
        status, output = self.suite(text, "--ctstats", *arguments)
        self.assertEqual(status, 4, output)
        self.assertIn(message, output)
        self.assertNotIn("Traceback", output)
        self.assertNotIn("INTERNALERROR", output)

    def test_wrong_marks(self):
        marked = "@pytest.mark.ctstats(%s)\ndef test_it():\n    pass\n"
        self.refused(marked % "classes=[Point]", "shop.Point cannot be tracked: its instances take no weak references")
        self.refused(marked % "classes=[dict]", "dict cannot be tracked")
        self.refused(marked % "classes=[set]", "set cannot be tracked: cannot set")
        self.refused(marked % "classes=['Cart']", "is not a class")
        self.refused(marked % "classes=[]", "names no class")
        self.refused(marked % "classes=[Cart], max_alive=-1", "max_alive is a number from 0, or None, not -1")
        self.refused(marked % "classes=[Cart], limit=1", "takes classes and max_alive, not limit")
        self.refused(marked % "[Cart]", "takes classes and max_alive, not arguments without a name")

    def test_wrong_names(self):
        test = "def test_it():\n    pass\n"
        self.refused(test, "--ctstats-class nowhere.Cart: there is no such module", "--ctstats-class", "nowhere.Cart")
        self.refused(test, "--ctstats-class shop.Cat: is not a class", "--ctstats-class", "shop.Cat")
        self.refused(test, "--ctstats-class broken.Cart: broken cannot be imported: ZeroDiv", "--ctstats-class", "broken.Cart")
        self.refused(test, "--ctstats-class Cart: there is no such module", "--ctstats-class", "Cart")

    def test_all_tests(self):
        text = (
            "def test_leaks():\n    KEPT.append(Cart())\n"
            "def test_fine():\n    Cart()\n"
            "@pytest.mark.ctstats(max_alive=None)\ndef test_exempt():\n    KEPT.append(Cart())\n"
            "@pytest.mark.ctstats(max_alive=1)\ndef test_one():\n    KEPT.append(Cart())\n"
        )
        status, output = self.suite(text, "--ctstats-class", "shop.Cart")
        self.assertEqual(status, 1, output)
        self.assertIn("1 failed, 3 passed", output)
        self.assertRegex(output, r"held by (shop|test_it)\.KEPT\[0\]")
        self.assertIn("ctstats: 3 tests checked, 1 left instances behind", output)

    def test_nothing_to_check(self):
        status, output = self.suite("def test_it():\n    pass\n", "--ctstats")
        self.assertEqual(status, 0, output)
        self.assertIn("ctstats: no test was checked", output)

    def test_classes_are_as_before(self):
        text = (
            "before = dict(vars(Cart))\n"
            "@pytest.mark.ctstats(classes=[Cart])\ndef test_it():\n    assert Cart.__init__ is not object.__init__\n"
            "def test_after():\n    assert dict(vars(Cart)) == before and Cart.__init__ is object.__init__\n"
        )
        status, output = self.suite(text, "--ctstats")
        self.assertEqual(status, 0, output)

    def test_many_survivors_take_no_minutes(self):
        text = (
            "@pytest.mark.ctstats(classes=[Cart])\n"
            "def test_many():\n    KEPT.extend(Cart() for _ in range(100000))\n    shop.MORE = [[Cart()] for _ in range(100000)]\n"
        )
        status, output = self.suite(text, "--ctstats", "--durations=1")
        self.assertEqual(status, 1, output)
        self.assertIn("200000 instances of shop.Cart are alive", output)
        self.assertRegex(output, r"held by (shop|test_it)\.KEPT\[0\]")
        self.assertIn("held by shop.MORE[0][0]", output)
        self.assertLess(float(re.search(r"1 failed in ([\d.]+)s", output)[1]), 60)


if __name__ == "__main__":
    unittest.main()
