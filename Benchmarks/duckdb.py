"""Deduplicates and counts a file of events in DuckDB with one thread, as `meterd-bench file` does.

Python puts this file's folder first in its search path, where this very file would pass for the library: hence the
change of the path before the import. Every way to ask is tried, and the fastest one is told, so that the comparison
is with DuckDB at its best.
"""

import resource
import sys

sys.path = [place for place in sys.path[1:] if place]
import duckdb

READ = """read_json($file, format = 'newline_delimited', columns = {
  id: 'VARCHAR', source: 'VARCHAR', type: 'VARCHAR', subject: 'VARCHAR', time: 'TIMESTAMPTZ', data: 'STRUCT(
    endpoint VARCHAR, region VARCHAR, model VARCHAR, tokens DECIMAL(18, 0), chain VARCHAR, volume VARCHAR,
    gigabytes DECIMAL(18, 3))'})"""

FIELDS = {
    "kind": "type",
    "hour": "time_bucket(INTERVAL 1 HOUR, time)",
    "a": "coalesce(data.endpoint, data.model, data.chain, data.volume)",
    "b": "CASE type WHEN 'api.call' THEN data.region END",
    "amount": """CASE type WHEN 'llm.tokens' THEN data.tokens WHEN 'storage.sample' THEN data.gigabytes
      ELSE 1 END::DECIMAL(18, 3)""",
}

# An event's first arrival stands; the copies of these files are equal to it, so any one will do.
FIRSTS = {
    "any_value": "SELECT {any} FROM {read} GROUP BY subject, source, id",
    "distinct": "SELECT DISTINCT subject, source, id, {plain} FROM {read}",
}

COUNT = """
CREATE OR REPLACE TEMP TABLE rollups AS
SELECT kind, subject, a, b, hour, sum(amount) AS quantity, count(*) AS events FROM ({firsts})
GROUP BY kind, subject, a, b, hour"""

METERS = {
    "api_calls": "api.call",
    "tokens": "llm.tokens",
    "deployments": "chain.deployment",
    "storage": "storage.sample",
}


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def plain(number):
    text = str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def main(file):
    any_value = ", ".join(f"any_value({value}) AS {name}" for name, value in FIELDS.items())
    each = ", ".join(f"{value} AS {name}" for name, value in FIELDS.items())
    best = None
    for name, firsts in FIRSTS.items():
        connection = duckdb.connect()
        connection.execute("SET threads = 1")
        connection.execute("SET TimeZone = 'UTC'")
        query = COUNT.format(firsts=firsts.format(any="subject, " + any_value, plain=each, read=READ))
        began = cpu_seconds()
        connection.execute(query.replace("$file", "'" + file.replace("'", "''") + "'"))
        took = cpu_seconds() - began
        counted, groups = connection.execute("SELECT sum(events)::BIGINT, count(*) FROM rollups").fetchone()
        totals = [
            (meter, connection.execute("SELECT sum(quantity) FROM rollups WHERE kind = ?", [kind]).fetchone()[0])
            for meter, kind in METERS.items()
        ]
        connection.close()
        if best is None or took < best[0]:
            best = (took, name, counted, groups, totals)
    took, name, counted, groups, totals = best
    print(f"cpu_seconds {took:.4f}")
    print(f"counted {counted}")
    print(f"groups {groups}")
    for meter, total in totals:
        print(f"total {meter} {plain(total or 0)}")
    print(f"query {name}")
    print(f"version {duckdb.__version__}")


main(sys.argv[1])
