//! Querying entities: what is found, in which order, page by page; in the URL and in a body.

use machi_face::config::FaceConfig;
use serde_json::{Value, json};

use crate::city::{City, Reply};

/// Ten sensors along a line, every second one also a `Lamp`.
async fn city() -> City {
    let city = City::new();
    for number in 0..10 {
        let types = if number % 2 == 0 { r#"["Sensor","Lamp"]"# } else { r#""Sensor""# };
        let scope = if number < 5 { "/west/park" } else { "/east" };
        city.given(&format!(
            r#"{{"id":"urn:ngsi-ld:Sensor:{number}","type":{types},"scope":"{scope}",
            "level":{{"value":{level},"unitCode":"P1"}}, "name":"sensor {number}",
            "address":{{"value":{{"city":"{place}"}}}},
            "location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[136.{number},36]}}}}}}"#,
            level = (number * 7) % 10,
            place = if number == 3 { "Sabae" } else { "Fukui" },
        ))
        .await;
    }
    city
}

fn ids(reply: &Reply) -> Vec<u64> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let value = reply.value();
    let items = value.as_array().unwrap_or_else(|| value["features"].as_array().unwrap());
    items.iter().map(|item| item["id"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()).collect()
}

async fn find(city: &City, query: &str) -> Vec<u64> {
    ids(&city.ask("GET", &format!("/entities?{query}"), &[]).await)
}

async fn fault(city: &City, query: &str) -> (u16, String) {
    city.ask("GET", &format!("/entities?{query}"), &[]).await.fault()
}

fn bad(kind: &str) -> (u16, String) {
    (400, kind.to_owned())
}

/// The target of a link of this relation.
fn link(reply: &Reply, relation: &str) -> Option<String> {
    let links = reply.headers.get_all("link").iter().map(|value| value.to_str().unwrap());
    let link = links.into_iter().find(|link| link.contains(&format!("rel=\"{relation}\"")))?;
    assert!(link.contains("type=\"application/json\""), "{link}");
    let target = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    Some(target.strip_prefix("/ngsi-ld/v1").unwrap().to_owned())
}

#[tokio::test]
async fn every_parameter_selects() {
    let city = city().await;
    for (query, expected) in [
        ("type=Lamp", vec![0, 2, 4, 6, 8]),
        ("type=(Sensor;Lamp)|Nothing&id=urn:ngsi-ld:Sensor:2,urn:ngsi-ld:Sensor:3", vec![2]),
        ("type=Sensor&idPattern=Sensor:%5B13%5D$", vec![1, 3]),
        ("q=level%3E6", vec![1, 4, 7]),
        ("q=level==0..1;name==%22sensor%200%22", vec![0]),
        ("q=address%5Bcity%5D==%22Sabae%22", vec![3]),
        ("q=level.unitCode==%22P1%22;level==9", vec![7]),
        ("q=!level;name", vec![]),
        ("type=*&scopeQ=/west/%23", vec![0, 1, 2, 3, 4]),
        ("local=true&scopeQ=/east", vec![5, 6, 7, 8, 9]),
        ("type=Sensor&scopeQ=/%2B/park", vec![0, 1, 2, 3, 4]),
        ("georel=near;maxDistance==15000&geometry=Point&coordinates=%5B136.4,36%5D", vec![3, 4, 5]),
        (
            "georel=within&geometry=Polygon&coordinates=%5B%5B%5B136.15,35%5D,%5B136.35,35%5D,%5B136.35,37%5D,%5B136.15,37%5D,%5B136.15,35%5D%5D%5D",
            vec![2, 3],
        ),
        ("attrs=unknown,level&q=level%3C2", vec![0, 3]),
        ("attrs=unknown", vec![]),
        ("type=Unknown", vec![]),
        ("local=true&id=urn:ngsi-ld:Sensor:5", vec![5]),
        ("type=Sensor&csf=name&splitEntities=false&q=level==5", vec![5]),
    ] {
        assert_eq!(find(&city, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_is_too_wide_wrong_or_unknown_is_refused() {
    let city = city().await;
    for query in [
        "",
        "limit=5",
        "id=urn:ngsi-ld:Sensor:5",
        "scopeQ=/east",
        "q=createdAt",
        "attrs=id",
        "idPattern=.*",
        "local=false",
    ] {
        assert_eq!(fault(&city, query).await, bad("BadRequestData"), "{query}");
    }
    for query in [
        "type=((",
        "type=Sensor&id=5",
        "type=Sensor&idPattern=(",
        "q=level%3E",
        "q=level%20",
        "type=Sensor&scopeQ=//",
        "georel=near&geometry=Point&coordinates=%5B1,2%5D",
        "georel=within&geometry=Point",
        "georel=within&geometry=Polygon&coordinates=%5B%5B%5B0,0%5D,%5B1,0%5D,%5B1,1%5D,%5B0,1%5D%5D%5D",
        "type=*&local=false",
        "type=Sensor&orderBy=level&local=false",
        "type=Sensor&orderBy=location;dist-asc&local=true",
        "type=Sensor&orderBy=level;up&local=true",
        "type=Sensor&collation=x",
        "type=Sensor&limit=0",
        "type=Sensor&limit=-1",
        "type=Sensor&count=maybe",
        "type=Sensor&cursor=abc",
        "type=Sensor&geometryProperty=location",
        "q=a%7Bb%7D==1",
        "q=a%7Bb%7Bc%7D%7D==1&join=flat",
        "type=Sensor&join=up",
        "type=Sensor&join=flat&joinLevel=0",
        "type=Sensor&csf=%3D",
    ] {
        assert_eq!(fault(&city, query).await, bad("BadRequestData"), "{query}");
    }
    for query in
        ["type=Sensor&lmit=5", "type=Sensor&type=Lamp", "type=Sensor&options=values", "type=Sensor&offset=1&cursor=x"]
    {
        assert_eq!(fault(&city, query).await, bad("InvalidRequest"), "{query}");
    }
    for query in ["type=Sensor&limit=1001", "type=Sensor&offset=10001"] {
        assert_eq!(fault(&city, query).await, (403, "TooManyResults".to_owned()), "{query}");
    }
    let unknown = city.ask("GET", "/entities?type=Sensor", &[("ngsild-tenant", "nowhere")]).await;
    assert_eq!(unknown.fault(), (404, "NonexistentTenant".to_owned()));
    let detail = city.ask("GET", "/entities?type=Sensor&q=level%3E%3E5", &[]).await.detail();
    assert!(detail.contains("position 7"), "{detail}");
}

#[tokio::test]
async fn pages_lead_on_and_back_and_hold_each_entity_once() {
    let city = city().await;
    let first = city.ask("GET", "/entities?type=Sensor&limit=4&count=true", &[]).await;
    assert_eq!((ids(&first), first.header("ngsild-results-count")), (vec![0, 1, 2, 3], "10"));
    assert_eq!(link(&first, "prev"), None);
    let second = city.ask("GET", &link(&first, "next").unwrap(), &[]).await;
    assert_eq!((ids(&second), second.header("ngsild-results-count")), (vec![4, 5, 6, 7], "10"));
    let third = city.ask("GET", &link(&second, "next").unwrap(), &[]).await;
    assert_eq!(ids(&third), [8, 9]);
    assert_eq!(link(&third, "next"), None);
    let back = city.ask("GET", &link(&third, "prev").unwrap(), &[]).await;
    assert_eq!(ids(&back), [4, 5, 6, 7]);
    assert_eq!(ids(&city.ask("GET", &link(&back, "prev").unwrap(), &[]).await), [0, 1, 2, 3]);
    assert_eq!(ids(&city.ask("GET", &link(&back, "next").unwrap(), &[]).await), [8, 9]);

    assert_eq!(find(&city, "type=Sensor&limit=3&offset=8").await, [8, 9]);
    assert_eq!(find(&city, "type=Sensor&offset=500").await, Vec::<u64>::new());
    assert_eq!(find(&city, "type=Unknown&offset=500").await, Vec::<u64>::new());
    let counted = city.ask("GET", "/entities?type=Lamp&limit=0&count=true", &[]).await;
    assert_eq!((ids(&counted).len(), counted.header("ngsild-results-count")), (0, "5"));
}

#[tokio::test]
async fn a_cursor_stays_with_its_query_and_its_context() {
    let city = city().await;
    let first = city.ask("GET", "/entities?type=Sensor&limit=2&options=keyValues", &[]).await;
    let next = link(&first, "next").unwrap();
    assert!(next.contains("options=keyValues") && next.contains("type=Sensor"), "{next}");
    assert_eq!(
        ids(&city.ask("GET", &next.replace("limit=2", "limit=5").replace("&options=keyValues", ""), &[]).await),
        [2, 3, 4, 5, 6]
    );
    assert_eq!(city.ask("GET", &next.replace("Sensor&", "Lamp&"), &[]).await.fault(), bad("BadRequestData"));
    city.web.put("https://example.org/c.jsonld", r#"{"@context":{}}"#);
    let other = "<https://example.org/c.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"";
    assert_eq!(city.ask("GET", &next, &[("link", other)]).await.fault(), bad("BadRequestData"));
}

#[tokio::test]
async fn an_entity_that_comes_or_goes_between_pages_moves_no_other() {
    let city = city().await;
    let first = city.ask("GET", "/entities?type=Sensor&limit=4", &[]).await;
    city.ask("DELETE", "/entities/urn:ngsi-ld:Sensor:1", &[]).await;
    city.ask("DELETE", "/entities/urn:ngsi-ld:Sensor:3", &[]).await;
    city.given(r#"{"id":"urn:ngsi-ld:Sensor:10","type":"Sensor"}"#).await;
    let second = city.ask("GET", &link(&first, "next").unwrap(), &[]).await;
    assert_eq!(ids(&second), [4, 5, 6, 7]);
    assert_eq!(ids(&city.ask("GET", &link(&second, "next").unwrap(), &[]).await), [8, 9, 10]);
}

#[tokio::test]
async fn entities_are_ordered_by_values_times_ids_and_distances() {
    let city = city().await;
    for (order, expected) in [
        ("level", vec![0, 3, 6, 9, 2, 5, 8, 1, 4, 7]),
        ("level;desc", vec![7, 4, 1, 8, 5, 2, 9, 6, 3, 0]),
        ("name;desc", vec![9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("address%5Bcity%5D;desc,level", vec![3, 0, 6, 9, 2, 5, 8, 1, 4, 7]),
        ("id;desc", vec![9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("createdAt;desc", vec![9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("type,level;desc", vec![7, 1, 5, 9, 3, 4, 8, 2, 6, 0]),
        ("scope,level", vec![6, 9, 5, 8, 7, 0, 3, 2, 1, 4]),
        ("location;dist-asc&orderFrom=%5B136.42,36%5D", vec![4, 5, 3, 6, 2, 7, 1, 8, 0, 9]),
        ("location;dist-desc&orderFrom=%5B136.42,36%5D", vec![9, 0, 8, 1, 7, 2, 6, 3, 5, 4]),
        ("unknown,level", vec![0, 3, 6, 9, 2, 5, 8, 1, 4, 7]),
    ] {
        let query = format!("type=Sensor&local=true&orderBy={order}");
        assert_eq!(find(&city, &query).await, expected, "{order}");
        let mut next = Some(format!("/entities?{query}&limit=3"));
        let mut paged = Vec::new();
        while let Some(path) = next {
            let reply = city.ask("GET", &path, &[]).await;
            paged.extend(ids(&reply));
            next = link(&reply, "next");
        }
        assert_eq!(paged, expected, "{order}, page by page");
    }
}

#[tokio::test]
async fn values_of_different_types_follow_each_other_as_the_standard_lists_them() {
    let city = City::new();
    let values = [
        r#"{"value":2}"#,
        r#"{"value":"b"}"#,
        r#"{"value":{"x":1}}"#,
        r#"{"value":[1,2]}"#,
        r#"{"value":true}"#,
        r#"{"value":"12:00:00Z"}"#,
        r#"{"value":"2020-01-01"}"#,
        r#"{"value":"2020-01-01T00:00:00Z"}"#,
    ];
    for (number, value) in values.iter().enumerate().rev() {
        city.given(&format!(r#"{{"id":"urn:x:{number}","type":"T","v":{value}}}"#)).await;
    }
    city.given(r#"{"id":"urn:x:8","type":"T"}"#).await;
    for direction in ["asc", "desc"] {
        let query = format!("type=T&local=true&orderBy=v;{direction}");
        assert_eq!(find(&city, &query).await, [0, 1, 2, 3, 4, 5, 6, 7, 8], "{direction}");
    }
}

#[tokio::test]
async fn what_needs_more_than_the_budget_is_refused_and_never_cut() {
    let mut config = FaceConfig::default();
    config.limits.query_documents = 5;
    config.limits.page_rows = 3;
    let city = City::with(config);
    for number in 0..6 {
        city.given(&format!(
            r#"{{"id":"urn:x:{number}","type":"T","v":{{"value":{number}}},"next":{{"object":["urn:x:{}","urn:x:{}"]}}}}"#,
            number + 1,
            number + 2
        ))
        .await;
    }
    assert_eq!(find(&city, "type=T").await, [0, 1, 2], "the size of a page is a setting");
    assert_eq!(find(&city, "type=T&local=true&orderBy=v;desc").await, [5, 4, 3]);
    let too_complex = (403, "TooComplexQuery".to_owned());
    assert_eq!(fault(&city, "type=T&local=true&orderBy=v%5Bx%5D").await, too_complex);
    assert_eq!(find(&city, "type=T&q=v%3C3&local=true&orderBy=v%5Bx%5D").await, [0, 1, 2]);
    let joined = |level: u32| format!("/entities/urn:x:0?join=inline&joinLevel={level}");
    assert_eq!(city.ask("GET", &joined(2), &[]).await.status, 200);
    assert_eq!(city.ask("GET", &joined(4), &[]).await.fault(), too_complex);
}

#[tokio::test]
async fn entities_are_shown_as_asked() {
    let city = city().await;
    let shown = city.ask("GET", "/entities?q=level==5&format=simplified&pick=id,level", &[]).await;
    assert_eq!(shown.value(), json!([{"id": "urn:ngsi-ld:Sensor:5", "level": 5}]));
    let linked = city.ask("GET", "/entities?q=level==5&pick=id", &[("accept", "application/ld+json")]).await;
    let context = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
    assert_eq!(linked.value(), json!([{"id": "urn:ngsi-ld:Sensor:5", "@context": context}]));
    let features = city
        .ask("GET", "/entities?q=level==5&attrs=level&options=keyValues", &[("accept", "application/geo+json")])
        .await;
    assert_eq!(
        features.value(),
        json!({"type": "FeatureCollection", "@context": context, "features": [{"id": "urn:ngsi-ld:Sensor:5", "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [136.5, 36]},
            "properties": {"type": "Sensor", "scope": "/east", "level": 5}}]})
    );
    let none =
        city.ask("GET", "/entities?type=Unknown", &[("accept", "application/geo+json"), ("prefer", "body=json")]).await;
    assert_eq!(none.value(), json!({"type": "FeatureCollection", "features": []}));
    let old = city.ask("GET", "/entities?q=level==5&pick=scope,type", &[("prefer", "ngsi-ld=1.3")]).await;
    assert_eq!((old.status.as_u16(), old.value()), (203, json!([{"type": "Sensor"}])));
}

#[tokio::test]
async fn terms_in_values_are_expanded_where_that_is_asked_for() {
    let city = City::new();
    city.web.put("https://example.org/c.jsonld", r#"{"@context":{"Male":"https://example.org/Male"}}"#);
    let link = ("link", "<https://example.org/c.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    let created =
        city.json("POST", "/entities", &[link], r#"{"id":"urn:x:1","type":"Person","gender":{"vocab":"Male"}}"#).await;
    assert_eq!(created.status, 201, "{}", created.text());
    for (query, expected) in [
        ("q=gender==Male&expandValues=gender", vec![1]),
        ("q=gender==%22https://example.org/Male%22", vec![1]),
        ("q=gender==%22Male%22", vec![]),
        ("q=gender==%22Male%22&expandValues=gender&jsonKeys=gender", vec![]),
    ] {
        let reply = city.ask("GET", &format!("/entities?{query}"), &[link]).await;
        assert_eq!(ids(&reply), expected, "{query}");
    }
}

async fn post(city: &City, path: &str, body: &Value) -> Reply {
    city.json("POST", &format!("/entityOperations/query{path}"), &[], &body.to_string()).await
}

#[tokio::test]
async fn a_query_may_stand_in_a_body() {
    let city = city().await;
    for (body, expected) in [
        (json!({"entities": [{"type": "Lamp"}], "q": "level>4"}), vec![4, 8]),
        (
            json!({"entities": [{"type": "Lamp", "id": "urn:ngsi-ld:Sensor:2"}, {"type": "Sensor", "idPattern": "[35]$"}]}),
            vec![2, 3, 5],
        ),
        (
            json!({"entities": [{"type": "Sensor", "id": ["urn:ngsi-ld:Sensor:2", "urn:ngsi-ld:Sensor:7"], "idPattern": "9$"}]}),
            vec![2, 7],
        ),
        (
            json!({"geoQ": {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [136.4, 36]}}),
            vec![4],
        ),
        (
            json!({"geoQ": {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": "[136.4,36]"}}),
            vec![4],
        ),
        (json!({"attrs": ["level"], "scopeQ": "/east", "q": "level<4"}), vec![6, 9]),
        (json!({"entities": [{"type": "*"}], "q": "level==3"}), vec![9]),
        (json!({"entities": [{"type": "*"}], "q": "level<3", "ordering": {"orderBy": ["level;desc"]}}), vec![6, 3, 0]),
        (
            json!({"entities": [{"type": "*"}], "q": "level<3", "ordering": {"orderBy": ["location;dist-asc"], "coordinates": [136.7, 36]}}),
            vec![6, 3, 0],
        ),
    ] {
        let mut body = body;
        body["type"] = json!("Query");
        assert_eq!(ids(&post(&city, "", &body).await), expected, "{body}");
    }
}

#[tokio::test]
async fn the_body_says_how_entities_are_shown_and_the_url_which_page() {
    let city = city().await;
    let body = json!({"type": "Query", "entities": [{"type": "Sensor"}], "pick": ["id", "level"]});
    let first = post(&city, "?limit=2&count=true&format=simplified", &body).await;
    assert_eq!(
        first.value(),
        json!([{"id": "urn:ngsi-ld:Sensor:0", "level": 0}, {"id": "urn:ngsi-ld:Sensor:1", "level": 7}])
    );
    assert_eq!(first.header("ngsild-results-count"), "10");
    let next = link(&first, "next").unwrap();
    let second = city.json("POST", &next, &[], &body.to_string()).await;
    assert_eq!(ids(&second), [2, 3]);
    let other = json!({"type": "Query", "entities": [{"type": "Lamp"}]});
    assert_eq!(city.json("POST", &next, &[], &other.to_string()).await.fault(), bad("BadRequestData"));
    let inline = r#"{"type":"Query","@context":{"height":"https://uri.etsi.org/ngsi-ld/default-context/level"},"q":"height==5","pick":["height"]}"#;
    let reply = city.json("POST", "/entityOperations/query", &[("content-type", "application/ld+json")], inline).await;
    assert_eq!(reply.value(), json!([{"height": {"type": "Property", "value": 5, "unitCode": "P1"}}]));
    let context = reply.header("link").split('>').next().unwrap().strip_prefix("</ngsi-ld/v1").unwrap().to_owned();
    assert_eq!(city.ask("GET", &context, &[]).await.status, 200, "the inline context was given an address: {context}");
}

#[tokio::test]
async fn a_body_that_is_no_query_is_refused() {
    let city = city().await;
    for body in [
        json!([]),
        json!({"entities": [{"type": "Sensor"}]}),
        json!({"type": "Query"}),
        json!({"type": "Query", "entities": []}),
        json!({"type": "Query", "entities": [{"id": "urn:x:1"}]}),
        json!({"type": "Query", "entities": [{"type": "Sensor", "ids": "urn:x:1"}]}),
        json!({"type": "Query", "entities": [{"type": 5}]}),
        json!({"type": "Query", "entities": [{"type": "Sensor", "id": "5"}]}),
        json!({"type": "Query", "attrs": []}),
        json!({"type": "Query", "attrs": ["level"], "temporalQ": {}}),
        json!({"type": "Query", "attrs": ["level"], "joinLevel": "1"}),
        json!({"type": "Query", "attrs": ["level"], "geoQ": "near"}),
        json!({"type": "Query", "attrs": ["level"], "ordering": {"orderBy": ["location;dist-asc"]}}),
        json!({"type": "Query", "q": 5}),
    ] {
        assert_eq!(post(&city, "", &body).await.fault(), bad("BadRequestData"), "{body}");
    }
    let body = json!({"type": "Query", "attrs": ["level"]});
    assert_eq!(post(&city, "?q=level", &body).await.fault(), bad("InvalidRequest"));
    assert_eq!(city.json("POST", "/entityOperations/query", &[("content-type", "text/plain")], "{}").await.status, 415);
}
