"""Asks a city in SQL by the drivers of PostgreSQL, which know nothing of it; prints JSON.

Called as `WHAT PORT DATABASE`; each function below is one of what can be asked.
"""

import datetime
import decimal
import json
import sys
import threading
import time

import pg8000.dbapi
import psycopg
import sqlalchemy

PORT, DATABASE = int(sys.argv[2]), sys.argv[3]
UTC = datetime.timezone.utc


def connect(**more):
    return psycopg.connect(host="127.0.0.1", port=PORT, dbname=DATABASE, user="me", **more)


def engine():
    return sqlalchemy.create_engine(f"postgresql+psycopg://me@127.0.0.1:{PORT}/{DATABASE}")


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def rows(found):
    return [[plain(value) for value in row] for row in found]


def totals():
    """The same question by four clients."""
    import pandas

    text = (
        "SELECT entity, count(*) AS count, sum(number) AS sum, min(\"observedAt\") AS first FROM history"
        " WHERE attribute = 'level' GROUP BY 1 ORDER BY 1"
    )
    with connect() as connection:
        found = {"text": rows(connection.execute(text)), "binary": rows(connection.execute(text, binary=True))}
    other = pg8000.dbapi.connect(host="127.0.0.1", port=PORT, database=DATABASE, user="me")
    cursor = other.cursor()
    cursor.execute(text)
    found["pg8000"] = rows(cursor.fetchall())
    other.close()
    with engine().connect() as connection:
        frame = pandas.read_sql(sqlalchemy.text(text), connection)
        found["types"] = [str(kind) for kind in frame.dtypes]
        frame["first"] = frame["first"].map(lambda at: at.to_pydatetime())
        found["pandas"] = rows(frame.itertuples(index=False))
    return found


def parameters():
    """What is given comes back, and means in conditions what it means everywhere."""
    at = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    given = [7, 2**40, 1.5, "it's", True, None, at, datetime.date(2026, 3, 1), b"\x00\xff", decimal.Decimal("12.25")]
    casts = ["int", "bigint", "double precision", "text", "boolean", "text", "timestamptz", "date", "bytea", "double precision"]
    select = "SELECT " + ", ".join(f"%s::{cast} AS c{place}" for place, cast in enumerate(casts))
    expected = given[:-1] + [12.25]
    with connect() as connection:
        same = {
            "text": list(connection.execute(select, given).fetchone()) == expected,
            "binary": list(connection.execute(select, given, binary=True).fetchone()) == expected,
            "given binary": list(connection.execute(select.replace("%s", "%b"), given).fetchone()) == expected,
            "given text": list(connection.execute(select.replace("%s", "%t"), given).fetchone()) == expected,
        }
        where = "SELECT count(*) FROM history WHERE attribute = 'level' AND "
        counts = [
            connection.execute(where + condition, values).fetchone()[0]
            for condition, values in [
                ("number >= %s", [1]),
                ("number >= %s", ["1"]),
                ("number > %s AND entity = %s", [0.5, "urn:ngsi-ld:Sensor:1"]),
                ('"observedAt" >= %s', [datetime.datetime(2026, 3, 2, tzinfo=UTC)]),
                ('"observedAt" >= %s', ["2026-03-02T00:00:00Z"]),
                ("entity IN (%s, %s)", ["urn:ngsi-ld:Sensor:1", "x' OR 'a' = 'a"]),
            ]
        ]
        prepared = [
            connection.execute("SELECT count(*) FROM history WHERE number >= %s", [n], prepare=True).fetchone()[0]
            for n in range(8)
        ]
        plain = [connection.execute(f"SELECT count(*) FROM history WHERE number >= {n}").fetchone()[0] for n in range(8)]
    return {"same": same, "counts": counts, "prepared": prepared == plain and len(set(plain)) > 1}


def cursors():
    """Rows that are fetched some at a time."""
    text = "SELECT value FROM generate_series(1, 25000)"
    with connect() as connection:
        with connection.cursor(name="some") as cursor:
            cursor.itersize = 1000
            cursor.execute(text)
            first = [row[0] for row in cursor.fetchmany(10)]
            total = sum(row[0] for row in cursor)
        with connection.cursor(name="with parameters") as cursor:
            cursor.execute(text + " WHERE value > %s", [24990])
            last = len(cursor.fetchall())
        with connection.cursor(name="binary", binary=True) as cursor:
            cursor.execute(text)
            binary = cursor.fetchmany(3)
        connection.commit()
        with connection.cursor() as cursor:
            streamed = sum(row[0] for row in cursor.stream(text))
    with engine().connect().execution_options(stream_results=True, max_row_buffer=500) as connection:
        partitions = [len(part) for part in connection.execute(sqlalchemy.text(text)).partitions(5000)]
    return {"first": first, "rest": total, "last": last, "binary": rows(binary), "streamed": streamed, "parts": partitions}


def cancelled():
    """A query that would go on for ever ends when its client asks for it, and the connection goes on."""
    with connect(autocommit=True) as connection:
        threading.Timer(0.5, connection.cancel_safe).start()
        began = time.monotonic()
        try:
            connection.execute("SELECT count(*) FROM generate_series(1, 9000000000) a, generate_series(1, 9000000000) b")
            told = None
        except psycopg.errors.QueryCanceled as error:
            told = error.sqlstate
        return {"told": told, "soon": time.monotonic() - began < 20, "then": connection.execute("SELECT 1").fetchone()[0]}


def refusals():
    """What each wrong query is told, by its SQLSTATE, and that the connection goes on."""
    texts = [
        "SELEC 1",
        "SELECT 'a",
        "SELECT * FROM \"Nowhere\"",
        "SELECT nothing FROM history",
        "SELECT no_such_function(1)",
        "SELECT CAST('x' AS INT)",
        "SELECT 1 / 0",
        "INSERT INTO history (entity) VALUES ('urn:x:1')",
        "DELETE FROM history",
        "UPDATE history SET number = 1",
        "CREATE TABLE t (a int)",
        "DROP TABLE history",
        "COPY history TO 'out.csv'",
        "CREATE EXTERNAL TABLE t (a int) STORED AS CSV LOCATION '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_sleep(10)",
        "SELECT repeat('x', 1000000000)",
        "FETCH 1 FROM nothing",
        "SET client_encoding TO 'SJIS'",
        "SELECT value FROM generate_series(1, 200000)",
    ]
    told = {}
    with connect(autocommit=True) as connection:
        for text in texts:
            for prepare in (False, True):
                try:
                    connection.execute(text, prepare=prepare)
                    told.setdefault(text, []).append(None)
                except psycopg.Error as error:
                    told.setdefault(text, []).append(error.sqlstate)
                assert connection.execute("SELECT 1").fetchone() == (1,)
        connection.execute("SET lc_messages TO 'ja_JP.UTF-8'")
        try:
            connection.execute("SELECT * FROM \"Nowhere\"")
        except psycopg.Error as error:
            told["japanese"] = error.diag.message_primary
    with connect() as connection:
        try:
            connection.execute("SELECT nothing FROM history")
        except psycopg.errors.UndefinedColumn:
            pass
        try:
            connection.execute("SELECT 1")
        except psycopg.Error as error:
            told["transaction"] = error.sqlstate
        connection.rollback()
        told["after"] = connection.execute("SELECT 1").fetchone()[0]
    try:
        psycopg.connect(host="127.0.0.1", port=PORT, dbname="nobody", user="me")
    except psycopg.OperationalError as error:
        told["tenant"] = str(error)
    return told


def settings():
    """What clients set and ask when they connect."""
    with connect(options="-c lc_messages=C", application_name="tests") as connection:
        show = lambda name: connection.execute(f"SHOW {name}").fetchone()[0]
        found = {name: show(name) for name in ["transaction_read_only", "server_encoding", "TimeZone", "application_name"]}
        connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        connection.execute("SET extra_float_digits = 3")
        connection.execute("DISCARD ALL")
        found["several"] = [
            result.fetchall() for result in connection.execute("SELECT 1; SELECT 2, 3;").results()
        ]
        asked = "SELECT current_database(), current_schema(), current_user, version() LIKE 'PostgreSQL%'"
        found["who"] = list(connection.execute(asked).fetchone())
        with connection.transaction():
            with connection.transaction():
                found["nested"] = connection.execute("SELECT 1").fetchone()[0]
        core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
        connection.execute(f"SET machi.context = '{core}'")
        found["context"] = [connection.execute('SELECT count(*) FROM "Room"').fetchone()[0]]
        try:
            connection.execute("SET machi.context = 'no address'")
        except psycopg.Error as error:
            found["context"].append(error.sqlstate)
        connection.rollback()
    return found


def reflected():
    """The tables as SQLAlchemy finds them."""
    inspector = sqlalchemy.inspect(engine())
    columns = {column["name"]: [str(column["type"]), column["nullable"]] for column in inspector.get_columns("Room")}
    table = sqlalchemy.Table("Room", sqlalchemy.MetaData(), autoload_with=engine())
    with engine().connect() as connection:
        found = connection.execute(sqlalchemy.select(table.c.id).order_by(table.c.id)).fetchall()
    return {
        "schemas": inspector.get_schema_names(),
        "tables": inspector.get_table_names(),
        "has": [inspector.has_table("Room"), inspector.has_table("Nowhere")],
        "columns": columns,
        "keys": [inspector.get_pk_constraint("Room")["constrained_columns"], inspector.get_foreign_keys("Room")],
        "indexes": inspector.get_indexes("Room"),
        "rows": rows(found),
    }


json.dump(globals()[sys.argv[1]](), sys.stdout)
