//! Tiles of the map (`/machi/v1/tiles`): what is in one, when it is another one, and what is refused. What others read
//! in tiles is told by the decoder mapbox-vector-tile; here an id in a tile's bytes says that its entity is shown.

use crate::kit::*;
use crate::python::program;

/// The tile of zoom 16 in which 137.5, 34.3 lies.
const HERE: &str = "/machi/v1/tiles/T/16/57799/26113";
const THERE: &str = "/machi/v1/tiles/T/16/57835/26113";

fn here(name: &str, rest: Value) -> Value {
    let mut rest = rest;
    rest["location"] = point(137.5, 34.3);
    t(name, rest)
}

/// The short names of the entities in a tile.
#[track_caller]
fn shown(tenant: &Client, path: &str) -> String {
    let answer = tenant.get(path).send().expect_status(200);
    assert_eq!(answer.expect_header("content-type"), "application/vnd.mapbox-vector-tile");
    assert_eq!(answer.expect_header("cache-control"), "no-cache");
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let names = text.split("urn:ngsi-ld:T:").skip(1);
    let mut names: Vec<String> =
        names.map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect()).collect();
    names.sort();
    names.join(" ")
}

/// Expects a problem of our own face (RFC 9457), and gives its detail.
#[track_caller]
fn refused(answer: &Answer, problem: &str) -> String {
    assert_eq!((answer.status, answer.media_type().as_str()), (400, "application/problem+json"), "{answer:?}");
    let told = answer.json();
    assert_eq!(told["type"], error_type(problem), "{answer:?}");
    told["detail"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_tiles_that_another_decoder_reads_hold_what_queries_find() {
    let Some(python) = python_with(&["mapbox_vector_tile"]) else { return };
    let ran = program(&python, "tiles.py").arg(city().url()).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}{}", said(&ran.stdout), said(&ran.stderr));
}

#[test]
fn a_tile_is_another_one_when_what_it_shows_changes_and_only_then() {
    let tenant = tenant_with([
        &here("a", json!({"level": property(1), "other": property(1)})),
        &t("b", json!({"location": point(137.7, 34.3)})),
    ]);
    let path = format!("{HERE}?attrs=level");
    let etag = || tenant.get(&path).send().expect_status(200).expect_header("etag").to_owned();
    let patch = |name: &str, body: Value| {
        tenant.patch(&format!("/entities/{}/attrs", thing(name))).json(body).send().expect_status(204);
    };
    let mut last = etag();
    let mut changes = |is_new: bool, what: &str| {
        let status = tenant.get(&path).header("If-None-Match", &last).send().status;
        assert_eq!(status, if is_new { 200 } else { 304 }, "{what}");
        let now = etag();
        assert_eq!(now != last, is_new, "{what}");
        last = now;
    };
    changes(false, "nothing was done");
    patch("b", json!({"location": point(137.71, 34.3)}));
    changes(false, "an entity elsewhere has moved");
    patch("a", json!({"other": property(2)}));
    changes(false, "a value has changed that is not asked for");
    patch("a", json!({"level": property(2)}));
    changes(true, "a value has changed");
    patch("b", json!({"location": point(137.5, 34.3001)}));
    changes(true, "an entity has come in");
    patch("b", json!({"location": point(137.71, 34.3)}));
    changes(true, "an entity has gone out");
    tenant.create(&here("c", json!({})));
    changes(true, "an entity was created");
    tenant.delete(&format!("/entities/{}", thing("c"))).send().expect_status(204);
    changes(true, "an entity was deleted");
}

#[test]
fn entities_are_where_they_are_now_and_meet_the_conditions() {
    let tenant = tenant_with([
        &here("a", json!({"level": property(1), "scope": "/ward/w1"})),
        &here("b", json!({"level": property(2), "station": point(137.7, 34.3)})),
        &t("nowhere", json!({"level": property(2)})),
        &entity("urn:ngsi-ld:Other:1", "Other", json!({"location": point(137.5, 34.3)})),
    ]);
    assert_eq!(shown(&tenant, HERE), "a b");
    assert_eq!(shown(&tenant, THERE), "");
    assert_eq!(shown(&tenant, &format!("{HERE}?q=level%3E1")), "b");
    assert_eq!(shown(&tenant, &format!("{HERE}?scopeQ=/ward/%23")), "a");
    assert_eq!(shown(&tenant, &format!("{THERE}?geoproperty=station")), "b");
    assert_eq!(shown(&tenant, &format!("{HERE}?geoproperty=unheardOf")), "");
    tenant
        .patch("/entities/urn:ngsi-ld:T:a/attrs")
        .json(json!({"location": point(137.7, 34.3)}))
        .send()
        .expect_status(204);
    assert_eq!((shown(&tenant, HERE).as_str(), shown(&tenant, THERE).as_str()), ("b", "a"));
    let neighbour = tenant_with([&here("n", json!({}))]);
    assert_eq!((shown(&neighbour, HERE).as_str(), shown(&tenant, HERE).as_str()), ("n", "b"));
    let stranger = city().tenant("nobody-knows-it").get(HERE).send().expect_status(404);
    assert_eq!(stranger.json()["type"], error_type("NonexistentTenant"));
}

#[test]
fn a_tile_json_tells_where_the_tiles_are() {
    let tenant = tenant_with([&here("a", json!({})), &t("b", json!({"location": point(137.25, 34.5)}))]);
    let answer = tenant.get("/machi/v1/tiles/T?attrs=level,name&lang=ja").send().expect_status(200);
    let told = answer.json();
    let url = format!("{}/machi/v1/tiles/T/{{z}}/{{x}}/{{y}}?attrs=level,name&lang=ja", city().url());
    assert_eq!((&told["tilejson"], &told["tiles"]), (&json!("3.0.0"), &json!([url])));
    assert_eq!((&told["minzoom"], &told["maxzoom"]), (&json!(0), &json!(16)));
    assert_eq!(told["bounds"], json!([137.25, 34.3, 137.5, 34.5]));
    let layers: Vec<&Value> = told["vector_layers"].as_array().unwrap().iter().collect();
    assert_eq!((&layers[0]["id"], &layers[1]["id"]), (&json!("entities"), &json!("clusters")));
    let fields: Vec<&String> = layers[0]["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["id", "level", "name"]);
    assert_eq!(tenant.get("/machi/v1/tiles/Unheard").send().expect_status(200).json().get("bounds"), None);
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let tenant = tenant_with([&here("a", json!({}))]);
    let cases = [
        ("/machi/v1/tiles/T/23/0/0", "BadRequestData", "no tile 23/0/0"),
        ("/machi/v1/tiles/T/1/2/0", "BadRequestData", "no tile 1/2/0"),
        ("/machi/v1/tiles/T/1/-1/0", "BadRequestData", "no tile 1/-1/0"),
        ("/machi/v1/tiles/T/1/0/+1", "BadRequestData", "no tile"),
        ("/machi/v1/tiles/T/1/0/99999999999", "BadRequestData", "no tile"),
        ("/machi/v1/tiles/T/x/0/0.mvt", "BadRequestData", "no tile x/0/0.mvt"),
        ("/machi/v1/tiles/T/1/0/0?zoom=1", "InvalidRequest", "\"zoom\""),
        ("/machi/v1/tiles/T/1/0/0?q=level%3E", "BadRequestData", "q: expected a number"),
        ("/machi/v1/tiles/T/1/0/0?scopeQ=ward", "BadRequestData", "scopeQ"),
        ("/machi/v1/tiles/T/1/0/0?attrs=id", "BadRequestData", "\"id\" is no attribute"),
        ("/machi/v1/tiles/T/1/0/0?attrs=createdAt", "BadRequestData", "\"createdAt\" is no attribute"),
        ("/machi/v1/tiles/T/1/0/0?lang=e%20n", "BadRequestData", "lang"),
        ("/machi/v1/tiles/T/1/0/0?geoproperty=a%20b", "BadRequestData", "geoproperty: \"a b\" is no name"),
        ("/machi/v1/tiles/a%20b/1/0/0", "BadRequestData", "type: \"a b\" is no name"),
        ("/machi/v1/tiles/T?zoom=1", "InvalidRequest", "\"zoom\""),
    ];
    each(cases.map(|case| (case.0, case)), |(path, problem, words)| {
        let detail = refused(&tenant.get(path).send(), problem);
        assert!(detail.contains(words), "{detail}");
        let japanese = refused(&tenant.get(path).header("Accept-Language", "ja").send(), problem);
        assert!(japanese.chars().any(|c| ('ぁ'..='ん').contains(&c)), "{japanese}");
    });
    let many: Vec<String> = (0..51).map(|n| format!("a{n}")).collect();
    let detail = refused(&tenant.get(&format!("{HERE}?attrs={}", many.join(","))).send(), "BadRequestData");
    assert!(detail.contains("at most 50"), "{detail}");
}
