"""What a programmer does with PyPI's ngsildclient: entities, batches, queries, types and subscriptions.

Called with the city's host and port; ends with code 1 at the first answer that is not as it should be.
"""

import sys
from datetime import datetime, timezone

from ngsildclient import Client, Entity, SubscriptionBuilder
from ngsildclient.api.exceptions import NgsiAlreadyExistsError, NgsiResourceNotFoundError

HOST, PORT = sys.argv[1], int(sys.argv[2])


def gauge(number, level):
    entity = Entity("RiverGauge", f"gauge{number}")
    entity.prop("level", level, unitcode="MTR", observedat=datetime(2026, 8, 23, 1, 2, 3, tzinfo=timezone.utc))
    entity.loc((36.06, 136.22 + number / 1000))
    entity.rel("river", "urn:ngsi-ld:River:asuwa")
    return entity


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")


def refused(what, error, call):
    try:
        call()
    except error:
        return
    sys.exit(f"{what}: no {error.__name__}")


with Client(hostname=HOST, port=PORT, tenant="riverside", verbose=False) as city:
    expect("connection", city.is_connected(), True)

    # One entity.
    first = gauge(1, 1.5)
    expect("create", city.create(first), True)
    refused("create again", NgsiAlreadyExistsError, lambda: city.entities.create(gauge(1, 2)))
    read = city.get(first.id)
    expect("value", read["level.value"], 1.5)
    expect("unit", read["level.unitCode"], "MTR")
    expect("observed", read["level.observedAt"], "2026-08-23T01:02:03Z")
    expect("place", read["location.value.coordinates"], [136.221, 36.06])
    expect("link", read["river.object"], "urn:ngsi-ld:River:asuwa")
    expect("exists", (city.exists(first.id), city.exists("urn:ngsi-ld:RiverGauge:none")), (True, False))
    read["level.value"] = 1.75
    expect("update", city.update(read), True)
    expect("updated", city.get(first.id)["level.value"], 1.75)
    refused("absent", NgsiResourceNotFoundError, lambda: city.get("urn:ngsi-ld:RiverGauge:none"))

    # Many entities.
    many = [gauge(number, number / 10) for number in range(2, 62)]
    expect("batch create", city.batch.create(many).n_ok, 60)
    expect("count", city.count(type="RiverGauge"), 61)
    expect("query", {entity.id for entity in city.query(type="RiverGauge", q="level>5.5")},
           {f"urn:ngsi-ld:RiverGauge:gauge{number}" for number in range(56, 62)})
    expect("all pages", len(city.query(type="RiverGauge")), 61)
    result = city.batch.upsert([gauge(61, 9), gauge(62, 9)])
    expect("batch upsert", result.ok, True)
    expect("upserted", city.count(type="RiverGauge", q="level==9"), 2)
    expect("batch delete", city.batch.delete(many[:10]).ok, True)
    expect("left", city.count(type="RiverGauge"), 52)
    expect("types", [name.rsplit("/", 1)[-1] for name in city.types.list()], ["RiverGauge"])

    # Subscriptions. The builder's `name` is no member of the standard's, which say `subscriptionName` (§5.2.12).
    payload = (
        SubscriptionBuilder("http://127.0.0.1:9/")
        .description("flood")
        .select_type("RiverGauge")
        .watch(["level"])
        .build()
    )
    # The builder would encode it as for an address, which JSON has no use for.
    payload["q"] = "level>2"
    subscription = city.subscriptions.create(payload)
    expect("subscribed", city.subscriptions.exists(subscription), True)
    expect("listed", [one["description"] for one in city.subscriptions.list()], ["flood"])
    expect("unsubscribed", city.subscriptions.delete("flood"), True)
    expect("none left", city.subscriptions.list(), [])

    # The end.
    expect("delete", city.delete(first), True)
    expect("deleted", city.exists(first.id), False)
    city.drop("RiverGauge")
    expect("dropped", city.count(type="RiverGauge"), 0)
print("done")
