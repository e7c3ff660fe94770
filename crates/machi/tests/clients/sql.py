"""Asks a city in SQL by packages that know nothing of it, and reads its archive without it; prints JSON.

Called as `arrow URL TENANT QUERY`: what pyarrow reads of an answer. As `archive FOLDER`: what DuckDB counts over exactly
the files that the table in the folder lists.
"""

import json
import sys
import urllib.request


def arrow(url, tenant, query):
    import pyarrow
    import pyarrow.compute

    headers = {"Content-Type": "application/json", "Accept": "application/vnd.apache.arrow.stream"}
    if tenant:
        headers["NGSILD-Tenant"] = tenant
    body = json.dumps({"query": query}).encode()
    with urllib.request.urlopen(urllib.request.Request(url + "/machi/v1/sql", body, headers)) as answer:
        table = pyarrow.ipc.open_stream(answer).read_all()
    return {
        "rows": table.num_rows,
        "columns": table.column_names,
        "types": [str(kind) for kind in table.schema.types],
        "sum": pyarrow.compute.sum(table["temperature"]).as_py(),
    }


def archive(folder):
    import duckdb
    from deltalake import DeltaTable

    past = duckdb.read_parquet(DeltaTable(folder).file_uris())
    rows = past.query(
        "past",
        """select entity_id, count(*), sum(number), max(number) from past
           where attribute like '%/level' group by 1 order by 1""",
    ).fetchall()
    return [dict(zip(("entity", "count", "sum", "max"), row)) for row in rows]


json.dump({"arrow": arrow, "archive": archive}[sys.argv[1]](*sys.argv[2:]), sys.stdout)
