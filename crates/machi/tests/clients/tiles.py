"""Tiles of the map as PyPI's mapbox-vector-tile reads them, held against the same entities asked for by queries.

Called with the city's URL; ends with code 1 at the first tile that is not as it should be.
"""

import json
import math
import random
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import mapbox_vector_tile
import numpy
import shapely
from shapely.geometry import box, shape

URL = sys.argv[1]
TENANT = "tiles"
EXTENT = 4096
DICE = random.Random(7)


def ask(path, parameters=None, method="GET", body=None, tenant=TENANT):
    query = "?" + urlencode(parameters) if parameters else ""
    data = None if body is None else json.dumps(body).encode()
    headers = {"NGSILD-Tenant": tenant, **({"Content-Type": "application/json"} if data else {})}
    with urlopen(Request(URL + path + query, data=data, headers=headers, method=method)) as answer:
        return answer.read(), answer.headers


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {str(found)[:600]} instead of {str(expected)[:600]}")


def tile(kind, z, x, y, **parameters):
    body, _ = ask(f"/machi/v1/tiles/{kind}/{z}/{x}/{y}", parameters)
    return mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}


def features(decoded, layer="entities"):
    return decoded.get(layer, {}).get("features", [])


def find(kind, count=False, **parameters):
    rows, offset = [], 0
    while True:
        more = {"type": kind, "limit": 1000, "offset": offset, "format": "simplified", "count": "true", **parameters}
        body, headers = ask("/ngsi-ld/v1/entities", more)
        if count:
            return int(headers["NGSILD-Results-Count"])
        page = json.loads(body)
        rows += page
        offset += 1000
        if len(page) < 1000:
            return rows


def number(longitude, latitude, z):
    """The position on the map in tiles of a zoom, by the textbook."""
    y = math.asinh(math.tan(math.radians(latitude)))
    return ((longitude + 180) / 360 * 2**z, (1 - y / math.pi) / 2 * 2**z)


def bounds(z, x, y):
    latitude = lambda row: math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**z))))
    longitude = lambda column: column / 2**z * 360 - 180
    return longitude(x), latitude(y + 1), longitude(x + 1), latitude(y)


def within(z, x, y):
    west, south, east, north = bounds(z, x, y)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"georel": "within", "geometry": "Polygon", "coordinates": json.dumps([ring])}


def on_tile(geometry, z, x, y):
    def place(longitude, latitude):
        column, row = number(longitude, latitude, z)
        return (column - x) * EXTENT, (row - y) * EXTENT

    return shapely.transform(geometry, lambda points: numpy.array([place(*point) for point in points]))


def tiles_over(z, west, south, east, north):
    (left, bottom), (right, top) = number(west, south, z), number(east, north, z)
    return [(z, x, y) for x in range(int(left), int(right) + 1) for y in range(int(top), int(bottom) + 1)]


CITY = (137.40, 34.20, 137.60, 34.40)
geo = lambda kind, coordinates: {"type": "GeoProperty", "value": {"type": kind, "coordinates": coordinates}}
prop = lambda value: {"type": "Property", "value": value}


def lamp(n):
    # Most stand in the old town.
    spread = 0.01 if n % 3 else 0.09
    at = [137.5 + DICE.uniform(-spread, spread), 34.3 + DICE.uniform(-spread, spread)]
    lamp = {"id": f"urn:ngsi-ld:Lamp:{n}", "type": "Lamp", "location": geo("Point", at), "level": prop(n % 100 - 3),
            "ratio": prop(n / 7), "state": prop(["on", "off"][n % 2]), "isNew": prop(n % 5 == 0),
            "scope": f"/ward/w{n % 4}",
            "name": {"type": "LanguageProperty", "languageMap": {"ja": f"街灯{n}", "en": f"Lamp {n}"}}}
    if n % 11 == 0:
        lamp["note"] = prop("a long text " * 10 + str(n))
    if n % 13 == 0:
        lamp["since"] = prop("2026-11-22T10:00:00Z")
        lamp["many"] = prop([1, 2])
    return lamp


def house(n):
    x, y = 137.45 + DICE.random() / 10, 34.25 + DICE.random() / 10
    w, h = DICE.uniform(0.0005, 0.004), DICE.uniform(0.0005, 0.004)
    ring = [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]]
    hole = [[x + w / 4, y + h / 4], [x + w / 4, y + h / 2], [x + w / 2, y + h / 2], [x + w / 4, y + h / 4]]
    return {"id": f"urn:ngsi-ld:House:{n}", "type": "House", "location": geo("Polygon", [ring, hole]), "floors": prop(n)}


def street(n):
    x, y = 137.45 + DICE.random() / 10, 34.25 + DICE.random() / 10
    line = [[x + DICE.uniform(-0.02, 0.02), y + DICE.uniform(-0.02, 0.02)] for _ in range(6)]
    return {"id": f"urn:ngsi-ld:Street:{n}", "type": "Street", "location": geo("LineString", line)}


def create(entities):
    for first in range(0, len(entities), 1000):
        ask("/ngsi-ld/v1/entityOperations/create", method="POST", body=entities[first:first + 1000])


LAMPS = 5000
create([lamp(n) for n in range(LAMPS)] + [house(n) for n in range(150)] + [street(n) for n in range(60)])
FIELDS = "level,ratio,state,isNew,name,note,since,many"


def shown(entity):
    """The properties that a feature of an entity should have."""
    properties = {"id": entity["id"]}
    for name in FIELDS.split(","):
        value = entity.get(name)
        if name == "name":
            value = value["languageMap"]["ja"]
        if value is not None and not isinstance(value, list):
            properties[name] = value
    return properties


def check_points(z, **conditions):
    """Every tile of a zoom: entities as queries find them, or cells that count them."""
    total = 0
    for z, x, y in tiles_over(z, *CITY):
        decoded = tile("Lamp", z, x, y, attrs=FIELDS, lang="ja", **conditions)
        found = find("Lamp", **within(z, x, y), **conditions)
        ones, cells = features(decoded), features(decoded, "clusters")
        counted = len(ones) + sum(cell["properties"]["count"] for cell in cells)
        expect(f"count of {z}/{x}/{y}", counted, len(found))
        expect(f"clusters of {z}/{x}/{y}", bool(cells), len(found) > 2000)
        by_id = {entity["id"]: entity for entity in found}
        for one in ones:
            entity = by_id[one["properties"]["id"]]
            expect("properties", {k: v for k, v in one["properties"].items() if k != "ratio"},
                   {k: v for k, v in shown(entity).items() if k != "ratio"})
            expect("ratio", abs(one["properties"]["ratio"] - entity["ratio"]) < 1e-9, True)
            expect("position", shape(one["geometry"]).distance(on_tile(shape(entity["location"]), z, x, y)) < 1.5, True)
        for cell in cells:
            at = shape(cell["geometry"])
            place = lambda point: (int(point.x // 512), int(point.y // 512))
            members = [on_tile(shape(entity["location"]), z, x, y) for entity in found]
            inside = sum(place(member) == place(at) for member in members)
            expect(f"cell of {z}/{x}/{y}", abs(inside - cell["properties"]["count"]) <= 1, True)
            alone = [one for one in ones if place(shape(one["geometry"])) == place(at)]
            expect("a place is shown once", alone, [])
        total += counted
    expect(f"count of all tiles of zoom {z}", total, find("Lamp", count=True, **conditions))


for zoom in (8, 11, 12, 13, 15):
    check_points(zoom)
check_points(10, q="level>50;state==\"on\"")
check_points(12, scopeQ="/ward/w1")
check_points(9, q="note")


def check_shapes(kind, z):
    for z, x, y in tiles_over(z, *CITY):
        decoded = {one["properties"]["id"]: one for one in features(tile(kind, z, x, y, attrs="floors"))}
        for entity in find(kind):
            place = on_tile(shape(entity["location"]), z, x, y)
            seen = place.intersection(box(-64, -64, EXTENT + 64, EXTENT + 64))
            one = decoded.pop(entity["id"], None)
            is_sure = place.intersects(box(2, 2, EXTENT - 2, EXTENT - 2))
            if one is None:
                expect(f"{entity['id']} in {z}/{x}/{y}", is_sure, False)
                continue
            expect("floors", one["properties"].get("floors"), entity.get("floors"))
            drawn = shape(one["geometry"])
            if kind == "House":
                # Where a hole is cut off together with its area, both run along the same edge of the margin.
                is_whole = place.within(box(-64, -64, EXTENT + 64, EXTENT + 64))
                expect(f"{entity['id']} is valid", drawn.is_valid or not is_whole, True)
                difference = drawn.symmetric_difference(seen).area
                expect(f"{entity['id']} in {z}/{x}/{y}", difference <= 12 * seen.length + 4, True)
            else:
                expect(f"{entity['id']} in {z}/{x}/{y}", drawn.hausdorff_distance(seen) < 12, True)
        expect(f"others in {z}/{x}/{y}", list(decoded), [])


for zoom in (9, 12, 14):
    check_shapes("House", zoom)
    check_shapes("Street", zoom)

# An area across the date line is at both ends of the map, and a hostile one does no harm.
square = lambda x, y, w: [[x, y], [x + w, y], [x + w, y + w], [x, y + w], [x, y]]
create([{"id": "urn:ngsi-ld:Zone:1", "type": "Zone",
         "location": geo("MultiPolygon", [[square(170, -10, 10)], [square(-180, -10, 10)]])},
        {"id": "urn:ngsi-ld:Zone:2", "type": "Zone", "location": geo("Polygon", [square(-180, -90, 180)])},
        {"id": "urn:ngsi-ld:Zone:3", "type": "Zone", "location": geo("Point", [10, 89])}])
ids = lambda decoded: sorted(one["properties"]["id"][-1] for one in features(decoded))
expect("the west", ids(tile("Zone", 2, 0, 1)), ["1", "2"])
expect("the east", ids(tile("Zone", 2, 3, 1)), ["1"])
expect("the pole", "3" in ids(tile("Zone", 2, 2, 0)) + ids(tile("Zone", 0, 0, 0)), False)

# Names of another @context's words are given as they are asked for; another tenant has none of this.
expect("no such type", tile("Nothing", 0, 0, 0), {})
create_other = {"id": "urn:ngsi-ld:Lamp:other", "type": "Lamp", "location": geo("Point", [137.5, 34.3])}
ask("/ngsi-ld/v1/entities", method="POST", body=create_other, tenant="neighbour")
body, _ = ask("/machi/v1/tiles/Lamp/0/0/0", tenant="neighbour")
expect("neighbour", ids(mapbox_vector_tile.decode(body)), ["r"])
print("all tiles are as they should be")
