"""Dumps as tables of Spark: read and taken apart on the executors, where the files lie.

    from ctstats.spark import read_dumps

    samples = read_dumps(spark, "s3a://dumps/2026-11-26/*.dat", table="class_samples")
    samples.where("error is null").groupBy("class").max("sum_bytes").show()

Needs pyspark and pyarrow, and ctstats on the executors. The tables and their columns are those of
``ctstats export`` (docs/parquet.md).
"""

import pyarrow
from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from ctstats._ctstats import DataRows, Error

__all__ = ["read_dumps", "schema"]


def schema(table="class_samples"):
    """The schema of read_dumps, as a StructType: path and error in front of the columns of the table.

    All columns may be null: of a dump that cannot be read there is one row, with its path and the error.
    """
    columns = [field for field in pyarrow.schema(DataRows.none(table)) if field.name != "path"]
    fields = [StructField("path", StringType()), StructField("error", StringType())]
    fields += [StructField(field.name, _spark_type(field.type)) for field in columns]
    return StructType(fields)


def read_dumps(spark, path, table="class_samples", labels=None):
    """The rows of a table of all dumps that a path, a pattern or a list of them names, as a DataFrame.

    table: dumps, snapshots, class_samples, sites, objects, samples or referents.
    labels: what the paths say, as '{host}/{worker}-{date:%Y-%m-%d}.dat'; see ``ctstats trend --help``.

    A dump that cannot be read has one row with ``path`` and ``error``, and null in all other columns; ``error``
    is null elsewhere. Hadoop decompresses nothing here: dumps may be plain, gzip, zstd or xz.
    """
    result = schema(table)
    files = spark.read.format("binaryFile").load(path)

    def read(batches):
        wanted = to_arrow_schema(result)
        for batch in batches:
            for file in batch.to_pylist():
                yield from _rows(file, table, labels, wanted).to_batches()

    # The content is the last column that Spark would read if it were not asked for.
    return files.select("path", "modificationTime", "content").mapInArrow(read, result)


def _rows(file, table, labels, wanted):
    """The rows of one file, as a table of pyarrow."""
    path = file["path"]
    modified = file["modificationTime"]
    try:
        rows = DataRows.of(table, file["content"], path, labels, modified and modified.timestamp())
    except Error as error:
        return pyarrow.Table.from_pylist([{"path": path, "error": str(error)}], wanted)
    rows = pyarrow.table(rows)
    columns = []
    for field in wanted:
        if field.name == "path":
            columns.append(pyarrow.chunked_array([pyarrow.repeat(path, len(rows))], field.type))
        elif field.name == "error":
            columns.append(pyarrow.chunked_array([pyarrow.nulls(len(rows), field.type)]))
        else:
            columns.append(_cast(rows[field.name], field.type))
    return pyarrow.Table.from_arrays(columns, schema=wanted)


def _cast(column, to):
    """A column as Spark takes it: names as plain strings."""
    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(to)


def _spark_type(of):
    if pyarrow.types.is_dictionary(of):
        of = of.value_type
    return from_arrow_type(of)
