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


def command_errors(*arguments):
    """What the command says on standard error."""
    words = [COMMAND, *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8").stderr


def as_json(value):
    """A dataclass as the JSON that it came from: fields whose names Python has for itself end in _."""
    if dataclasses.is_dataclass(value):
        fields = ((of.name.rstrip("_"), getattr(value, of.name)) for of in dataclasses.fields(value))
        return {name: as_json(of) for name, of in fields}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value


def without_defaults(told, ours):
    """Ours without the fields that the JSON leaves out where there is nothing to tell."""
    if isinstance(told, dict) and isinstance(ours, dict):
        kept = {name: of for name, of in ours.items() if name in told or of not in (None, [], 0, False)}
        return {name: without_defaults(told.get(name), of) for name, of in kept.items()}
    if isinstance(told, list) and isinstance(ours, list) and len(told) == len(ours):
        return [without_defaults(*pair) for pair in zip(told, ours)]
    return ours


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
        words = command_errors("print", LEAKY, "--class", "Catr")
        self.assertIn(str(told[0].message).replace("class_", "--class"), words)
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

    def test_no_file_is_lost(self):
        """Refusals are those of the command, word for word up to its flags."""
        with tempfile.TemporaryDirectory() as folder:
            text, dump, marked = (Path(folder, name) for name in ("notes.txt", "dump.bin", "marked.bin"))
            text.write_text("notes")
            ctstats.load(LEAKY).convert(dump)
            ctstats.load(LEAKY).convert(marked)
            marked.chmod(0o444)
            of = ctstats.load(LEAKY)
            for kind, call, arguments in (
                (FileExistsError, lambda: of.convert(text), ("convert", LEAKY, text)),
                (PermissionError, lambda: of.convert(marked), ("convert", LEAKY, marked)),
                (FileExistsError, lambda: of.to_html(dump), ("html", LEAKY, "--single-file", "-o", dump)),
            ):
                before = {path: path.read_bytes() for path in (text, dump, marked)}
                with self.assertRaises(kind) as raised:
                    call()
                self.assertIn("ctstats: %s; give another name" % raised.exception, command_errors(*arguments))
                self.assertEqual({path: path.read_bytes() for path in before}, before)
            of.convert(text, force=True)
            self.assertEqual(ctstats.load(text).info().objects, of.info().objects)
            of.to_html(dump, force=True)
            self.assertIn(b"<html", dump.read_bytes())

    def test_parts_are_those_of_the_command(self):
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = Path(folder, "ours.dat"), Path(folder, "theirs.dat")
            for keywords, flags in (
                (dict(class_="Cart", alive=True), ["--class", "Cart", "--alive"]),
                (dict(sort="size", limit=5), ["--sort", "size", "--limit", "5"]),
                (dict(sort=["size", "birth"], reverse=True, limit="10%"), ["--sort", "size,birth", "--reverse", "--limit", "10%"]),
                (dict(redact=["repr", "trace"], min_size="1KiB"), ["--redact", "repr,trace", "--min-size", "1KiB"]),
            ):
                ctstats.load(LEAKY).convert(ours, to="pympler", **keywords)
                command("convert", LEAKY, theirs, *flags)
                self.assertEqual(ours.read_bytes(), theirs.read_bytes(), keywords)
                self.assertLess(len(pyarrow.table(ctstats.load(ours).objects())), 10000)
            ctstats.load(LEAKY).convert(ours, compress="gzip", force=True)
            gzip.decompress(ours.read_bytes())
            for wrong in (dict(compress="rar"), dict(redact="names"), dict(sort="weight"), dict(limit="many")):
                with self.assertRaises(ValueError):
                    ctstats.load(LEAKY).convert(Path(folder, "new.bin"), **wrong)

    def test_a_panic_is_an_exception(self):
        """A file whose read() raises the exception of a panic makes the module panic for real, where it looks at
        that exception. PyO3 makes its class when it looks at the first exception of a callback."""

        class File:
            def __init__(self, error):
                self.error = error

            def read(self, count):
                raise self.error

        with self.assertRaises(ZeroDivisionError):
            ctstats.load(File(ZeroDivisionError("no panic")))
        # Other modules made with PyO3 have such a class of their own, which is one of many exceptions here.
        told = []
        for panic in BaseException.__subclasses__():
            if panic.__name__ == "PanicException":
                try:
                    ctstats.load(File(panic("boom")))
                except (ctstats.Error, panic) as error:
                    told.append(str(error))
        self.assertEqual(told.count("a bug of ctstats, please report it: boom"), 1, told)
        self.assertGreater(ctstats.load(LEAKY).info().objects, 0)

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
        with self.assertRaises(ValueError) as raised:
            nothing = FIXTURES / "dumps" / "empty.zero-snapshots-1.1-py311.dump"
            ctstats.load(LEAKY).diff(ctstats.load(nothing))
        self.assertIn(str(raised.exception), command_errors("diff", LEAKY, nothing))
        with self.assertRaises(ValueError) as raised:
            ctstats.load(LEAKY).check(max_alive={"shop.Crat": 1, "shop.Catr": 1})
        limits = ("--max-alive", "shop.Crat=1", "--max-alive", "shop.Catr=1")
        self.assertIn(str(raised.exception), command_errors("check", LEAKY, *limits))
        early, late = (FIXTURES / ("checkpoint_%s.dump" % when) for when in ("early", "late"))
        self.same(ctstats.load(early).diff(ctstats.load(late)), "diff", early, late)

    def test_known_leaks_are_those_of_the_command(self):
        known = FIXTURES / "known.toml"
        dump = ctstats.load(LEAKY)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            leaks = dump.leaks(known=known, ignore="shop.Crat")
            self.same(leaks, "leaks", LEAKY, "--known", known, "--ignore", "shop.Crat")
            arguments = ("check", LEAKY, "--no-leaks", "--known", known)
            self.same(dump.check(no_leaks=True, known=known), *arguments)
        self.assertGreater(len(leaks.ignored), 0)
        self.assertIn("did you mean 'shop.Cart'?", " ".join(str(one.message) for one in told))
        self.assertTrue(all(one.filename == __file__ for one in told), told)
        words = command_errors("leaks", LEAKY, "--known", known, "--ignore", "shop.Crat")
        self.assertTrue(all(str(one.message) in words for one in told), words)

    def test_sites_are_grouped_as_those_of_the_command(self):
        for path in (LEAKY, FIXTURES / "prices.dump"):
            dump = ctstats.load(path)
            for by in ("frame", "own", "function", "file"):
                rows = pyarrow.table(dump.sites(by=by)).to_pylist()
                told = json.loads(command("sites", path, "--by", by, "--format", "json"))["sites"]
                fields = ("objects", "alive", "survivors", "size_bytes", "alive_bytes", "share_percent")
                self.assertGreater(len(told), 0)
                self.assertEqual([[row[of] for of in fields] for row in rows], [[site[of] for of in fields] for site in told], (path, by))
                last = [site["frames"][-1] if site["frames"] else {} for site in told]
                self.assertEqual([row["file"] for row in rows], [frame.get("file") for frame in last])
                self.assertEqual([row["line"] for row in rows], [frame.get("line") for frame in last])
        with self.assertRaises(ValueError):
            ctstats.load(LEAKY).sites(by="colour")
        with self.assertRaisesRegex(Exception, "not by class"):
            pyarrow.table(ctstats.load(LEAKY).sites(by="class"))

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
