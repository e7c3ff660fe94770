"""Imports each data set of a folder into a running city, queries it back, and prints what came of it.

Called by scripts/realdata.sh, in the tests' Python environment, with the binary, the city's address, the folder with the data and one for work.
A count that is not what the source says makes it end with code 1; rejected rows do not, for they are reported.
"""

import csv
import io
import json
import math
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

MACHI, SERVER, DATA, WORK = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
MAPPINGS = Path("docs/guide/mappings")
# All lists that show places lie in one city beside each other, as in a city that uses them.
CITY = "opendata"
CONTEXT = re.compile(r'"(https?://[^"]*context[^"]*)"')
TOTALS = re.compile(r": (\d+) rows, (\d+) taken, (\d+) rejected")
PRELOADED = {
    name: [
        f"https://raw.githubusercontent.com/smart-data-models/dataModel.{name}/master/context.jsonld",
        f"https://smart-data-models.github.io/dataModel.{name}/context.jsonld",
    ]
    for name in ("Building", "Environment")
}

table = []
loads = []
rejected_rows = []
faults = []


def load(name, files, tenant, mapping=None):
    """Imports files, and adds up their rows."""
    totals = [0, 0, 0]
    for file in files:
        loads.append(file)
        report = WORK / f"rejected-{len(loads)}.csv"
        command = [MACHI, "import", "--server", SERVER, "--tenant", tenant, "--report", str(report), str(file)]
        if mapping:
            command += ["--mapping", str(MAPPINGS / mapping)]
        ran = subprocess.run(command, capture_output=True, text=True)
        told = TOTALS.search(ran.stdout)
        if ran.returncode not in (0, 3) or not told:
            faults.append(f"{file}: {ran.stderr.strip()[:400]}")
            continue
        totals = [total + int(more) for total, more in zip(totals, told.groups())]
        if report.exists():
            for row in csv.DictReader(io.StringIO(report.read_text(encoding="utf-8-sig"))):
                rejected_rows.append((name, file, row["row"], row["wrong"]))
    return totals


def count(tenant, context=None, **parameters):
    """How many entities a query finds; a text where the city does not answer it."""
    query = urllib.parse.urlencode({**parameters, "count": "true", "limit": "1"})
    request = urllib.request.Request(f"{SERVER}/ngsi-ld/v1/entities?{query}", headers={"NGSILD-Tenant": tenant})
    if context:
        link = f'<{context}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        request.add_header("Link", link)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.headers["NGSILD-Results-Count"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return 0  # A tenant into which no row was taken does not exist.
        detail = error.read()[:200].decode(errors="replace")
        faults.append(f"{urllib.parse.unquote_plus(query)}: {error.code} {detail}")
        return f"error {error.code}"


def near(longitude, latitude, metres):
    return {"georel": f"near;maxDistance=={metres}", "geometry": "Point", "coordinates": f"[{longitude},{latitude}]"}


def distance(a, b):
    """Metres between two (longitude, latitude) on a sphere."""
    (x1, y1), (x2, y2) = [tuple(map(math.radians, point)) for point in (a, b)]
    h = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(h))


def row(name, totals, by_q, by_place, expected_q=None, expected_place=None):
    table.append((name, *totals, by_q, by_place))
    for what, found, expected in (("q", by_q, expected_q), ("place", by_place, expected_place)):
        if expected is not None and found != expected:
            faults.append(f"{name}: the query by {what} finds {found}, the source has {expected}")


def within(points, centre, metres):
    """How many points are near; none if one is so near the edge that two models of the earth may differ."""
    distances = [distance(point, centre) for point in points]
    if any(abs(each - metres) < metres * 0.01 for each in distances):
        return None
    return sum(each < metres for each in distances)


def stops():
    folder = DATA / "gtfs-jp"
    feeds = {path.stem: zipfile.ZipFile(path).read("stops.txt") for path in sorted(folder.glob("*.zip"))}
    feeds.update({path.parent.name: path.read_bytes() for path in sorted(folder.glob("*/stops.txt"))})
    for number, (feed, text) in enumerate(feeds.items()):
        tenant = f"gtfs{number}"
        file = WORK / f"{tenant}-stops.csv"
        file.write_bytes(text)
        totals = load(f"stops of {feed}", [file], tenant, "gtfs-stops.toml")
        together(feed, file)
        rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
        points = [(float(stop["stop_lon"]), float(stop["stop_lat"])) for stop in rows]
        name, place = rows[0]["stop_name"].strip(), points[0]
        row(
            f"stops of {feed}",
            totals,
            count(tenant, type="GtfsStop", q=f'name=="{name}"'),
            count(tenant, type="GtfsStop", **near(*place, 1500)),
            sum(stop["stop_name"].strip() == name for stop in rows),
            within(points, place, 1500),
        )


def together(feed, file):
    """Imports the stops of a feed into the city of all, whose ids name the feed."""
    mapping = WORK / "gtfs-stops-of-feed.toml"
    text = (MAPPINGS / "gtfs-stops.toml").read_text(encoding="utf-8")
    mapping.write_text(text.replace("urn:ngsi-ld:GtfsStop:", f"urn:ngsi-ld:GtfsStop:{feed}:"), encoding="utf-8")
    load(f"stops of {feed}", [file], CITY, mapping)


def rivers():
    file = DATA / "river-fukui" / "sensors.csv"
    if not file.exists():
        return
    totals = load("river gauges of Fukui", [file], CITY, "river-gauge.toml")
    rows = read(file)

    def low(text):
        return text.strip() != "---" and float(text) < 3

    row(
        "river gauges of Fukui",
        totals,
        count(CITY, type="RiverGauge", q='riverName=="九頭竜川"|dangerLevel<3'),
        count(CITY, type="RiverGauge", **near(136.22, 36.06, 10000)),
        sum(gauge["河川名"] == "九頭竜川" or low(gauge["はん濫危険水位"]) for gauge in rows),
    )


def is_degree(text, most):
    try:
        return not text or abs(float(text)) <= most
    except ValueError:
        return False


def defibrillators():
    folder = DATA / "opendata-ishikawa"
    source = folder / "170003_aed.repaired-utf8.csv"
    if not source.exists():
        return
    rows = read(source)
    # A row whose place cannot be read is rejected, so no query finds it.
    rows = [aed for aed in rows if is_degree(aed["経度"], 180) and is_degree(aed["緯度"], 90)]
    points = [(float(aed["経度"]), float(aed["緯度"])) for aed in rows if aed["経度"]]
    encodings = (("UTF-8", CITY, source), ("CP932", "cp932", folder / "170003_aed.cp932.csv"))
    for encoding, tenant, file in encodings:
        name = f"AED of Ishikawa, {encoding}"
        totals = load(name, [file], tenant, "aed.toml")
        row(
            name,
            totals,
            count(tenant, type="AED", q='city=="金沢市"'),
            count(tenant, type="AED", **near(136.6562, 36.5613, 3000)),
            sum(aed["所在地_市区町村"] == "金沢市" for aed in rows),
            within(points, (136.6562, 36.5613), 3000),
        )


def shelters():
    folder = DATA / "opendata-ishikawa"
    source = folder / "170003_evacuation_space.csv"
    if source.exists():
        name = "evacuation sites of Ishikawa"
        totals = load(name, [source], CITY, "shelters.toml")
        rows = [site for site in read(source) if site["ID"]]
        points = [(float(site["経度"]), float(site["緯度"])) for site in rows if site["経度"]]
        row(
            name,
            totals,
            count(CITY, type="EvacuationShelter", q='city=="金沢市"'),
            count(CITY, type="EvacuationShelter", **near(136.6562, 36.5613, 3000)),
            sum(site["所在地_市区町村"] == "金沢市" for site in rows),
            within(points, (136.6562, 36.5613), 3000),
        )
    source = folder / "suzusiteishelter.csv"
    if source.exists():
        name = "shelters of Suzu"
        totals = load(name, [source], CITY, "facilities-shelters.toml")
        rows = read(source)
        points = [(float(shelter["経度"]), float(shelter["緯度"])) for shelter in rows]
        of_suzu = {"type": "EvacuationShelter", "idPattern": ".*:17205:.*"}
        row(
            name,
            totals,
            count(CITY, q='category=="指定避難所"', **of_suzu),
            count(CITY, **of_suzu, **near(137.2603, 37.4364, 3000)),
            sum(shelter["サブジャンル1"] == "指定避難所" for shelter in rows),
            within(points, (137.2603, 37.4364), 3000),
        )


def read(source):
    return list(csv.DictReader(io.StringIO(source.read_text(encoding="utf-8-sig"))))


def areas():
    folder = DATA / "boundaries"
    sources = (
        ("municipalities of Fukui prefecture", "geojson_s0010_N03-21_18_210101.json", "boundaries-n03.toml", CITY),
        ("areas of Fukui city", "geolonia_18201_fukui.json", "boundaries-named.toml", "fukui"),
    )
    for name, file, mapping, tenant in sources:
        source = folder / file
        if not source.exists():
            continue
        totals = load(name, [source], tenant, mapping)
        features = json.loads(source.read_text(encoding="utf-8"))["features"]
        named = [feature["properties"].get("N03_004") or feature["properties"]["name"] for feature in features]
        row(
            name,
            totals,
            count(tenant, type="AdministrativeArea", q=f'name[ja]=="{named[0]}"'),
            count(tenant, type="AdministrativeArea", **near(136.2197, 36.0641, 10)),
            named.count(named[0]),
            1,
        )


def series():
    """Measured series with times of their own: what the temporal API tells of each is what pandas computes."""
    sources = [(DATA / "river-fukui" / "2021-08-15.csv", MAPPINGS / "river-level.toml")]
    sources += [(file, of_air_handling(file)) for file in sorted((DATA / "hvac-lbnl-fdd").glob("*.csv"))]
    for number, (file, mapping) in enumerate(source for source in sources if source[0].exists()):
        program = [sys.executable, "crates/machi/tests/clients/series.py"]
        ran = subprocess.run([*program, MACHI, SERVER, f"series{number}", mapping, file], capture_output=True, text=True)
        print(f"{file.relative_to(DATA)}: {ran.stdout.strip()}")
        if ran.returncode != 0:
            faults.append(f"the series of {file}: {(ran.stdout + ran.stderr).strip()[-1000:]}")


def of_air_handling(file):
    """A mapping for measures of an air handling unit, a column for each, whose clock knows no summer time."""
    with file.open(encoding="utf-8-sig", newline="") as rows:
        header = next(csv.reader(rows))
    lines = [
        f'id = "urn:ngsi-ld:AirHandlingUnit:{file.stem}"',
        'type = "AirHandlingUnit"\nseries = true\nobserved_at = "Datetime"',
        # A spreadsheet left its faults in some cells.
        'time_zone = "-06:00"\ntime_format = "%m/%d/%Y %H:%M"\nempty = ["#VALUE!"]',
    ]
    for column in header[1:]:
        first, *others = re.findall(r"\w+", column.removeprefix("AHU:"))
        name = first.lower() + "".join(word.capitalize() for word in others)
        lines.append(f'[attributes.{name}]\ncolumn = {json.dumps(column)}\nkind = "number"')
    mapping = WORK / f"{file.stem}.toml"
    mapping.write_text("\n".join(lines), encoding="utf-8")
    return mapping


def preload():
    for name, urls in PRELOADED.items():
        file = DATA / "smart-data-models" / name / "context.jsonld"
        for url in urls if file.exists() else []:
            query = urllib.parse.urlencode({"url": url})
            request = urllib.request.Request(f"{SERVER}/machi/v1/contexts?{query}", data=file.read_bytes(), method="PUT")
            request.add_header("Content-Type", "application/json")
            try:
                urllib.request.urlopen(request, timeout=60).close()
            except urllib.error.HTTPError as error:
                faults.append(f"{url} could not be preloaded: {error.code} {error.read()[:200].decode(errors='replace')}")


def examples():
    folder = DATA / "smart-data-models"
    if not folder.exists():
        return
    preload()
    every = sorted(folder.glob("*/*/examples/*"))
    forms = {}
    for file in every:
        form = "geojsonfeature" if "geojsonfeature" in file.name else file.name.split(".", 1)[1].removesuffix(".csv")
        form = f"normalized.{form}" if "normalized" in file.name else form
        forms.setdefault((form, file.suffix == ".csv"), []).append(file)
    for number, ((form, is_csv), files) in enumerate(sorted(forms.items())):
        tenant = f"examples{number}"
        name = f"examples, {form}{' as CSV' if is_csv else ''} ({len(files)})"
        totals = load(name, files, tenant)
        context = PRELOADED["Environment"][0] if "jsonld" in form or "geojson" in form else None
        by_q = count(tenant, context, q="dataProvider|source|name|description|dateObserved")
        row(name, totals, by_q, count(tenant, **near(0, 0, 20100000)))
    known = {url for urls in PRELOADED.values() for url in urls}
    named = {}
    for file in every:
        for url in set(CONTEXT.findall(file.read_text(encoding="utf-8"))) - known:
            if "uri.etsi.org" not in url:
                named.setdefault(url, []).append(file)
    print("Contexts that examples name and no local file gives:")
    for url, files in sorted(named.items()):
        print(f"  {url} ({len(files)} files)")


def main():
    for data_set in (stops, rivers, defibrillators, shelters, areas, series, examples):
        data_set()
    heads = ("data set", "rows", "taken", "rejected", "by q", "by place")
    width = max(len(line[0]) for line in [heads, *table])
    for line in [heads, *table]:
        print(line[0].ljust(width), *(str(cell).rjust(9) for cell in line[1:]))
    print(f"\nRejected rows: {len(rejected_rows)}")
    for name, file, number, wrong in rejected_rows:
        where = file.relative_to(DATA) if file.is_relative_to(DATA) else file.name
        print(f"  {where}, row {number}: {wrong[:200]}")
    for fault in faults:
        print(f"NOT AS EXPECTED: {fault}")
    sys.exit(1 if faults else 0)


main()
