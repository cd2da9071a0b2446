#!/usr/bin/env python3
"""Dumps as data: tables in pyarrow, Polars, pandas and DuckDB, answers against the command's JSON, a
notebook, threads. Needs ctstats, pyarrow, polars, pandas, duckdb, nbclient and ipykernel installed. Run in
a clone: the dumps are those of fixtures/.
"""

import dataclasses
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow

import ctstats

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
LEAKY = FIXTURES / "leaky_shop.dump"
DUMPS = [FIXTURES / name for name in ("shop.dump", "leaky_shop.dump", "prices.dump", "markup.dump")]
TABLES = ("objects", "samples", "snapshots", "classes", "class_samples", "sites", "referents")
COMMAND = os.environ.get("CTSTATS") or os.path.join(os.path.dirname(sys.executable), "ctstats")


def command(*arguments):
    """What the command prints."""
    words = [COMMAND, *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8").stdout


def as_json(value):
    """A dataclass as the JSON that it came from: fields whose names Python has for itself end in _."""
    if dataclasses.is_dataclass(value):
        fields = ((of.name.rstrip("_"), getattr(value, of.name)) for of in dataclasses.fields(value))
        return {name: as_json(of) for name, of in fields}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value


def without_defaults(told, ours):
    """Fields of ours that the JSON leaves out where there is nothing to tell."""
    return {name: of for name, of in ours.items() if name in told or of not in (None, [], 0, False)}


class Tables(unittest.TestCase):
    def test_pyarrow_takes_every_table(self):
        for path in DUMPS:
            dump = ctstats.load(path)
            for name in TABLES:
                table = getattr(dump, name)()
                taken = pyarrow.table(table)
                taken.validate(full=True)
                self.assertEqual(taken.schema.names, [column.name for column in table.columns])
                for column in table.columns:
                    field = taken.schema.field(column.name)
                    self.assertEqual(field.nullable, column.is_nullable)
                    self.assertTrue(field.metadata[b"description"], column)
                    if not column.is_nullable:
                        self.assertEqual(taken[column.name].null_count, 0)
                self.assertEqual(taken.to_pylist()[:10], table.head(10))

    def test_figures_are_those_of_the_command(self):
        for path in DUMPS:
            lines = [json.loads(line) for line in command("print", path, "--format", "ndjson").splitlines()]
            rows = pyarrow.table(ctstats.load(path).objects()).to_pylist()
            fields = ("class", "name", "repr", "birth_seconds", "death_seconds", "alive", "size_bytes", "peak_size_bytes")

            def key(row):
                return json.dumps([row[field] for field in fields])

            self.assertGreater(len(lines), 0)
            self.assertEqual(sorted(map(key, rows)), sorted(map(key, lines)), path)
            self.assertEqual(sorted(hex(row["address"]) for row in rows), sorted(line["address"] for line in lines))

    def test_all_engines_see_the_same(self):
        dump = ctstats.load(LEAKY)
        expected = sum(row["size_bytes"] for row in pyarrow.table(dump.objects()).to_pylist())
        self.assertGreater(expected, 0)
        self.assertEqual(polars.DataFrame(dump.objects())["size_bytes"].sum(), expected)
        reader = pyarrow.RecordBatchReader.from_stream(dump.objects())
        self.assertEqual(reader.read_pandas()["size_bytes"].sum(), expected)
        if hasattr(pandas.DataFrame, "from_arrow"):
            self.assertEqual(pandas.DataFrame.from_arrow(dump.objects())["size_bytes"].sum(), expected)
        objects = pyarrow.table(dump.objects())
        samples = pyarrow.RecordBatchReader.from_stream(dump.samples())
        query = "select sum(o.size_bytes) from objects o"
        self.assertEqual(duckdb.sql(query).fetchall()[0][0], expected)
        # Both come from one dump at a time.
        query = "select count(*) from samples s join objects o on s.object = o.object"
        self.assertEqual(duckdb.sql(query).fetchall()[0][0], len(pyarrow.table(dump.samples())))
        self.assertIsNotNone(objects and samples)

    def test_filters_are_those_of_the_command(self):
        dump = ctstats.load(LEAKY)
        cases = [
            (dict(class_="Cart"), ["--class", "Cart"]),
            (dict(class_=["Cart", "*Session"]), ["--class", "Cart", "--class", "*Session"]),
            (dict(alive=True, min_size="1KiB"), ["--alive", "--min-size", "1024"]),
            (dict(alive=False, repr="<"), ["--dead", "--repr", "<"]),
            (dict(name="Cart"), ["--name", "Cart"]),
        ]
        for keywords, flags in cases:
            lines = command("print", LEAKY, "--format", "ndjson", *flags).splitlines()
            rows = pyarrow.table(dump.objects(**keywords)).to_pylist()
            self.assertGreater(len(rows), 0, flags)
            self.assertEqual(
                sorted(hex(row["address"]) + row["class"] for row in rows),
                sorted(line["address"] + line["class"] for line in map(json.loads, lines)),
                flags,
            )

    def test_what_fits_nothing_is_told(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            self.assertEqual(len(pyarrow.table(ctstats.load(LEAKY).objects(class_="Catr"))), 0)
        self.assertIn("Cart", str(told[0].message))
        with self.assertRaises(ValueError):
            ctstats.load(LEAKY).objects(min_size="large")


class Loading(unittest.TestCase):
    def test_from_everything(self):
        with tempfile.TemporaryDirectory() as folder:
            native = Path(folder, "dump.bin")
            ctstats.load(LEAKY).convert(native)
            back = Path(folder, "dump.dat")
            ctstats.load(native).convert(back, to="pympler")
            whole = LEAKY.read_bytes()
            with open(LEAKY, "rb") as file:
                sources = [str(LEAKY), LEAKY, file, whole, bytearray(whole), io.BytesIO(gzip.compress(whole)), native, back]
                tables = [pyarrow.table(ctstats.load(source).objects()) for source in sources]
            for table in tables[1:]:
                self.assertEqual(table.to_pylist(), tables[0].to_pylist())
            with self.assertRaises(FileExistsError):
                ctstats.load(native).convert(ROOT / "README.md")

    def test_errors(self):
        with self.assertRaises(FileNotFoundError):
            ctstats.load("nowhere.dump")
        for source in (ROOT / "README.md", b"no dump", io.BytesIO(LEAKY.read_bytes()[:5000])):
            with self.assertRaises(ctstats.Error):
                ctstats.load(source)
        with self.assertRaises(TypeError):
            ctstats.load(io.StringIO("text"))

    def test_an_error_on_the_way_is_raised_by_the_reader(self):
        with tempfile.TemporaryDirectory() as folder:
            native = Path(folder, "dump.bin")
            held = [ctstats.load(LEAKY) for _ in range(2)]
            held[0].convert(native)
            damaged = bytearray(native.read_bytes())
            damaged[len(damaged) // 2] ^= 0x55
            native.write_bytes(damaged)
            with self.assertRaises((ctstats.Error, pyarrow.ArrowException, OSError)) as raised:
                dump = ctstats.load(native)
                for name in TABLES:
                    pyarrow.table(getattr(dump, name)())
            self.assertIn("damaged", str(raised.exception))


class Answers(unittest.TestCase):
    def same(self, answer, *arguments):
        told = json.loads(command(*arguments, "--format", "json"))
        self.assertEqual(without_defaults(told, as_json(answer)), told, arguments)

    def test_answers_are_those_of_the_command(self):
        for path in DUMPS + [FIXTURES / "registry.dump.gz", FIXTURES / "clock_set_back.dump.gz"]:
            dump = ctstats.load(path)
            self.same(dump.summary(), "summary", path)
            self.same(dump.summary(snapshot="peak", sort="size", limit=2), "summary", path, "--snapshot", "peak", "--sort", "size", "--limit", "2")
            self.same(dump.leaks(), "leaks", path)
            self.same(dump.diff(referents=True), "diff", path, "--referents")
            self.same(dump.info(), "info", path)
            self.same(dump.check(max_alive={"*": 3}), "check", path, "--max-alive", "*=3")
        dump = ctstats.load(LEAKY)
        self.same(dump.check(max_growth={"*": "5%"}, no_leaks=True), "check", LEAKY, "--max-growth", "*=5%", "--no-leaks")
        with self.assertRaisesRegex(ctstats.Error, "cannot be checked"):
            ctstats.load(FIXTURES / "prices.dump").check(no_leaks=True)
        early, late = (FIXTURES / ("checkpoint_%s.dump" % when) for when in ("early", "late"))
        self.same(ctstats.load(early).diff(ctstats.load(late)), "diff", early, late)

    def test_fields_are_attributes(self):
        leaks = ctstats.load(LEAKY).leaks(class_="Cart")
        self.assertEqual([suspect.class_ for suspect in leaks.suspects], ["shop.Cart"])
        check = ctstats.load(LEAKY).check(max_alive={"Cart": 3})
        self.assertFalse(check.ok)
        self.assertTrue(ctstats.load(LEAKY).check(max_alive={"Cart": 100}).ok)
        for wrong in (dict(), dict(max_alive={"Catr": 1}), dict(max_bytes={"*": "much"})):
            with self.assertRaises(ValueError):
                ctstats.load(LEAKY).check(**wrong)
        with self.assertRaises(ValueError):
            ctstats.load(LEAKY).diff(from_="no such snapshot")

    def test_pages_and_notebooks_escape_what_dumps_hold(self):
        dump = ctstats.load(FIXTURES / "markup.dump")
        answers = [dump, dump.summary(), dump.leaks(), dump.diff(), dump.info(), dump.check(max_alive={"*": 0})]
        answers += [getattr(dump, name)() for name in TABLES]
        text = "".join(answer._repr_html_() for answer in answers)
        self.assertNotIn("<script", text.lower())
        self.assertNotIn("<img", text.lower())
        self.assertIn("&lt;", text)
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder, "page.html")
            dump.to_html(page, title="a & b")
            self.assertTrue("<h1>a &#38; b</h1>" in page.read_text(encoding="utf-8"))

    def test_in_a_notebook(self):
        import nbclient
        import nbformat

        cells = ["import ctstats; dump = ctstats.load(%r)" % str(LEAKY), "dump.leaks()", "dump.objects()", "dump.summary()"]
        cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        shown = [cell.outputs[0]["data"]["text/html"] for cell in notebook.cells[1:]]
        self.assertIn("shop.Cart", shown[0])
        self.assertIn("<table>", shown[1])
        self.assertIn("<svg", shown[2])


class Threads(unittest.TestCase):
    def test_threads_share_a_dump(self):
        with tempfile.TemporaryDirectory() as folder:
            native = Path(folder, "dump.bin")
            ctstats.load(LEAKY).convert(native)
            for dump in (ctstats.load(LEAKY), ctstats.load(native)):
                expected = [pyarrow.table(getattr(dump, name)()).to_pylist() for name in TABLES]
                leaks, wrong = dump.leaks(), []

                def work():
                    for name, rows in zip(TABLES, expected):
                        if pyarrow.table(getattr(dump, name)()).to_pylist() != rows:
                            wrong.append(name)
                    if as_json(dump.leaks()) != as_json(leaks):
                        wrong.append("leaks")

                threads = [threading.Thread(target=work) for _ in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(wrong, [])

    def test_a_reader_may_go_away(self):
        for _ in range(50):
            reader = pyarrow.RecordBatchReader.from_stream(ctstats.load(LEAKY).referents())
            reader.read_next_batch()
            del reader


if __name__ == "__main__":
    unittest.main()
