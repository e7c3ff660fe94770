//! Queries in a body.

use serde_json::{Value, json};

use super::city::{City, Q, bad, rooms, values};
use super::retrieving::many;

async fn post(city: &City, query: &str, body: &Value) -> super::city::Reply {
    city.send("POST", &format!("{Q}{query}"), &[], &body.to_string()).await
}

fn interval() -> Value {
    json!({"timerel": "between", "timeAt": "2026-03-01T09:00:00Z", "endTimeAt": "2026-03-01T10:00:00Z"})
}

/// A query for rooms in the interval, with other members.
fn rooms_with(members: &Value) -> Value {
    let mut body = json!({"type": "Query", "entities": [{"type": "Room"}], "temporalQ": interval()});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// The same with other members of temporalQ.
fn in_time(members: &Value) -> Value {
    let mut time = interval();
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(time.as_object_mut().unwrap().remove(name)),
            value => time[name] = value.clone(),
        }
    }
    rooms_with(&json!({"temporalQ": time}))
}

// §6.24.3.1: A query in a body finds what the same parameters of a URL find.
#[tokio::test]
async fn a_body_asks_as_parameters_do() {
    let city = rooms();
    city.given(&many());
    for (body, ids) in [
        (rooms_with(&json!({})), vec!["urn:ngsi-ld:Room:1"]),
        (
            rooms_with(&json!({"entities": [{"type": "Room"}, {"type": "Bus"}]})),
            vec!["urn:ngsi-ld:Bus:1", "urn:ngsi-ld:Room:1"],
        ),
        (
            rooms_with(&json!({"entities": [{"type": "Room", "id": ["urn:ngsi-ld:Room:1"]}]})),
            vec!["urn:ngsi-ld:Room:1"],
        ),
        (rooms_with(&json!({"entities": [{"type": "*", "idPattern": "Bus"}]})), vec!["urn:ngsi-ld:Bus:1"]),
        (rooms_with(&json!({"q": "temperature>22"})), vec![]),
        (rooms_with(&json!({"q": "temperature>21"})), vec!["urn:ngsi-ld:Room:1"]),
        (rooms_with(&json!({"scopeQ": "/A"})), vec![]),
        (rooms_with(&json!({"attrs": ["speed"]})), vec![]),
        (
            rooms_with(&json!({"geoQ": {"georel": "near;maxDistance==1", "geometry": "Point", "coordinates": [1, 1]}})),
            vec![],
        ),
        (rooms_with(&json!({"entities": [{"type": "Multi"}], "datasetId": ["urn:ds:b"]})), vec!["urn:ngsi-ld:Room:3"]),
        (
            rooms_with(&json!({"entities": [{"type": "*"}], "ordering": {"orderBy": ["id;desc"]}})),
            vec!["urn:ngsi-ld:Room:3", "urn:ngsi-ld:Room:1", "urn:ngsi-ld:Bus:1"],
        ),
        (
            rooms_with(&json!({"join": "@none", "csf": "a", "splitEntities": false, "lang": "ja"})),
            vec!["urn:ngsi-ld:Room:1"],
        ),
    ] {
        let reply = post(&city, "", &body).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.text());
        assert_eq!(reply.ids(), ids, "{body}");
    }
    let picked = post(&city, "", &rooms_with(&json!({"pick": ["temperature"]}))).await.good();
    assert_eq!(picked[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["temperature"]);
    let left = post(&city, "", &rooms_with(&json!({"omit": ["temperature", "type"]}))).await.good();
    assert_eq!(left[0].as_object().unwrap().len(), 2, "{left}");
}

// §5.2.21: temporalQ says of which time; lastN is a number from 1 on.
#[tokio::test]
async fn a_temporal_query_is_read_from_its_members() {
    let city = rooms();
    let last = post(&city, "", &in_time(&json!({"lastN": 1}))).await.good();
    assert_eq!((values(&last[0]["temperature"]), values(&last[0]["co2"])), (vec![22.0], vec![400.0]));
    for members in [
        json!({"timerel": null}),
        json!({"timeAt": null}),
        json!({"endTimeAt": null}),
        json!({"endTimeAt": "2026-03-01T08:00:00Z"}),
        json!({"lastN": 0}),
        json!({"lastN": 1.5}),
        json!({"lastN": "1"}),
        json!({"lastN": -1}),
        json!({"lastN": true}),
        json!({"timeproperty": "expiresAt"}),
        json!({"timerel": "Before"}),
        json!({"timerel": 1}),
        json!({"aggrMethods": []}),
        json!({"aggrMethods": ["median"]}),
        json!({"aggrPeriodDuration": "1h"}),
    ] {
        assert_eq!(post(&city, "", &in_time(&members)).await.fault(), bad("BadRequestData"), "{members}");
    }
    let near = post(&city, "", &in_time(&json!({"timeRel": "before"}))).await;
    assert_eq!(near.fault(), bad("BadRequestData"));
    assert!(near.text().contains("did you mean \\\"timerel\\\""), "{}", near.text());
    for time in [json!("before"), json!([interval()]), json!({})] {
        let body = rooms_with(&json!({"temporalQ": time}));
        assert_eq!(post(&city, "", &body).await.fault(), bad("BadRequestData"), "{body}");
    }
    let none = json!({"type": "Query", "entities": [{"type": "Room"}]});
    assert_eq!(post(&city, "", &none).await.fault(), bad("BadRequestData"));
}

// §5.2.44: How to aggregate is said in temporalQ or in aggrParams, or in both alike.
#[tokio::test]
async fn how_to_aggregate_is_said_in_either_place() {
    let city = rooms();
    let aggregated = "?format=aggregatedValues";
    let max = |value: &Value| value[0]["temperature"]["max"].clone();
    let first = post(&city, aggregated, &in_time(&json!({"aggrMethods": ["avg", "max"]}))).await.good();
    assert_eq!(max(&first), json!([[22, "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"]]));
    for body in [
        in_time(&json!({"aggrMethods": "avg,max"})),
        rooms_with(&json!({"aggrParams": {"aggrMethods": ["avg", "max"], "aggrPeriodDuration": "PT1H"}})),
    ] {
        assert_eq!(post(&city, aggregated, &body).await.good(), first, "{body}");
    }
    let mut both = in_time(&json!({"aggrMethods": ["max"], "aggrPeriodDuration": "PT60M"}));
    both["aggrParams"] = json!({"aggrMethods": "max", "aggrPeriodDuration": "PT1H"});
    assert_eq!(max(&post(&city, aggregated, &both).await.good()), max(&first));
    for parameters in [
        json!({"aggrMethods": "avg"}),
        json!({"aggrMethods": "max", "aggrPeriodDuration": "PT2H"}),
        json!({"aggrPeriodDuration": "PT1H"}),
        json!({"aggrMethods": "max", "aggrPeriodDuration": "PT1H", "other": 1}),
    ] {
        both["aggrParams"] = parameters;
        assert_eq!(post(&city, aggregated, &both).await.fault(), bad("BadRequestData"), "{both}");
    }
    assert_eq!(post(&city, aggregated, &rooms_with(&json!({}))).await.fault(), bad("BadRequestData"));
}

// §5.2.23: What is no query for the past is refused.
#[tokio::test]
async fn what_is_no_query_is_refused() {
    let city = rooms();
    for body in [
        json!([]),
        json!({"type": "Nothing", "temporalQ": interval()}),
        rooms_with(&json!({"entities": []})),
        rooms_with(&json!({"attrs": []})),
        rooms_with(&json!({"pick": []})),
        rooms_with(&json!({"omit": []})),
        rooms_with(&json!({"containedBy": ["urn:x:1"]})),
        rooms_with(&json!({"join": "flat"})),
        rooms_with(&json!({"joinLevel": 1})),
        rooms_with(&json!({"nonsense": 1})),
        rooms_with(&json!({"q": "owner{name}==1"})),
        json!({"type": "Query", "temporalQ": interval()}),
    ] {
        assert_eq!(post(&city, "", &body).await.fault(), bad("BadRequestData"), "{body}");
    }
    let maps = post(&city, "", &rooms_with(&json!({"entityMap": true}))).await;
    assert_eq!(maps.fault(), (422, "OperationNotSupported".to_owned()));
    for query in ["?timerel=before", "?lastN=1", "?type=Room", "?format=concise", "?aggrMethods=avg"] {
        assert_eq!(post(&city, query, &rooms_with(&json!({}))).await.fault(), bad("InvalidRequest"), "{query}");
    }
    let broken = city.send("POST", Q, &[], "{").await;
    assert_eq!(broken.fault(), bad("InvalidRequest"));
    let xml = city.send("POST", Q, &[("content-type", "application/xml")], "<a/>").await;
    assert_eq!(xml.status, 415);
}

// §6.24.3.1: Pages and cuts are those of GET; a link is asked for with the same body.
#[tokio::test]
async fn pages_and_cuts_are_those_of_get() {
    let city = City::cutting(3);
    super::city::fill_rooms(&city);
    let body = in_time(&json!({"timerel": "before", "timeAt": "2027-01-01T00:00:00Z", "endTimeAt": null}));
    let reply = post(&city, "?limit=1&count=true", &body).await;
    assert_eq!((reply.status.as_u16(), reply.header("ngsild-results-count")), (206, "2"));
    assert!(
        reply.header("content-range").starts_with("DateTime 2026-03-01T09:00:00Z-"),
        "{}",
        reply.header("content-range")
    );
    let (after, next) = (reply.link("intervalafter").unwrap(), reply.link("next").unwrap());
    let rest = city.send("POST", &after, &[], &body.to_string()).await;
    assert_eq!((rest.status.as_u16(), values(&rest.value()[0]["temperature"])), (206, vec![22.0, 23.0]));
    let second = city.send("POST", &next, &[], &body.to_string()).await;
    assert_eq!(second.ids(), ["urn:ngsi-ld:Room:2"]);
    let other = city.send("POST", &next, &[], &in_time(&json!({})).to_string()).await;
    assert_eq!(other.fault(), bad("BadRequestData"), "a cursor stays with its body");
}
