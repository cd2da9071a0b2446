#!/usr/bin/env python3
"""ctstats.spark on a cluster of two executors: 2,000 dumps, one of them corrupt. Needs ctstats, pympler, pyspark,
pyarrow and a JRE.
"""

import os
import pickle
import sys
import tempfile
import unittest
from pathlib import Path

from pympler.asizeof import Asized
from pympler.classtracker import Snapshot, TrackedObject
from pympler.process import ProcessMemoryInfo

DUMPS = 2000
CORRUPT = 1234


def write_dump(path, number):
    """A dump of `number % 7 + 1` carts, as Pympler writes it."""
    snapshots = []
    for moment in (1.0, 2.0):
        snapshot = Snapshot(moment, "moment")
        snapshot.system_total = ProcessMemoryInfo()
        snapshot.system_total.pid = number
        snapshot.tracked_total, snapshot.asizeof_total, snapshot.overhead = 100, 0, 1
        snapshots.append(snapshot)
    objects = []
    for place in range(number % 7 + 1):
        each = TrackedObject.__new__(TrackedObject)
        each.id, each.repr, each.name, each.birth, each.death = place * 16 + 16, "<Cart>", "Cart", 0.5, None
        each._resolution_level, each.trace = 0, None
        each.snapshots = [(moment, Asized(number, number)) for moment in (0.5, 1.0, 2.0)]
        objects.append(each)
    with open(path, "wb") as file:
        pickle.dump({"shop.Cart": objects}, file, 4)
        pickle.dump(snapshots, file, 4)


class Cluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from pyspark.sql import SparkSession

        cls.folder = tempfile.TemporaryDirectory()
        for number in range(DUMPS):
            path = Path(cls.folder.name, "web-%d" % (number % 4), "w%d.dat" % number)
            path.parent.mkdir(exist_ok=True)
            write_dump(path, number)
            if number == CORRUPT:
                path.write_bytes(path.read_bytes()[:100])
        os.environ["PYSPARK_PYTHON"] = sys.executable
        cls.spark = (
            SparkSession.builder.master("local-cluster[2,1,1024]")
            .config("spark.ui.enabled", False)
            .config("spark.ui.showConsoleProgress", False)
            .config("spark.executorEnv.PYTHONPATH", os.environ.get("PYTHONPATH", ""))
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )

    @classmethod
    def tearDownClass(cls):
        cls.spark.stop()
        cls.folder.cleanup()

    def read(self, table, which="*/*", **options):
        from ctstats.spark import read_dumps

        return read_dumps(self.spark, "%s/%s.dat" % (self.folder.name, which), table=table, **options)

    def test_every_dump_has_its_rows_and_the_corrupt_one_an_error(self):
        rows = self.read("class_samples").collect()
        bad = [row for row in rows if row.error is not None]
        self.assertEqual(len(bad), 1)
        self.assertTrue(bad[0].path.endswith("/web-%d/w%d.dat" % (CORRUPT % 4, CORRUPT)), bad)
        self.assertIn("cut short at byte", bad[0].error)
        self.assertIsNone(bad[0].active)
        self.assertEqual(len(rows), 1 + 2 * (DUMPS - 1))
        active = {(row.path, row.snapshot): (row.active, row.sum_bytes) for row in rows if row.error is None}
        for (path, _), found in active.items():
            number = int(path.rsplit("/w", 1)[1][:-4])
            self.assertEqual(found, (number % 7 + 1, (number % 7 + 1) * number))
        self.assertEqual(len(active), 2 * (DUMPS - 1))
        self.assertEqual(len({row.dump for row in rows if row.error is None}), DUMPS - 1)

    def test_the_table_of_dumps_has_labels(self):
        rows = self.read("dumps", "*/w1?", labels="{host}/{worker}.dat").collect()
        self.assertEqual(len(rows), 10)
        self.assertEqual({row.host for row in rows}, {"web-%d" % n for n in range(4)})
        for row in rows:
            self.assertEqual(row.labels, {"host": row.host, "worker": row.worker})
            self.assertEqual(row.pid, int(row.worker[1:]))
            self.assertEqual(row.objects, row.pid % 7 + 1)
            self.assertEqual((row.written_at - row.started_at).total_seconds(), 2.0)

    def test_every_table_can_be_read(self):
        for table in ("snapshots", "sites", "objects", "samples"):
            self.assertGreater(self.read(table, "*/w1").count(), 0)


if __name__ == "__main__":
    unittest.main()
