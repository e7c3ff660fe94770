//! Retrieving one evolution: which instances are shown, by time, attribute and projection.

use serde_json::{Value, json};

use super::city::{City, R1, R2, at, bad, not_found, property, rooms, values};

// §6.19.3.1: An evolution is got by its id, as application/json with a link to the @context.
// §5.7.3: An evolution is given whole, its instances in the order of time, each with an instanceId.
#[tokio::test]
async fn an_evolution_is_given_whole() {
    let city = rooms();
    let reply = city.ask(R1).await;
    let (raw, value) = (reply.raw(), reply.good());
    assert_eq!(values(&value["temperature"]), [20.0, 21.0, 22.0, 23.0]);
    assert_eq!(values(&value["co2"]), [400.0, 440.0]);
    assert_eq!(value["temperature"][0], json!({"type": "Property", "value": 20, "observedAt": at("09:00")}));
    let id = raw["temperature"][0]["instanceId"].as_str().unwrap();
    assert!(id.starts_with("urn:ngsi-ld:Instance:"), "{id}");
    assert_eq!((&value["id"], &value["type"]), (&json!("urn:ngsi-ld:Room:1"), &json!("Room")));
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(reply.header("link").contains("json-ld#context"), "{}", reply.header("link"));
}

// §5.7.3: Without a temporal query all instances are given, those without observedAt, too.
#[tokio::test]
async fn what_was_never_observed_is_given_where_no_time_is_asked() {
    let city = rooms();
    assert_eq!(city.ask(R2).await.good()["label"], json!([{"type": "Property", "value": "lab"}]));
    for query in ["timeproperty=observedAt", "format=temporalValues"] {
        assert_eq!(city.ask(&format!("{R2}?{query}")).await.good().get("label"), None, "{query}");
    }
    let by_creation = city.ask(&format!("{R2}?timeproperty=createdAt")).await.good();
    assert_eq!(
        by_creation["label"],
        json!([{"type": "Property", "value": "lab", "createdAt": "2026-03-05T00:00:01Z"}])
    );
}

// §4.11: before excludes its time, after includes it, between includes its first and excludes its last.
#[tokio::test]
async fn instances_are_chosen_by_time() {
    let city = rooms();
    for (query, temperature, co2) in [
        ("timerel=before&timeAt=2026-03-01T09:10:00Z", vec![20.0], vec![400.0]),
        ("timerel=after&timeAt=2026-03-01T09:10:00Z", vec![21.0, 22.0, 23.0], vec![440.0]),
        ("timerel=between&timeAt=2026-03-01T09:10:00Z&endTimeAt=2026-03-01T09:20:00Z", vec![21.0], vec![]),
        ("timerel=between&timeAt=2026-03-01T09:10:00.000Z&endTimeAt=2026-03-01T09:20:00,0Z", vec![21.0], vec![]),
        ("timerel=after&timeAt=0001-01-01T00:00:00Z", vec![20.0, 21.0, 22.0, 23.0], vec![400.0, 440.0]),
        ("timerel=before&timeAt=9999-12-31T23:59:59.999999Z", vec![20.0, 21.0, 22.0, 23.0], vec![400.0, 440.0]),
        (
            "timerel=between&timeAt=0001-01-01T00:00:00Z&endTimeAt=9999-12-31T23:59:59.999999Z",
            vec![20.0, 21.0, 22.0, 23.0],
            vec![400.0, 440.0],
        ),
    ] {
        let value = city.ask(&format!("{R1}?{query}")).await.good();
        assert_eq!(values(&value["temperature"]), temperature, "{query}");
        let found = value.get("co2").map(values).unwrap_or_default();
        assert_eq!(found, co2, "{query}");
        assert_eq!(value.get("co2").is_some(), !co2.is_empty(), "an attribute without a match is absent: {query}");
    }
}

// §5.7.3: Where nothing is left of an evolution by what is asked, it is not found.
#[tokio::test]
async fn where_nothing_is_left_it_is_not_found() {
    let city = rooms();
    for path in [
        "/temporal/entities/urn:x:unknown".to_owned(),
        format!("{R1}?timerel=between&timeAt=2026-03-01T09:10:00Z&endTimeAt=2026-03-01T09:10:00Z"),
        format!("{R1}?timeproperty=createdAt&timerel=before&timeAt=2026-03-04T23:00:00Z"),
        format!("{R1}?timeproperty=deletedAt"),
        format!("{R1}?attrs=unknown"),
        format!("{R1}?pick=unknown"),
        format!("{R1}?datasetId=urn:ds:none"),
        format!("{R1}?omit=id,type,temperature,co2"),
    ] {
        assert_eq!(city.ask(&path).await.fault(), not_found(), "{path}");
    }
    city.given(&json!({"id": "urn:ngsi-ld:Room:9", "type": "Room"}));
    let empty = city.ask("/temporal/entities/urn:ngsi-ld:Room:9").await.good();
    assert_eq!(empty, json!({"id": "urn:ngsi-ld:Room:9", "type": "Room"}));
    assert_eq!(city.ask("/temporal/entities/urn:ngsi-ld:Room:9?timeproperty=observedAt").await.fault(), not_found());
}

// §4.8: Instances are found by the time of their creation, which each of them then shows.
#[tokio::test]
async fn instances_are_found_by_their_creation() {
    let city = rooms();
    let query = "timeproperty=createdAt&timerel=after&timeAt=2026-03-04T23:00:00Z";
    let value = city.ask(&format!("{R1}?{query}")).await.good();
    assert_eq!(values(&value["temperature"]), [20.0, 21.0, 22.0, 23.0]);
    let created = value["temperature"].as_array().unwrap().iter().map(|one| &one["createdAt"]);
    assert!(created.into_iter().all(|time| *time == json!("2026-03-05T00:00:00Z")), "{value}");
}

// §4.21: pick gives just the members that it names, omit all but those; attrs gives id and type, too.
#[tokio::test]
async fn members_are_picked_and_left_out() {
    let city = rooms();
    for (query, members) in [
        ("attrs=co2", vec!["id", "type", "co2"]),
        ("attrs=co2,unknown", vec!["id", "type", "co2"]),
        ("pick=temperature", vec!["temperature"]),
        ("pick=id,temperature", vec!["id", "temperature"]),
        ("pick=id", vec!["id"]),
        ("omit=type,temperature", vec!["id", "co2"]),
    ] {
        let value = city.ask(&format!("{R1}?{query}")).await.good();
        let mut found: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        found.sort_unstable();
        let mut members = members;
        members.sort_unstable();
        assert_eq!(found, members, "{query}");
    }
    for query in [
        "pick=temperature&omit=temperature",
        "pick=temperature&attrs=co2",
        "omit=temperature&attrs=co2",
        "pick=owner%7Bname%7D",
        "omit=owner%7Bname%7D",
        "attrs=id",
        "pick=",
    ] {
        assert_eq!(city.ask(&format!("{R1}?{query}")).await.fault(), bad("BadRequestData"), "{query}");
    }
}

// §5.7.3: lastN gives the last instances of each series, in the order of time.
#[tokio::test]
async fn the_last_instances_of_each_series_are_given() {
    let city = rooms();
    city.given(&many());
    for (query, temperature, co2) in [
        ("lastN=2".to_owned(), vec![22.0, 23.0], vec![400.0, 440.0]),
        (format!("lastN=2&{}", super::city::I), vec![21.0, 22.0], vec![400.0]),
        ("lastN=100".to_owned(), vec![20.0, 21.0, 22.0, 23.0], vec![400.0, 440.0]),
        ("lastN=1&timeproperty=observedAt".to_owned(), vec![23.0], vec![440.0]),
    ] {
        let value = city.ask(&format!("{R1}?{query}")).await.good();
        assert_eq!((values(&value["temperature"]), values(&value["co2"])), (temperature, co2), "{query}");
    }
    let many = city.ask("/temporal/entities/urn:ngsi-ld:Room:3?lastN=1").await.good();
    assert_eq!(values(&many["temperature"]), [20.0, 40.0, 31.0], "by time, each dataset is a series of its own");
}

/// The room M1 with three datasets.
pub(crate) fn many() -> Value {
    let instance = |value: i64, time: &str, dataset: &str| json!({"type": "Property", "value": value, "observedAt": at(time), "datasetId": dataset});
    json!({"id": "urn:ngsi-ld:Room:3", "type": "Multi",
        "temperature": [{"type": "Property", "value": 20, "observedAt": at("09:00")},
            instance(30, "09:00", "urn:ds:a"), instance(31, "09:30", "urn:ds:a"), instance(40, "09:10", "urn:ds:b")],
        "co2": [instance(500, "09:00", "urn:ds:a")]})
}

// §4.5.5.1: datasetId keeps the series that it names, and leaves attributes without any of them out.
#[tokio::test]
async fn datasets_are_chosen() {
    let city = City::new();
    city.given(&many());
    let path = "/temporal/entities/urn:ngsi-ld:Room:3";
    for (datasets, temperature, has_co2) in [
        ("urn:ds:a", vec![30.0, 31.0], true),
        ("@none", vec![20.0], false),
        ("urn:ds:a,urn:ds:b", vec![30.0, 40.0, 31.0], true),
        ("@none,urn:ds:b", vec![20.0, 40.0], false),
    ] {
        let value = city.ask(&format!("{path}?datasetId={datasets}")).await.good();
        assert_eq!(values(&value["temperature"]), temperature, "{datasets}");
        assert_eq!(value.get("co2").is_some(), has_co2, "{datasets}");
    }
}

// §4.5.7: Instances are ordered by time, the default dataset before the others.
#[tokio::test]
async fn instances_are_ordered_by_time_and_then_by_dataset() {
    let city = City::new();
    city.given(&many());
    let value = city.ask("/temporal/entities/urn:ngsi-ld:Room:3").await.good();
    assert_eq!(values(&value["temperature"]), [20.0, 30.0, 40.0, 31.0]);
    city.given(&json!({"id": "urn:ngsi-ld:Room:3", "type": "Multi", "temperature": property(&[(19.0, "08:00")])}));
    let value = city.ask("/temporal/entities/urn:ngsi-ld:Room:3").await.good();
    assert_eq!(values(&value["temperature"]), [19.0, 20.0, 30.0, 40.0, 31.0], "what came late is in its place");
}

// §5.7.3: HEAD answers as GET, without a body.
#[tokio::test]
async fn head_answers_as_get() {
    let city = rooms();
    let reply = city.send("HEAD", &format!("{R1}?{}", super::city::I), &[], "").await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
    assert_eq!(reply.header("content-type"), "application/json");
}
