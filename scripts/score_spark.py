#!/usr/bin/env python
"""How are messages scored on a Spark cluster? An example: the function that Dask runs, under mapInPandas; needs pyspark, and Java."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

from classifier.model.dataframe_scoring import MESSAGE_SCHEMA, score_frame
from classifier.model.message.batch import BatchScorer
from classifier.model.message.file import load_model
from classifier.model.shipped_models import shipped_model

SPARK_TYPES = {"float64": DoubleType(), "str": StringType()}


def main(argv: list[str] | None = None) -> int:
    """Score a folder of Parquet files into another."""
    example = "example:\n  python scripts/score_spark.py chats/ --out scores/ --master 'local[2]'"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=example, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("messages", help="Parquet with a column text; the other columns are kept")
    parser.add_argument("--out", required=True, help="folder to write; must not be there yet")
    parser.add_argument("--model", type=Path, help="model file (default: the one scripts/run made)")
    parser.add_argument("--master", default="local[2]", help="Spark's master (default: %(default)s)")
    options = parser.parse_args(argv)

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers' Python must have this package too
    session = (
        SparkSession.builder.master(options.master)
        .appName("score")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", 20_000)
    )
    spark = session.getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        # Read once here and sent to each executor once; a model file on a path that all executors see could be loaded there as well.
        model = spark.sparkContext.broadcast(load_model(options.model or shipped_model()))

        def scored(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            scorer = BatchScorer(model.value)
            for frame in frames:
                yield frame.join(score_frame(frame, scorer))

        messages = spark.read.parquet(options.messages)
        columns = [StructField(name, SPARK_TYPES[dtype]) for name, dtype in MESSAGE_SCHEMA.items()]
        messages.mapInPandas(scored, StructType([*messages.schema.fields, *columns])).write.parquet(
            options.out
        )
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
