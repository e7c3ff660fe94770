//! The table of the past: what its rows tell, and that its totals are those of the temporal API.

use crate::kit::*;

fn observed(value: impl Into<Value>, at: &str) -> Value {
    json!({"type": "Property", "value": value.into(), "observedAt": at, "unitCode": "CEL"})
}

#[test]
fn an_instance_is_a_row_with_its_times_and_its_value() {
    let id = "urn:ngsi-ld:Sensor:1";
    let client = tenant_with(&[entity(
        id,
        "Sensor",
        json!({
            "temperature": observed(1.5, "2026-01-01T00:00:00Z"),
            "label": property("a"), "isOn": property(true), "near": relationship("urn:ngsi-ld:Sensor:2"),
            "place": point(1.0, 2.0),
        }),
    )]);
    let attributes = "attribute, kind, number, text, boolean, json, \"unitCode\", \"observedAt\"";
    let found = rows(&client, &format!("SELECT {attributes} FROM history WHERE entity = '{id}' ORDER BY attribute"));
    let row = |attribute: &str, kind: &str| {
        json!({"attribute": attribute, "kind": kind, "number": null, "text": null, "boolean": null, "json": null,
               "unitCode": null, "observedAt": null})
    };
    let mut expected = [
        row("isOn", "Property"),
        row("label", "Property"),
        row("near", "Relationship"),
        row("place", "GeoProperty"),
        row("temperature", "Property"),
    ];
    expected[0]["boolean"] = json!(true);
    expected[1]["text"] = json!("a");
    expected[2]["text"] = json!("urn:ngsi-ld:Sensor:2");
    expected[3]["json"] = found[3]["json"].clone();
    expected[4]["number"] = json!(1.5);
    expected[4]["unitCode"] = json!("CEL");
    expected[4]["observedAt"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(found, json!(expected));
    assert!(found[3]["json"].as_str().is_some_and(|text| text.contains("Point")), "{found}");
    let told = rows(&client, "SELECT \"instanceId\", types FROM history WHERE attribute = 'temperature'");
    let query = [("options", "sysAttrs")];
    let evolution = client.get(&format!("/temporal/entities/{id}")).query(&query).send().expect_status(200).json();
    let instance = &evolution["temperature"][0]["instanceId"];
    let instance = if instance.is_null() { &evolution["temperature"]["instanceId"] } else { instance };
    assert_eq!(told, json!([{"instanceId": instance, "types": "Sensor"}]));
}

#[test]
fn deletions_are_rows_and_have_the_times_by_which_they_are_asked_for() {
    let id = "urn:ngsi-ld:Sensor:1";
    let client = tenant_with(&[entity(id, "Sensor", json!({"level": property(1), "other": property(2)}))]);
    client.delete(&format!("/entities/{id}/attrs/level")).send().expect_status(204);
    let told = rows(
        &client,
        "SELECT number, \"deletedAt\" IS NOT NULL AS gone FROM history WHERE attribute = 'level' ORDER BY gone",
    );
    assert_eq!(told, json!([{"number": 1.0, "gone": false}, {"number": null, "gone": true}]));
    for (condition, expected) in [
        ("\"deletedAt\" IS NOT NULL", 1),
        ("\"deletedAt\" > '2020-01-01T00:00:00Z'", 1),
        ("\"deletedAt\" < '2020-01-01T00:00:00Z'", 0),
        ("\"deletedAt\" IS NULL", 2),
        ("\"modifiedAt\" > '2020-01-01T00:00:00Z'", 3),
        ("\"createdAt\" > '2020-01-01T00:00:00Z'", 3),
        ("\"modifiedAt\" < '2020-01-01T00:00:00Z'", 0),
        ("\"observedAt\" IS NOT NULL", 0),
        ("\"observedAt\" IS NULL", 3),
        ("number > 1", 1),
        ("true", 3),
    ] {
        let count = value(&client, &format!("SELECT count(*) FROM history WHERE {condition}"));
        assert_eq!(count, json!(expected), "{condition}");
    }
}

/// A city that archives at once and keeps files in order all the time.
fn archiving() -> City {
    city_with("[history]\narchive_after = \"1ms\"\nupkeep = \"100ms\"\n")
}

fn sensor(number: usize) -> String {
    format!("urn:ngsi-ld:Sensor:{number}")
}

/// Ten days of numbers in quarters, whose sums are exact, and of other values among them.
fn fill(client: &Client, sensors: usize, rounds: usize) {
    for number in 0..sensors {
        client.create(&entity(&sensor(number), "Sensor", json!({})));
    }
    for round in 0..rounds {
        for number in 0..sensors {
            let day = (round * 7 + number) % 10 + 1;
            let at = format!("2026-03-{day:02}T{:02}:{:02}:00Z", round % 24, number % 60);
            let state = if round % 3 == 0 { json!("on") } else { json!(round) };
            let fragment = json!({
                "level": observed((round * 13 + number) as f64 / 4.0, &at),
                "state": observed(state, &at),
            });
            client.post(&format!("/entities/{}/attrs", sensor(number))).json(fragment).send().expect_status(204);
        }
    }
    client.delete(&format!("/entities/{}/attrs/state", sensor(0))).send().expect_status(204);
    client.delete(&format!("/temporal/entities/{}/attrs/level", sensor(1))).send().expect_status(204);
}

/// Entity, day: count, sum, least and most of the numbers, as the temporal API tells them.
fn told(client: &Client) -> Vec<Value> {
    let query = [
        ("type", "Sensor"),
        ("attrs", "level"),
        ("timerel", "after"),
        ("timeAt", "2026-03-01T00:00:00Z"),
        ("format", "aggregatedValues"),
        ("aggrMethods", "totalCount,sum,min,max"),
        ("aggrPeriodDuration", "P1D"),
    ];
    let answer = client.get("/temporal/entities").query(&query).send().expect_status(200).json();
    let mut days = Vec::new();
    for one in answer.as_array().expect("evolutions") {
        for (place, count) in one["level"]["totalCount"].as_array().into_iter().flatten().enumerate() {
            let of = |method: &str| one["level"][method][place][0].clone();
            days.push(json!({
                "entity": one["id"], "day": count[1], "count": of("totalCount"),
                "sum": of("sum").as_f64(), "min": of("min").as_f64(), "max": of("max").as_f64(),
            }));
        }
    }
    days
}

#[test]
fn totals_are_those_of_the_temporal_api_while_the_past_is_archived() {
    let city = archiving();
    let client = city.client();
    fill(&client, 6, 60);
    let expected = told(&client);
    assert!(expected.len() > 30, "{expected:?}");
    let by_day = "SELECT entity, date_trunc('day', \"observedAt\") AS day, count(*) AS count, sum(number) AS sum, \
                  min(number) AS min, max(number) AS max FROM history WHERE attribute = 'level' \
                  AND \"observedAt\" >= '2026-03-01T00:00:00Z' GROUP BY 1, 2 ORDER BY 1, 2";
    // Whether an instance lies in a file or waits in memory, it is one row.
    for _ in 0..20 {
        assert_eq!(rows(&client, by_day), json!(expected));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let whole = "SELECT count(*) AS count, sum(number) AS sum FROM history WHERE attribute = 'level'";
    let sum: f64 = expected.iter().filter_map(|day| day["sum"].as_f64()).sum();
    let count: u64 = expected.iter().filter_map(|day| day["count"].as_u64()).sum();
    assert_eq!(rows(&client, whole), json!([{"count": count, "sum": sum}]));
    let each = "SELECT count(*) AS count, sum(number) AS sum FROM (SELECT * FROM history) WHERE attribute = 'level' \
                AND \"instanceId\" IS NOT NULL";
    assert_eq!(rows(&client, each), json!([{"count": count, "sum": sum}]), "read whole, it is the same");
}

#[test]
fn what_conditions_narrow_is_what_they_let_through() {
    let city = archiving();
    let client = city.client();
    fill(&client, 6, 60);
    // The same conditions in a form that cannot be used for reading less.
    for (condition, whole) in [
        ("entity = 'urn:ngsi-ld:Sensor:2'", "concat(entity, '') = 'urn:ngsi-ld:Sensor:2'"),
        ("entity IN ('urn:ngsi-ld:Sensor:4', 'urn:ngsi-ld:Sensor:3', 'x')", "concat(entity, '') ~ 'Sensor:[34]$'"),
        ("attribute = 'state'", "concat(attribute, '') = 'state'"),
        ("attribute IN ('state', 'level')", "concat(attribute, '') <> 'x'"),
        (
            "\"observedAt\" >= '2026-03-04T00:00:00Z' AND \"observedAt\" < '2026-03-06T12:00:00Z'",
            "to_char(\"observedAt\", '%Y-%m-%d %H') >= '2026-03-04 00' AND to_char(\"observedAt\", '%Y-%m-%d %H') < '2026-03-06 12'",
        ),
        ("\"observedAt\" IS NOT NULL", "to_char(\"observedAt\", '%Y') = '2026'"),
        (
            "\"observedAt\" BETWEEN '2026-03-04T03:00:00Z' AND '2026-03-04T03:05:00Z'",
            "to_char(\"observedAt\", '%d %H:%M') >= '04 03:00' AND to_char(\"observedAt\", '%d %H:%M') <= '04 03:05'",
        ),
    ] {
        for what in ["count(*)", "sum(number)", "count(text)", "max(\"observedAt\")", "count(\"instanceId\")"] {
            let (narrow, wide) = (
                value(&client, &format!("SELECT {what} FROM history WHERE {condition}")),
                value(&client, &format!("SELECT {what} FROM history WHERE {whole}")),
            );
            assert_eq!(narrow, wide, "{what} where {condition}");
            assert_ne!(narrow, json!(0), "{what} where {condition}");
        }
    }
}
