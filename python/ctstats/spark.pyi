from typing import List, Optional, Union

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

__all__ = ["read_dumps", "schema"]

def schema(table: str = "class_samples") -> StructType: ...
def read_dumps(spark: SparkSession, path: Union[str, List[str]], table: str = "class_samples", labels: Optional[str] = None) -> DataFrame: ...
