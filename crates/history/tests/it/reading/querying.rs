//! Querying evolutions: which entities are found, what is shown of them, and pages.

use serde_json::json;

use super::city::{City, I, SINCE_1970, T, at, bad, property, rooms, values};
use super::retrieving::many;

const ROOM_1: &str = "urn:ngsi-ld:Room:1";
const ROOM_2: &str = "urn:ngsi-ld:Room:2";
const BUS_1: &str = "urn:ngsi-ld:Bus:1";

async fn found(city: &City, query: &str) -> Vec<String> {
    let reply = city.ask(&format!("{T}?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.ids()
}

// §6.18.3.2: Evolutions are got by the parameters of a query, as an array.
// §5.7.4: Entities are found by type, id and pattern of ids, if they have an instance in the interval.
#[tokio::test]
async fn entities_are_found_by_id_type_and_time() {
    let city = rooms();
    for (query, expected) in [
        (format!("type=Room&{SINCE_1970}"), vec![ROOM_1, ROOM_2]),
        (format!("type=Room&{I}"), vec![ROOM_1]),
        (format!("type=Room,Bus&{I}"), vec![BUS_1, ROOM_1]),
        (format!("type=Nothing&{I}"), vec![]),
        (format!("local=true&{I}"), vec![BUS_1, ROOM_1]),
        (format!("type=*&{I}"), vec![BUS_1, ROOM_1]),
        (format!("type=Room&id={ROOM_2}&{SINCE_1970}"), vec![ROOM_2]),
        (format!("type=Room&id={BUS_1},{ROOM_2}&{SINCE_1970}"), vec![ROOM_2]),
        (format!("type=Room&idPattern=Room:2&{SINCE_1970}"), vec![ROOM_2]),
        (format!("attrs=speed&{I}"), vec![BUS_1]),
        ("attrs=co2&timerel=between&timeAt=2026-03-01T09:10:00Z&endTimeAt=2026-03-01T09:50:00Z".to_owned(), vec![]),
        (format!("type=Room&pick=id,label&{SINCE_1970}"), vec![]),
        (format!("type=Room&geoproperty=location&{I}"), vec![ROOM_1]),
        (format!("type=Room&csf=name&splitEntities=false&{I}"), vec![ROOM_1]),
    ] {
        assert_eq!(found(&city, &query).await, expected, "{query}");
    }
    let bus = city.ask(&format!("{T}?attrs=speed&{I}")).await.good();
    assert_eq!(
        bus[0],
        json!({"id": BUS_1, "type": "Bus",
        "speed": [{"type": "Property", "value": 50, "observedAt": at("09:00")}]})
    );
}

// §5.7.4: q chooses entities by their instances in the interval, and hides none of the instances.
#[tokio::test]
async fn q_chooses_entities_and_not_instances() {
    let city = rooms();
    let all = city.ask(&format!("{T}?type=Room&q=temperature%3E22&{SINCE_1970}")).await.good();
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(values(&all[0]["temperature"]), [20.0, 21.0, 22.0, 23.0]);
    for (q, expected) in [
        ("temperature%3E22", vec![]),
        ("temperature%3E21;temperature%3C21", vec![ROOM_1]),
        ("temperature%3E22|co2==400", vec![ROOM_1]),
        ("temperature!=20", vec![ROOM_1]),
        ("co2;!speed", vec![ROOM_1]),
        ("!temperature", vec![]),
        ("temperature.observedAt%3E2026-03-01T09:15:00Z", vec![ROOM_1]),
        ("temperature.observedAt%3E2026-03-01T10:00:00Z", vec![]),
        ("temperature.unitCode==%22CEL%22", vec![]),
        ("id==urn:ngsi-ld:Room:1", vec![ROOM_1]),
    ] {
        assert_eq!(found(&city, &format!("type=Room&q={q}&{I}")).await, expected, "{q}");
    }
}

// §5.7.4: What has no observedAt at all counts in q as it was at the end of the interval.
#[tokio::test]
async fn what_was_never_observed_counts_as_it_was() {
    let city = rooms();
    let reply = city.ask(&format!("{T}?type=Room&q=label==%22lab%22&attrs=temperature&{SINCE_1970}")).await.good();
    assert_eq!((reply[0]["id"].as_str(), values(&reply[0]["temperature"])), (Some(ROOM_2), vec![15.0, 16.0]));
    assert_eq!(found(&city, &format!("type=Room&q=label!=%22lab%22&{SINCE_1970}")).await, Vec::<String>::new());
    assert_eq!(found(&city, &format!("type=Room&q=!label&{SINCE_1970}")).await, [ROOM_1]);
    city.deleted(ROOM_2, "label", machi_model::entity::Kind::Property);
    let later = "timerel=after&timeAt=2026-03-06T00:00:00Z";
    city.given(&json!({"id": ROOM_2, "type": "Room",
        "temperature": {"type": "Property", "value": 1, "observedAt": "2026-03-07T00:00:00Z"}}));
    assert_eq!(found(&city, &format!("type=Room&q=label&{later}")).await, Vec::<String>::new(), "it was gone by then");
    assert_eq!(found(&city, &format!("type=Room&q=label&{SINCE_1970}")).await, [ROOM_2]);
}

// §5.7.4: A query without an interval is refused, and so is one that is too wide.
#[tokio::test]
async fn a_query_needs_an_interval_and_something_to_look_for() {
    let city = rooms();
    for query in [
        "type=Room".to_owned(),
        "type=Room&lastN=1".to_owned(),
        "type=Room&timeproperty=observedAt".to_owned(),
        I.to_owned(),
        format!("id={ROOM_1}&{I}"),
        format!("idPattern=.*&{I}"),
        format!("scopeQ=/A&{I}"),
        format!("attrs=createdAt&{I}"),
        format!("attrs=scope&{I}"),
        format!("type=*&local=false&{I}"),
        format!("type=Room&id=not%20a%20uri&{I}"),
        format!("type=Room&q=owner%7Bname%7D==%22x%22&{I}"),
        format!("type=Room&q=((&{I}"),
        format!("type=Room&csf=))bad((&{I}"),
        format!("type=Room&georel=near;maxDistance==2000&{I}"),
        format!("type=Room&datasetId=x%20y&{I}"),
        format!("type=Room&orderBy=temperature&{SINCE_1970}"),
        format!("type=Room&orderBy=createdAt&{SINCE_1970}"),
        format!("type=Room&orderBy=id,id&{SINCE_1970}"),
        format!("type=Room&orderBy=id&local=false&{I}"),
        format!("type=Room&collation=zz-invalid-!!&{I}"),
        format!("type=Room&lang=en!&{I}"),
    ] {
        assert_eq!(city.ask(&format!("{T}?{query}")).await.fault(), bad("BadRequestData"), "{query}");
    }
}

// §5.7.4: A geoquery is met by a place where the entity was in the interval.
#[tokio::test]
async fn entities_are_found_where_they_were() {
    let city = City::new();
    let place = |x: f64, y: f64, time: &str| json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, y]}, "observedAt": at(time)});
    city.given(&json!({"id": "urn:ngsi-ld:Room:7", "type": "Room",
        "location": [place(136.2, 36.0, "09:00"), place(135.0, 34.0, "10:00")], "temperature": property(&[(1.0, "09:30")])}));
    let near = "type=Room&georel=near;maxDistance==2000&geometry=Point&coordinates=%5B136.2,36.0%5D&timerel=between";
    let early = "timeAt=2026-03-01T08:00:00Z&endTimeAt=2026-03-01T09:45:00Z";
    let late = "timeAt=2026-03-01T09:30:00Z&endTimeAt=2026-03-01T11:00:00Z";
    assert_eq!(found(&city, &format!("{near}&{early}")).await, ["urn:ngsi-ld:Room:7"]);
    assert_eq!(found(&city, &format!("{near}&{late}")).await, Vec::<String>::new(), "it was elsewhere then");
}

fn scoped() -> City {
    let city = City::new();
    let scope = |path: &str, time: &str| json!({"type": "Property", "value": path, "observedAt": at(time)});
    city.given(
        &json!({"id": "urn:ngsi-ld:S:1", "type": "Scoped", "scope": [scope("/A", "08:00"), scope("/B", "09:30")],
        "temperature": property(&[(1.0, "09:10"), (2.0, "09:40")])}),
    );
    city.given(&json!({"id": "urn:ngsi-ld:S:2", "type": "Scoped", "scope": [scope("/C", "09:15")],
        "temperature": property(&[(1.0, "09:10"), (2.0, "09:20")])}));
    city.given(&json!({"id": "urn:ngsi-ld:S:3", "type": "Scoped", "temperature": property(&[(1.0, "09:10")])}));
    city
}

// §4.18: scopeQ finds entities that were in a scope in the interval, and shows what was while they were in it.
#[tokio::test]
async fn entities_are_found_by_the_scopes_in_which_they_were() {
    let city = scoped();
    for (scope, id, temperature) in
        [("/A", "urn:ngsi-ld:S:1", 1.0), ("/B", "urn:ngsi-ld:S:1", 2.0), ("/C", "urn:ngsi-ld:S:2", 2.0)]
    {
        let value = city.ask(&format!("{T}?type=Scoped&scopeQ={scope}&{I}")).await.good();
        assert_eq!(value.as_array().unwrap().len(), 1, "{scope}");
        assert_eq!(
            (value[0]["id"].as_str(), values(&value[0]["temperature"])),
            (Some(id), vec![temperature]),
            "{scope}"
        );
    }
    assert_eq!(found(&city, &format!("type=Scoped&scopeQ=/%23&{I}")).await, ["urn:ngsi-ld:S:1", "urn:ngsi-ld:S:2"]);
    let before = "timerel=between&timeAt=2026-03-01T08:00:00Z&endTimeAt=2026-03-01T09:00:00Z";
    assert_eq!(found(&city, &format!("type=Scoped&scopeQ=/B&{before}")).await, Vec::<String>::new());
    let shown = city.ask(&format!("{T}?type=Scoped&scopeQ=/A&attrs=temperature,scope&{I}")).await.good();
    let scope = json!([{"type": "Property", "value": "/A", "observedAt": at("08:00")}]);
    assert_eq!((&shown[0]["scope"], shown.as_array().unwrap().len()), (&scope, 1), "also what was set before");
    let hidden = city.ask(&format!("{T}?type=Scoped&scopeQ=/A&attrs=temperature&{I}")).await.good();
    assert_eq!(hidden[0].get("scope"), None);
}

// §4.5.5.1: Entities without a series of a wanted dataset are not found.
#[tokio::test]
async fn entities_are_found_by_dataset() {
    let city = City::new();
    city.given(&many());
    let value = city.ask(&format!("{T}?type=Multi&datasetId=urn:ds:a&{I}")).await.good();
    assert_eq!((values(&value[0]["temperature"]), values(&value[0]["co2"])), (vec![30.0, 31.0], vec![500.0]));
    let default = city.ask(&format!("{T}?type=Multi&datasetId=@none&{I}")).await.good();
    assert_eq!((values(&default[0]["temperature"]), default[0].get("co2")), (vec![20.0], None));
    assert_eq!(found(&city, &format!("type=Multi&attrs=co2&datasetId=urn:ds:b&{I}")).await, Vec::<String>::new());
}

// §5.7.4: lastN counts after all that chooses.
#[tokio::test]
async fn the_last_instances_are_given_of_what_was_chosen() {
    let city = rooms();
    let value = city.ask(&format!("{T}?type=Room&lastN=1&{SINCE_1970}")).await.good();
    assert_eq!((values(&value[0]["temperature"]), values(&value[1]["temperature"])), (vec![23.0], vec![16.0]));
    let chosen = city.ask(&format!("{T}?type=Room&lastN=1&q=temperature==20&{SINCE_1970}")).await.good();
    assert_eq!((values(&chosen[0]["temperature"]), chosen.as_array().unwrap().len()), (vec![23.0], 1));
}

// §6.3.10: Pages are linked to one another, with all parameters; the number of matches is told where it is asked for.
#[tokio::test]
async fn pages_are_counted_and_linked() {
    let city = rooms();
    let query = format!("type=Room&{SINCE_1970}&lastN=1&format=temporalValues");
    let first = city.ask(&format!("{T}?{query}&count=true&limit=1")).await;
    assert_eq!((first.ids(), first.header("ngsild-results-count")), (vec![ROOM_1.to_owned()], "2"));
    assert_eq!(first.link("prev"), None);
    let second = city.ask(&first.link("next").unwrap()).await;
    assert_eq!((second.ids(), second.link("next")), (vec![ROOM_2.to_owned()], None));
    assert_eq!(second.value()[0]["temperature"], json!({"type": "Property", "values": [[16, at("+09:30")]]}));
    let back = city.ask(&second.link("prev").unwrap()).await;
    assert_eq!(back.ids(), [ROOM_1]);
    let none = city.ask(&format!("{T}?type=Room&{SINCE_1970}&count=true&limit=0")).await;
    assert_eq!((none.ids(), none.header("ngsild-results-count")), (vec![], "2"));
    let beyond = city.ask(&format!("{T}?type=Room&{SINCE_1970}&offset=2&limit=1")).await;
    assert_eq!((beyond.status.as_u16(), beyond.ids()), (200, vec![]));
    assert_eq!(city.ask(&beyond.link("prev").unwrap()).await.ids(), [ROOM_2]);
    let far = city.ask(&format!("{T}?type=Room&{SINCE_1970}&offset=900&limit=1")).await;
    assert_eq!(city.ask(&far.link("prev").unwrap()).await.ids(), [ROOM_2], "from beyond the end to the last page");
}

// §4.23.1: Evolutions are ordered by id, in either direction.
#[tokio::test]
async fn evolutions_are_ordered_by_id() {
    let city = rooms();
    for number in 3..9 {
        let id = format!("urn:ngsi-ld:Room:{number}");
        city.given(&json!({"id": id, "type": "Room", "temperature": property(&[(1.0, "09:00")])}));
    }
    assert_eq!(found(&city, &format!("type=Room&orderBy=id&limit=2&{SINCE_1970}")).await, [ROOM_1, ROOM_2]);
    let mut page = city.ask(&format!("{T}?type=Room&orderBy=id;desc&limit=3&count=true&{SINCE_1970}")).await;
    let mut all = page.ids();
    while let Some(next) = page.link("next") {
        page = city.ask(&next).await;
        all.extend(page.ids());
    }
    let expected: Vec<String> = (1..9).rev().map(|number| format!("urn:ngsi-ld:Room:{number}")).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_cursor_stays_with_its_query() {
    let city = rooms();
    let first = city.ask(&format!("{T}?type=Room&limit=1&{SINCE_1970}")).await;
    let next = first.link("next").unwrap();
    let other = next.replace("type=Room", "type=Bus");
    assert_eq!(city.ask(&other).await.fault(), bad("BadRequestData"));
    let other = next.replace("timerel=after", "timerel=before");
    assert_eq!(city.ask(&other).await.fault(), bad("BadRequestData"));
    for cursor in ["x", "1.x", ".", "zz.aa"] {
        let path = format!("{T}?type=Room&cursor={cursor}&{SINCE_1970}");
        assert_eq!(city.ask(&path).await.fault(), bad("BadRequestData"), "{cursor}");
    }
}

#[tokio::test]
async fn many_evolutions_are_found_batch_by_batch() {
    let city = City::new();
    for number in 0..400 {
        let kind = if number % 7 == 0 { "Rare" } else { "Often" };
        city.given(&json!({"id": format!("urn:ngsi-ld:X:{number:03}"), "type": kind,
            "level": property(&[(f64::from(number % 5), "09:00")])}));
    }
    let mut page = city.ask(&format!("{T}?type=Rare,Often&q=level==3&limit=30&count=true&{I}")).await;
    assert_eq!(page.header("ngsild-results-count"), "80");
    let mut all = page.ids();
    while let Some(next) = page.link("next") {
        page = city.ask(&next).await;
        all.extend(page.ids());
    }
    let expected: Vec<String> = (0..400).filter(|n| n % 5 == 3).map(|n| format!("urn:ngsi-ld:X:{n:03}")).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_query_ends_where_its_budget_does() {
    let mut config = machi_face::config::FaceConfig::default();
    config.limits.query_documents = 20;
    let city = City::with(config);
    for number in 0..300 {
        city.given(&json!({"id": format!("urn:ngsi-ld:X:{number:03}"), "type": "X",
            "level": property(&[(f64::from(number), "09:00")])}));
    }
    let fault = city.ask(&format!("{T}?type=X&q=level%3E280&{I}")).await.fault();
    assert_eq!(fault, (403, "TooComplexQuery".to_owned()));
    assert_eq!(found(&city, &format!("type=X&q=level%3C5&limit=2&{I}")).await.len(), 2);
}
