#!/usr/bin/env python3
"""The SQL of queries/ in DuckDB, Polars and Spark, on a fleet that is written and exported now: all three answer
alike, and as `ctstats trend` does.

    python tests/engines.py CTSTATS

Needs pympler, duckdb, polars, pyspark and a JRE. Integers and texts are the same; floats differ by less than
1e-9 of their size, since engines add in orders of their own.
"""
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import polars

ROOT = Path(__file__).resolve().parents[1]
LABELS = "{host}/{worker}-{version}-{date:%Y-%m-%d}*.dump"
TABLES = ("dumps", "snapshots", "class_samples", "sites", "objects")
QUERIES = sorted((ROOT / "queries").glob("*.sql"))
#: Relative; absolute below 1.
TOLERANCE = 1e-9


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        sys.exit("%s: %s" % (" ".join(map(str, words)), done.stderr))
    return done.stdout


def of_duckdb(data):
    database = duckdb.connect()
    for table in TABLES:
        database.sql("create view %s as select * from '%s/%s/*/*.parquet'" % (table, data, table))
    for query in QUERIES:
        relation = database.sql(query.read_text())
        yield query.stem, [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def of_polars(data):
    frames = {table: polars.scan_parquet(data / table, hive_partitioning=True) for table in TABLES}
    with polars.SQLContext(frames) as context:
        for query in QUERIES:
            yield query.stem, context.execute(query.read_text()).collect().to_dicts()


def of_spark(data):
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", False)
        .config("spark.ui.showConsoleProgress", False)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    for table in TABLES:
        spark.read.parquet(str(data / table)).createOrReplaceTempView(table)
    for query in QUERIES:
        yield query.stem, [row.asDict() for row in spark.sql(query.read_text()).collect()]
    spark.stop()


def plain(value):
    """A value that engines show as kinds of their own."""
    if hasattr(value, "timestamp"):
        # Moments in UTC, by whichever kind of datetime.
        value = value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(_utc()).replace(tzinfo=None)
        return value.isoformat()
    if value is None or isinstance(value, (str, int)):
        return value
    return float(value)


def _utc():
    import datetime

    return datetime.timezone.utc


def is_same(a, b):
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return a == b


def compare(what, theirs, ours):
    """Fails unless rows are the same. `ours` may have fields that theirs are without."""
    if len(theirs) != len(ours):
        sys.exit("%s: %d rows, and not %d\n%r\n%r" % (what, len(ours), len(theirs), ours[:3], theirs[:3]))
    for expected, found in zip(theirs, ours):
        for name, value in expected.items():
            if not is_same(value, found[name]):
                sys.exit("%s: %s is %r, and not %r, in %r" % (what, name, found[name], value, found))


def against_trend(answers, trend):
    """The figures of the queries are those of `ctstats trend`."""
    fields = ("class", "processes", "instances_per_hour", "bytes_per_hour", "instances_last", "bytes_last")
    expected = sorted(({of: row[of] for of in fields} for row in trend["classes"]), key=lambda row: row["class"])
    compare("classes", expected, sorted(answers["class_slopes"], key=lambda row: row["class"]))

    # What leaks alone is what lies farthest from the others.
    alone = [row for row in trend["outliers"] if row["kind"] == "leaks_alone" and not row["is_bytes"]]
    assert alone, "the fleet has a worker that leaks alone"
    for row in alone:
        labels = {label["name"]: label["value"] for label in row["group"]}
        first = next(of for of in answers["outlier_workers"] if of["class"] == row["class"])
        expected = {**labels, "per_hour": row["figure"], "median_per_hour": row["median"], "mad": row["mad"],
                    "deviations": row["deviations"], "workers": row["groups"]}
        compare("outliers", [expected], [first])
    far = {(row["class"], row["host"], row["worker"]) for row in answers["outlier_workers"] if row["deviations"] > 4.5}
    suspects = {(row["class"], *(label["value"] for label in row["group"])) for row in trend["outliers"]}
    assert suspects <= far, (suspects, far)

    fields = ("file", "function", "source", "since_version", "processes_before", "processes_with", "processes_after")
    expected = [{of: row[of] for of in fields} for row in trend["new_lines"]]
    assert expected, "the fleet has a new line"
    found = [dict(row, source=row["source"].strip()) for row in answers["new_lines"]]
    compare("new lines", expected, found)

    fields = ("class", "restarts", "instances_before", "instances_after", "instances_last")
    expected = [{of: row[of] for of in fields} for row in trend["restarts"]]
    assert expected, "workers of the fleet restart"
    compare("restarts", expected, answers["restarts"])


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        fleet, data = folder / "fleet", folder / "data"
        run(sys.executable, ROOT / "benches/fleet.py", fleet, "--workers", 16, "--days", 5, "--objects", 60,
            "--checkpoints", 2, "--seed", 3)
        (fleet / "truth.json").unlink()
        # A batch a day, as they come in.
        for day in range(1, 6):
            paths = sorted(map(str, fleet.glob("*/*-2026-11-%02d*.dump" % day)))
            run(binary, "export", *paths, "--labels", LABELS, "-o", data)
        trend = json.loads(run(binary, "trend", fleet, "--labels", LABELS, "--format", "json"))
        first = None
        for name, engine in (("DuckDB", of_duckdb), ("Polars", of_polars), ("Spark", of_spark)):
            answers = {query: [{of: plain(value) for of, value in row.items()} for row in rows]
                       for query, rows in engine(data)}
            against_trend(answers, trend)
            for query, rows in (first or answers).items():
                compare("%s in %s" % (query, name), rows, answers[query])
            first = first or answers
            print("%s: %s" % (name, ", ".join("%s %d rows" % (of, len(rows)) for of, rows in answers.items())), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYARROW_IGNORE_TIMEZONE", "1")
    main(os.path.abspath(sys.argv[1]))
