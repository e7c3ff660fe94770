//! The tables of types: their columns, their values, and what of them is read.

use crate::kit::*;

fn room(name: &str, rest: Value) -> Value {
    entity(&format!("urn:ngsi-ld:Room:{name}"), "Room", rest)
}

#[test]
fn a_type_is_a_table_with_a_typed_column_for_each_attribute() {
    let client = tenant_with(&[
        room(
            "1",
            json!({
                "temperature": property(21.5), "isOpen": property(true), "label": property("large \"hall\""),
                "since": property("2026-01-02T03:04:05.250Z"), "inBuilding": relationship("urn:ngsi-ld:Building:1"),
                "location": point(139.5, 35.25), "mixed": property(1), "many": property(json!([1, 2])),
                "seats": {"type": "Property", "value": 4, "datasetId": "urn:ngsi-ld:Dataset:plan"},
                "scope": ["/hall/a", "/hall/b"],
            }),
        ),
        room("2", json!({"temperature": property(-3), "mixed": property("one"), "many": property("x")})),
    ]);
    let first = &rows(&client, "SELECT * FROM \"Room\" WHERE id = 'urn:ngsi-ld:Room:1'")[0];
    for (column, expected) in [
        ("id", json!("urn:ngsi-ld:Room:1")),
        ("types", json!("Room")),
        ("scope", json!("/hall/a /hall/b")),
        ("temperature", json!(21.5)),
        ("isOpen", json!(true)),
        ("label", json!("large \"hall\"")),
        ("since", json!("2026-01-02T03:04:05.250Z")),
        ("inBuilding", json!("urn:ngsi-ld:Building:1")),
        ("mixed", json!("1")),
        ("many", json!("[1,2]")),
    ] {
        assert_eq!(first[column], expected, "{column} of {first}");
    }
    let location: Value = serde_json::from_str(first["location"].as_str().expect("GeoJSON")).expect("JSON");
    assert_eq!(location, json!({"type": "Point", "coordinates": [139.5, 35.25]}));
    assert_eq!(first.get("seats"), None, "a dataset is no default instance");
    let second = &rows(&client, "SELECT * FROM Room WHERE id = 'urn:ngsi-ld:Room:2'")[0];
    for (column, expected) in [
        ("temperature", json!(-3.0)),
        ("mixed", json!("\"one\"")),
        ("many", json!("\"x\"")),
        ("isOpen", Value::Null),
        ("scope", Value::Null),
    ] {
        assert_eq!(second[column], expected, "{column} of {second}");
    }
    assert_eq!(first["createdAt"], first["modifiedAt"]);
}

#[test]
fn what_columns_there_are_is_told_by_the_information_schema() {
    let client = tenant_with(&[room("1", json!({"temperature": property(1), "label": property("a")}))]);
    let tables =
        rows(&client, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1");
    assert_eq!(tables, json!([{"table_name": "Room"}, {"table_name": "history"}]));
    let columns = rows(
        &client,
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'Room' ORDER BY 1",
    );
    let found: Vec<&str> =
        columns.as_array().expect("rows").iter().filter_map(|row| row["column_name"].as_str()).collect();
    assert_eq!(found, ["createdAt", "id", "label", "modifiedAt", "scope", "temperature", "types"]);
}

#[test]
fn conditions_groups_joins_and_pages_come_out_as_the_broker_has_them() {
    let rooms: Vec<Value> = (0..2500)
        .map(|n| {
            let building = format!("urn:ngsi-ld:Building:{}", n % 3);
            room(&n.to_string(), json!({"temperature": property(n % 50), "inBuilding": relationship(&building)}))
        })
        .collect();
    let buildings: Vec<Value> = (0..3)
        .map(|n| entity(&format!("urn:ngsi-ld:Building:{n}"), "Building", json!({"name": property(format!("B{n}"))})))
        .collect();
    let client = tenant_with(rooms.iter().chain(&buildings));
    assert_eq!(value(&client, "SELECT count(*) FROM Room"), json!(2500));
    assert_eq!(value(&client, "SELECT count(*) FROM Room WHERE temperature > 47"), json!(100));
    assert_eq!(value(&client, "SELECT count(*) FROM Room WHERE temperature >= 47 AND temperature < 49"), json!(100));
    assert_eq!(value(&client, "SELECT count(*) FROM Room WHERE NOT temperature > 47"), json!(2400));
    assert_eq!(value(&client, "SELECT sum(temperature) FROM Room"), json!(61250.0));
    let joined = rows(
        &client,
        "SELECT b.name, count(*) AS rooms FROM Room r JOIN Building b ON r.\"inBuilding\" = b.id GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(
        joined,
        json!([
            {"name": "B0", "rooms": 834}, {"name": "B1", "rooms": 833}, {"name": "B2", "rooms": 833},
        ])
    );
    let page = rows(&client, "SELECT id FROM Room ORDER BY id LIMIT 2 OFFSET 3");
    assert_eq!(page, json!([{"id": "urn:ngsi-ld:Room:100"}, {"id": "urn:ngsi-ld:Room:1000"}]));
    assert_eq!(rows(&client, "SELECT id FROM Room LIMIT 7").as_array().map(Vec::len), Some(7));
    assert_eq!(rows(&client, "SELECT id FROM Room WHERE id = 'urn:ngsi-ld:Room:none'"), json!([]));
}

#[test]
fn a_write_that_was_answered_is_in_the_next_query() {
    let client = tenant_with(&[room("1", json!({"temperature": property(0)}))]);
    for number in 1..50 {
        let change = json!({"temperature": property(number)});
        client.patch("/entities/urn:ngsi-ld:Room:1/attrs").json(change).send().expect_status(204);
        assert_eq!(value(&client, "SELECT temperature FROM Room"), json!(f64::from(number)));
        let written = "SELECT count(*) FROM history WHERE attribute = 'temperature'";
        assert_eq!(value(&client, written), json!(number + 1));
    }
}

#[test]
fn tenants_see_only_what_is_theirs() {
    let (one, other) =
        (tenant_with(&[room("1", json!({"secret": property(1)}))]), tenant_with(&[room("2", json!({}))]));
    assert_eq!(rows(&one, "SELECT id FROM Room"), json!([{"id": "urn:ngsi-ld:Room:1"}]));
    assert_eq!(rows(&other, "SELECT id FROM Room"), json!([{"id": "urn:ngsi-ld:Room:2"}]));
    assert_eq!(value(&other, "SELECT count(*) FROM history WHERE entity = 'urn:ngsi-ld:Room:1'"), json!(0));
    refused(&query(&other, "SELECT secret FROM Room").send(), 400, "BadRequestData");
    let stranger = city().tenant("nobody-has-written-here");
    refused(&query(&stranger, "SELECT 1").send(), 404, "NonexistentTenant");
}

#[test]
fn what_has_expired_is_not_there() {
    let client = tenant_with(&[
        room("1", json!({"temperature": property(1), "expiresAt": "2020-01-01T00:00:00Z"})),
        room(
            "2",
            json!({"temperature": {"type": "Property", "value": 2, "expiresAt": "2020-01-01T00:00:00Z"},
                         "label": property("b")}),
        ),
    ]);
    let found = rows(&client, "SELECT id, label FROM Room");
    assert_eq!(found, json!([{"id": "urn:ngsi-ld:Room:2", "label": "b"}]));
}
