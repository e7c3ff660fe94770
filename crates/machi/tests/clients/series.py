"""Imports a file of measured series, and compares what the temporal API tells of them with what pandas reads in the file.

Called with the binary, the address of a city, a tenant, a mapping and a file. Of every series it compares count, sum, least
and greatest number as the city aggregates them, and each number with its time; then it imports the file again, which must
change nothing. It prints what there was, and ends with code 1 where anything differs.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.parse
import urllib.request

import pandas

MACHI, SERVER, TENANT, MAPPING, FILE = sys.argv[1:]
LINK = re.compile(r'<([^>]*)>;\s*rel="intervalafter"')
FIGURES = ("totalCount", "sum", "min", "max")


def main():
    with open(MAPPING, "rb") as file:
        mapping = tomllib.load(file)
    expected = read(mapping)
    took = load()
    differences = list(compare(mapping, expected))
    before = {entity: evolution(entity) for entity in {entity for entity, _ in expected}}
    load("--restart")
    after = {entity: evolution(entity) for entity in before}
    differences += [f"{entity}: the second import changed it" for entity in before if before[entity] != after[entity]]
    instances = sum(len(series) for series in expected.values())
    print(f"{len(expected)} series, {instances} instances, {len(differences)} differences; imported in {took:.1f} s")
    for difference in differences[:20]:
        print(f"NOT AS EXPECTED: {difference}")
    sys.exit(1 if differences or not expected else 0)


def read(mapping):
    """The numbers of each series by time: of equal times the later row."""
    table = pandas.read_csv(FILE, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    table.columns = [name.strip() for name in table.columns]
    table = table.apply(lambda column: column.str.strip())
    empty = ["", *mapping.get("empty", [])]
    ids = table.apply(lambda row: re.sub(r"\{(.*?)\}", lambda name: row[name[1]], mapping["id"]), axis=1)
    series = {}
    for name, attribute in mapping["attributes"].items():
        if "column" not in attribute:
            continue
        of = pandas.DataFrame({"id": ids, "time": table[attribute.get("observed_at", mapping.get("observed_at")).strip()]})
        of["value"] = table[attribute["column"].strip()]
        of = of[~of["value"].isin(empty)]
        of["value"] = of["value"].map(float)
        of["time"] = instants(of["time"], mapping)
        of = of.drop_duplicates(["id", "time"], keep="last").sort_values("time", kind="stable")
        for entity, rows in of.groupby("id"):
            series[entity, name] = rows.set_index("time")["value"]
    return series


def instants(texts, mapping):
    """What the texts mean in UTC; 24:00 is the next midnight."""
    is_late = texts.str.contains("24:00", regex=False)
    times = texts.where(~is_late, texts.str.replace("24:00", "00:00"))
    times = pandas.to_datetime(times, format=mapping.get("time_format", "%Y-%m-%dT%H:%M"))
    times = times + pandas.to_timedelta(is_late.astype(int), unit="D")
    return times.dt.tz_localize(mapping.get("time_zone", "Asia/Tokyo")).dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def load(*options):
    command = [MACHI, "import", "--server", SERVER, "--tenant", TENANT, "--mapping", MAPPING, *options]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([*command, "--report", f"{folder}/report", FILE], capture_output=True, text=True)
    if ran.returncode != 0 or ", 0 rejected" not in ran.stdout:
        sys.exit(f"NOT AS EXPECTED: the import of {FILE}: {ran.stdout}{ran.stderr}")
    return time.monotonic() - begun


def compare(mapping, expected):
    query = {"type": mapping["type"], "timerel": "before", "timeAt": "9999-12-31T23:59:59Z", "count": "true", "limit": "1"}
    _, headers = ask(f"/ngsi-ld/v1/temporal/entities?{urllib.parse.urlencode(query)}")
    known = {entity for entity, _ in expected}
    if headers["NGSILD-Results-Count"] != str(len(known)):
        yield f"{headers['NGSILD-Results-Count']} evolutions, where the file tells of {len(known)}"
    for entity in sorted(known):
        figures, _ = ask(path(entity, format="aggregatedValues", aggrMethods=",".join(FIGURES), timeproperty="observedAt"))
        values = raw(entity)
        wanted = {name: series for (of, name), series in expected.items() if of == entity}
        if set(values) != set(wanted):
            yield f"{entity}: the attributes {sorted(values)}, not {sorted(wanted)}"
        for name, series in wanted.items():
            told = [figures.get(name, {}).get(figure, [[None]])[0][0] for figure in FIGURES]
            computed = [len(series), series.sum(), series.min(), series.max()]
            if not all(is_same(*pair) for pair in zip(told, computed)):
                yield f"{entity}, {name}: {told}, not {computed}"
            numbers = [(pandas.Timestamp(when), value) for value, when in values.get(name, [])]
            if numbers != list(series.items()):
                yield f"{entity}, {name}: the single instances differ"


def is_same(told, computed):
    """A sum may differ in its last digits by the order in which it is taken."""
    return told is not None and math.isclose(told, computed, rel_tol=1e-9, abs_tol=1e-9)


def raw(entity):
    """The values of each attribute with their times, over all parts of the answer."""
    values = {}
    address = path(entity, options="temporalValues", timeproperty="observedAt")
    while address:
        part, headers = ask(address)
        for name, attribute in part.items():
            if isinstance(attribute, dict) and "values" in attribute:
                values.setdefault(name, []).extend(attribute["values"])
        further = LINK.search(", ".join(headers.get_all("Link", [])))
        address = further and further[1]
    return {name: sorted(of, key=lambda one: one[1]) for name, of in values.items() if of}


def evolution(entity):
    """Figures of all instances, how often each was written and when: what changes nothing leaves them as they are."""
    methods = ",".join((*FIGURES, "distinctCount", "sumsq"))
    return [
        ask(path(entity, format="aggregatedValues", aggrMethods=methods, timeproperty=time_property))[0]
        for time_property in ("observedAt", "modifiedAt", "createdAt")
    ]


def path(entity, **parameters):
    return f"/ngsi-ld/v1/temporal/entities/{urllib.parse.quote(entity, safe='')}?{urllib.parse.urlencode(parameters)}"


def ask(address):
    request = urllib.request.Request(urllib.parse.urljoin(SERVER, address), headers={"NGSILD-Tenant": TENANT})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer), answer.headers


main()
