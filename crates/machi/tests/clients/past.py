"""What an archived past comes to, read without Machi: the table by the package deltalake, and by DuckDB or Spark exactly
the files that the table lists.

Called with a reader, the folder of a table and a question; prints an array of arrays as JSON.
"""

import json
import sys

from deltalake import DeltaTable, QueryBuilder

READER, FOLDER, QUESTION = sys.argv[1:]

DAY = {
    "deltalake": "cast(floor(extract(epoch from observed_at) / 86400) as bigint)",
    "duckdb": "cast(floor(extract(epoch from observed_at) / 86400) as bigint)",
    "spark": "cast(floor(unix_micros(observed_at) / 86400000000) as bigint)",
}

QUESTIONS = {
    # What was observed, by series, with its day counted from 1970.
    "days": f"""
        select entity_id, attribute, coalesce(dataset_id, '') as dataset, {DAY[READER]} as observed_on,
               count(*) as instances, sum(number) as total, min(number) as least, max(number) as most
        from past where observed_at is not null and deleted_at is null group by 1, 2, 3, 4""",
    # All that was written, by type and attribute.
    "attributes": """
        select entity_type, attribute, count(*) as instances, count(deleted_at) as deletions
        from past group by 1, 2""",
    # Every number, and what stands beside it: a summary tells there what it stands for.
    "numbers": "select entity_id, attribute, number, sub_attributes from past where number is not null",
    "entities": "select distinct entity_id from past",
}


def by_deltalake(table, question):
    builder = QueryBuilder()
    builder.register("past", table)
    columns = builder.execute(question).read_all().columns
    return zip(*(column.to_pylist() for column in columns))


def by_duckdb(table, question):
    import duckdb

    files = duckdb.read_parquet(table.file_uris())
    return files.query("past", question).fetchall()


def by_spark(table, question):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark.read.parquet(*table.file_uris()).createOrReplaceTempView("past")
    return [list(row) for row in spark.sql(question).collect()]


READERS = {"deltalake": by_deltalake, "duckdb": by_duckdb, "spark": by_spark}
rows = READERS[READER](DeltaTable(FOLDER), QUESTIONS[QUESTION])
json.dump(sorted([list(row) for row in rows], key=str), sys.stdout)
