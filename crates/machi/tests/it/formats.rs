//! Representations of entities: simplified, GeoJSON, one language (§4.5.4, §4.5.16, §4.5.17, §4.15, §6.3.7).

use crate::kit::*;

const OTHER: &str = "urn:ngsi-ld:Dataset:1";

fn everything() -> Value {
    let at = |value: Value, dataset: &str| json!({"type": "Property", "value": value, "datasetId": dataset});
    t(
        "all",
        json!({
            "number": {"type": "Property", "value": 5, "unitCode": "CEL", "quality": property(1)},
            "names": [property("David"), at(json!("Ziggy"), OTHER)],
            "location": point(139.7, 35.6),
            "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}},
            "tickets": {"type": "JsonProperty", "json": {"id": "85a6", "value": "Overstay"}},
            "gender": {"type": "VocabProperty", "vocab": "Male"},
            "owner": relationship("urn:ngsi-ld:P:1"),
            "devices": {"type": "Relationship", "object": ["urn:ngsi-ld:D:1", "urn:ngsi-ld:D:2"]},
            "periods": {"type": "ListProperty", "valueList": ["First", "Second"]},
            "route": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:S:2"}, {"object": "urn:ngsi-ld:S:1"}]},
            "providers": [relationship("urn:ngsi-ld:P:1"), {"type": "Relationship", "object": "urn:ngsi-ld:P:2", "datasetId": OTHER}],
        }),
    )
}

fn simplified() -> Value {
    t(
        "all",
        json!({
            "number": 5,
            "names": {"dataset": {"@none": "David", OTHER: "Ziggy"}},
            "location": {"type": "Point", "coordinates": [139.7, 35.6]},
            "says": {"languageMap": {"en": "yes", "fr": "oui"}},
            "tickets": {"json": {"id": "85a6", "value": "Overstay"}},
            "gender": {"vocab": "Male"},
            "owner": "urn:ngsi-ld:P:1",
            "devices": ["urn:ngsi-ld:D:1", "urn:ngsi-ld:D:2"],
            "periods": ["First", "Second"],
            "route": ["urn:ngsi-ld:S:2", "urn:ngsi-ld:S:1"],
            "providers": {"dataset": {"@none": "urn:ngsi-ld:P:1", OTHER: "urn:ngsi-ld:P:2"}},
        }),
    )
}

const PATH: &str = "/entities/urn:ngsi-ld:T:all";

// §4.5.4: The simplified representation gives each attribute by its value alone, several instances by dataset.
// §6.3.7: format chooses the representation, keyValues is a synonym of simplified, options is the older way.
#[test]
fn the_simplified_representation_gives_values_alone() {
    let tenant = tenant_with([&everything()]);
    let ways = [("format", "simplified"), ("format", "keyValues"), ("options", "simplified"), ("options", "keyValues")];
    each(ways.map(|way| (format!("{}={}", way.0, way.1), way)), |way| {
        assert_eq!(tenant.retrieve_with(&thing("all"), &[way]), simplified());
        assert_eq!(tenant.find(&[("type", "T"), way]), json!([simplified()]));
    });
}

// §6.3.7: Where format and options disagree, format counts; other words of options still do.
#[test]
fn format_counts_before_options() {
    let tenant = tenant_with([&everything()]);
    let both = [("format", "simplified"), ("options", "concise")];
    assert_eq!(tenant.retrieve_with(&thing("all"), &both), simplified());
    let normalized = tenant.retrieve_with(&thing("all"), &[("format", "normalized"), ("options", "keyValues")]);
    assert_eq!(normalized["owner"], relationship("urn:ngsi-ld:P:1"));
    let with_times = tenant.retrieve_with(&thing("all"), &[("options", "concise,sysAttrs")]);
    assert!(with_times["owner"]["createdAt"].is_string() && with_times["owner"].get("type").is_none(), "{with_times}");
}

// §6.3.20: An unknown format or option is refused with InvalidRequest.
#[test]
fn unknown_formats_and_options_are_refused() {
    let tenant = tenant_with([&everything()]);
    for parameter in [("format", "xml"), ("options", "xml"), ("options", "keyValues,xml"), ("format", "")] {
        tenant.get(PATH).query(&[parameter]).send().problem("InvalidRequest");
        refuses(&tenant, &[("type", "T"), parameter], "InvalidRequest");
    }
}

// §5.2.29: As GeoJSON an entity is a Feature with id, geometry and its type and attributes as properties.
// §6.3.6: A Feature holds the @context unless Prefer asks for body=json; then a Link names it.
// §4.5.16.2: An entity as GeoJSON is one Feature: id, type, geometry, and type and attributes as properties.
// §5.2.31: The properties of a Feature are the type and the attributes in their representation.
// §6.3.15: Accept of application/geo+json asks for GeoJSON where an entity is retrieved.
#[test]
fn an_entity_is_given_as_a_geojson_feature() {
    let tenant = tenant_with([&everything()]);
    let get = || tenant.get(PATH).accept("application/geo+json");
    let answer = get().send().expect_status(200);
    let feature = answer.json();
    assert_eq!(answer.media_type(), "application/geo+json");
    assert_eq!((&feature["type"], &feature["id"]), (&json!("Feature"), &json!(thing("all"))));
    assert_eq!(feature["geometry"], json!({"type": "Point", "coordinates": [139.7, 35.6]}));
    assert_eq!(feature["properties"]["type"], "T");
    assert_eq!(feature["properties"]["owner"], relationship("urn:ngsi-ld:P:1"));
    assert_eq!(feature["properties"]["location"], point(139.7, 35.6));
    assert!(feature["@context"].to_string().contains("ngsi-ld-core-context"), "{feature}");
    for prefer in ["body=ld+json", "body=json"] {
        let answer = get().header("Prefer", prefer).send().expect_status(200);
        let inside = answer.json().get("@context").is_some();
        assert_eq!((inside, answer.context_link().is_some()), (prefer == "body=ld+json", prefer == "body=json"));
    }
}

// §5.2.30: As GeoJSON a list is a FeatureCollection of Features, with one @context.
// §4.5.16.3: Entities as GeoJSON are one FeatureCollection; no Feature in it has an @context.
// §6.3.15: Accept of application/geo+json asks for GeoJSON where entities are queried.
#[test]
fn a_list_is_given_as_a_feature_collection() {
    let tenant = tenant_with([&everything(), &t("other", json!({}))]);
    let answer =
        tenant.get("/entities").query(&[("type", "T")]).accept("application/geo+json").send().expect_status(200);
    let collection = answer.json();
    assert_eq!(collection["type"], "FeatureCollection");
    assert_eq!(sorted(&json!(ids(&collection["features"]))), ["all", "other"].map(thing));
    assert!(collection["@context"].to_string().contains("ngsi-ld-core-context"), "{collection}");
    assert_eq!(collection["features"][0].get("@context"), None);
    let none = tenant.get("/entities").query(&[("type", "None")]).accept("application/geo+json").send();
    assert_eq!(none.expect_status(200).json()["features"], json!([]));
}

// §4.5.16.1: geometryProperty names the geometry, location is the default; without one geometry is null.
// §4.5.16.1: Of several instances the default one gives the geometry, or the one that datasetId chooses.
#[test]
fn the_geometry_of_a_feature_is_chosen() {
    let there = json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [3, 4]}, "datasetId": OTHER});
    let here = json!({"type": "Point", "coordinates": [1, 2]});
    let tenant = tenant_with([
        &t(
            "a",
            json!({"location": [geo(here.clone()), there], "hall": geo(json!({"type": "Point", "coordinates": [5, 6]}))}),
        ),
        &t("b", json!({"hall": property("Tokyo")})),
    ]);
    let geometry = |name: &str, query: &[(&str, &str)]| {
        let request = tenant.get(&format!("/entities/{}", thing(name))).query(query).accept("application/geo+json");
        request.send().expect_status(200).json()["geometry"].clone()
    };
    assert_eq!(geometry("a", &[]), here);
    assert_eq!(geometry("a", &[("datasetId", OTHER)])["coordinates"], json!([3, 4]));
    assert_eq!(geometry("a", &[("geometryProperty", "hall")])["coordinates"], json!([5, 6]));
    assert_eq!(geometry("a", &[("geometryProperty", "nothing")]), json!(null));
    assert_eq!(geometry("b", &[]), json!(null));
    assert_eq!(geometry("b", &[("geometryProperty", "hall")]), json!(null));
}

// §4.5.17.1: In simplified GeoJSON the properties are given by their values alone.
// §4.5.17.2: Simplified Features also make up a FeatureCollection.
#[test]
fn simplified_geojson_gives_values_alone() {
    let tenant = tenant_with([&everything()]);
    let answer = tenant.get(PATH).query(&[("format", "simplified")]).accept("application/geo+json").send();
    let feature = answer.expect_status(200).json();
    let mut expected = simplified();
    expected.as_object_mut().expect("an object").remove("id");
    assert_eq!(feature["properties"], expected);
    assert_eq!(feature["geometry"]["type"], "Point");
    let list = tenant.get("/entities").query(&[("type", "T"), ("format", "simplified")]).accept("application/geo+json");
    let list = list.send().expect_status(200).json();
    assert_eq!(list["type"], "FeatureCollection");
    assert_eq!(list["features"][0]["properties"], expected);
}

// §4.15: lang turns a LanguageProperty into a Property of one language and says which.
// §4.15: Languages are ranked by q, ranges match as in RFC 4647, and * takes any.
#[test]
fn one_language_is_chosen() {
    let greeting = json!({"type": "LanguageProperty", "languageMap": {"en": "hello", "fr-CH": "salut", "ja": "今日は", "@none": "hi"}});
    let tenant = tenant_with([&t("x", json!({"says": greeting}))]);
    let cases = [
        ("en", "hello", "en"),
        ("ja", "今日は", "ja"),
        ("JA", "今日は", "ja"),
        ("fr-CH,fr", "salut", "fr-CH"),
        ("de,ja;q=0.5", "今日は", "ja"),
        ("en;q=0.3,ja;q=0.9", "今日は", "ja"),
        ("de,*;q=0.1", "hi", "@none"),
        ("de", "hi", "@none"),
    ];
    each(cases.map(|case| (case.0, case)), |(lang, text, chosen)| {
        let says = tenant.retrieve_with(&thing("x"), &[("lang", lang)])["says"].clone();
        assert_eq!(says, json!({"type": "Property", "value": text, "lang": chosen}));
        let found = tenant.find(&[("type", "T"), ("lang", lang), ("format", "simplified")]);
        assert_eq!(found[0]["says"], text);
    });
    let any = tenant.retrieve_with(&thing("x"), &[("lang", "*")])["says"].clone();
    assert!(any["type"] == "Property" && any["lang"].is_string() && any.get("languageMap").is_none(), "{any}");
}

// §4.22: Entities and attributes whose expiresAt has passed are not given any more.
// §6.3.11: expiresAt is given with the system attributes only.
#[test]
fn what_has_expired_is_not_given() {
    let soon = in_seconds(2);
    let later = in_seconds(3600);
    let brief = |value: i64| json!({"type": "Property", "value": value, "expiresAt": soon});
    let tenant = tenant_with([
        &t("gone", json!({"expiresAt": soon})),
        &t("stays", json!({"expiresAt": later, "brief": brief(1), "long": property(2)})),
    ]);
    let stays = tenant.retrieve_with(&thing("stays"), &[("options", "sysAttrs")]);
    assert!(stays["expiresAt"].is_string() && stays["brief"]["expiresAt"].is_string(), "{stays}");
    assert_eq!(tenant.retrieve(&thing("stays")).get("expiresAt"), None);
    eventually("the entity has expired", || {
        (tenant.get(&format!("/entities/{}", thing("gone"))).send().status == 404).then_some(())
    });
    eventually("the attribute has expired", || tenant.retrieve(&thing("stays")).get("brief").is_none().then_some(()));
    finds(&tenant, &[("type", "T")], "stays");
    assert_eq!(tenant.retrieve(&thing("stays"))["long"], property(2));
}
