//! Retrieve Entity (§5.7.1, §6.5.3.1).

use crate::kit::*;

const GPS: &str = "urn:ngsi-ld:Dataset:gps";

fn car() -> Value {
    json!({
        "id": thing("car"), "type": ["T", "Car"], "scope": "/Tokyo",
        "speed": [{"type": "Property", "value": 50, "unitCode": "KMH"}, {"type": "Property", "value": 52, "datasetId": GPS}],
        "brand": property("Mercedes"),
        "location": point(139.7, 35.6),
    })
}

// §6.5.3.1: An entity is answered with 200; its @context is named in a Link where the body is application/json.
// §6.3.6: The Link names a JSON-LD document by relation and type.
#[test]
fn an_entity_is_answered_as_json_with_its_context_in_a_link() {
    let tenant = tenant_with([&car()]);
    let answer = tenant.get("/entities/urn:ngsi-ld:T:car").send().expect_status(200);
    assert_eq!(answer.media_type(), "application/json");
    let link = answer.links().into_iter().find(|link| link.rel == "http://www.w3.org/ns/json-ld#context");
    let link = link.expect("a Link names the @context");
    assert!(link.target.contains("ngsi-ld-core-context"), "{answer:?}");
    assert_eq!(link.kind, "application/ld+json");
    assert_eq!(answer.json().get("@context"), None);
}

// §6.3.6: A body of application/ld+json holds the @context itself.
#[test]
fn an_entity_is_answered_as_json_ld_with_its_context_inside() {
    let tenant = tenant_with([&car()]);
    let answer = tenant.get("/entities/urn:ngsi-ld:T:car").accept("application/ld+json").send().expect_status(200);
    assert_eq!(answer.media_type(), "application/ld+json");
    assert!(answer.json()["@context"].to_string().contains("ngsi-ld-core-context"), "{answer:?}");
    assert_eq!(answer.context_link(), None);
}

// §5.5.7: Names are compacted as JSON-LD says, with a prefix where no term stands for them; and can be sent so.
#[test]
fn a_name_whose_term_means_something_else_is_told_with_a_prefix() {
    let receiver = Receiver::start();
    let terms = json!({"speed": "https://example.org/terms#speed", "ex": "https://example.org/"});
    let own = receiver.serve("/own.jsonld", json!({"@context": terms}));
    let tenant = tenant_with([&t("x", json!({"speed": property(1), "https://example.org/a-b/c": property(2)}))]);
    let (path, name) = ("/entities/urn:ngsi-ld:T:x", "ngsi-ld:default-context/speed");
    let entity = tenant.get(path).link(&own).send().expect_status(200).json();
    assert_eq!((&entity[name], &entity["ex:a-b/c"]), (&property(1), &property(2)), "{entity}");
    assert_eq!((entity.get("speed"), entity.get(full("speed"))), (None, None));
    let update = tenant.patch(&format!("{path}/attrs")).link(&own).json(json!({name: property(3)})).send();
    update.expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["speed"], property(3));
    let picked = tenant.get(path).query(&[("attrs", name)]).link(&own).send().expect_status(200).json();
    assert_eq!((&picked[name], picked.get("ex:a-b/c")), (&property(3), None));
    // Without that @context its names are whole.
    assert_eq!(tenant.retrieve(&thing("x"))["https://example.org/a-b/c"], property(2));
}

// §4.4: An @context in a body names the core last where the user's does not name it, so that any JSON-LD processor understands it.
#[test]
fn an_own_context_is_followed_by_the_core() {
    let receiver = Receiver::start();
    let own = receiver.serve("/own.jsonld", json!({"@context": {"tempo": full("speed")}}));
    let whole = receiver.serve("/whole.jsonld", json!({"@context": [own, CORE_CONTEXT]}));
    let tenant = tenant_with([&car()]);
    for kind in ["application/ld+json", "application/geo+json"] {
        for path in ["/entities/urn:ngsi-ld:T:car", "/entities?type=T", "/types/Car"] {
            let context = |url: &str| {
                let answer = tenant.get(path).link(url).accept(kind).send();
                let body = answer.json();
                body.get(0).unwrap_or(&body)["@context"].clone()
            };
            if kind == "application/geo+json" && path == "/types/Car" {
                continue;
            }
            assert_eq!(context(&own), json!([own, CORE_CONTEXT]), "{path}");
            assert_eq!(context(&whole), json!(whole), "{path}");
            assert_eq!(context(CORE_CONTEXT), json!(CORE_CONTEXT), "{path}");
        }
    }
    // What is answered means the same to whoever reads it with that @context.
    let answer = tenant.get("/entities/urn:ngsi-ld:T:car").link(&own).accept("application/ld+json").send();
    let mut copy = answer.expect_status(200).json();
    copy["id"] = json!(thing("copy"));
    tenant.post("/entities").ld(copy).send().expect_status(201);
    assert_eq!(tenant.retrieve(&thing("copy"))["speed"], car()["speed"]);
}

// §4.4: Names that the user's @context does not define lie in the vocabulary of the core, also where that @context has its own.
#[test]
fn the_vocabulary_of_the_core_is_the_last_word() {
    let receiver = Receiver::start();
    let vocab = json!({"@vocab": "http://v/", "tempo": {"@type": "@id"}});
    let own = receiver.serve("/own.jsonld", json!({"@context": vocab}));
    for (place, context) in
        [("alone", json!([vocab])), ("first", json!([vocab, CORE_CONTEXT])), ("last", json!([CORE_CONTEXT, vocab]))]
    {
        let tenant = tenant();
        let mut sent = t("v", json!({"x": property(1), "tempo": property(2)}));
        sent["@context"] = context;
        tenant.post("/entities").ld(sent).send().expect_status(201);
        let stored = tenant.retrieve(&thing("v"));
        assert_eq!((&stored["x"], &stored["http://v/tempo"]), (&property(1), &property(2)), "{place}");
        let path = format!("/entities/{}", thing("v"));
        let answer = tenant.get(&path).link(&own).accept("application/ld+json").send().expect_status(200).json();
        assert_eq!((&answer["x"], &answer["tempo"]), (&property(1), &property(2)), "{place}");
        assert_eq!(answer["@context"], json!([own, CORE_CONTEXT]), "{place}");
    }
}

// §5.7.1.4: An id that is no URI is refused with BadRequestData, an unknown one with ResourceNotFound.
#[test]
fn an_unknown_entity_is_not_found_and_a_malformed_id_is_refused() {
    let tenant = tenant_with([&car()]);
    tenant.get("/entities/urn:ngsi-ld:T:unknown").send().problem("ResourceNotFound");
    each(["car", "a%20b:c", "%7Bx%7D"].map(|id| (id, id)), |id| {
        tenant.get(&format!("/entities/{id}")).send().problem("BadRequestData");
    });
}

// §5.7.1.4: Where a type is asked for, the entity must have it.
#[test]
fn an_entity_of_another_type_is_not_found() {
    let tenant = tenant_with([&car()]);
    let path = "/entities/urn:ngsi-ld:T:car";
    each(["Car", "Bus|Car", "(T;Car)"].map(|kind| (kind, kind)), |kind| {
        tenant.get(path).query(&[("type", kind)]).send().expect_status(200);
    });
    each(["Bus", "(Bus;Car)"].map(|kind| (kind, kind)), |kind| {
        tenant.get(path).query(&[("type", kind)]).send().problem("ResourceNotFound");
    });
}

// §4.21: pick reduces an entity to the listed members, id, type and scope among them.
// §4.21: omit removes the listed members.
// §4.21: Members are listed with commas or bars.
#[test]
fn pick_and_omit_choose_members() {
    let tenant = tenant_with([&car()]);
    let cases = [
        (("pick", "brand"), "brand"),
        (("pick", "id,brand"), "brand id"),
        (("pick", "id|type|scope"), "id scope type"),
        (("pick", "brand,unknown"), "brand"),
        (("omit", "brand"), "id location scope speed type"),
        (("omit", "scope,speed|location"), "brand id type"),
        (("omit", "id,type"), "brand location scope speed"),
    ];
    each(cases.map(|case| (format!("{}={}", case.0.0, case.0.1), case)), |(parameter, expected)| {
        let entity = tenant.retrieve_with(&thing("car"), &[parameter]);
        let mut names: Vec<&str> = entity.as_object().expect("an entity").keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), expected);
    });
}

// §4.21: An entity of which pick and omit leave nothing is not found.
#[test]
fn an_entity_of_which_nothing_is_left_is_not_found() {
    let tenant = tenant_with([&car(), &entity(&thing("bare"), "T", json!({}))]);
    for (id, name, text) in [
        ("car", "pick", "unknown"),
        ("car", "omit", "id,type,scope,brand,speed,location"),
        ("bare", "pick", "scope,brand"),
    ] {
        let path = format!("/entities/{}", thing(id));
        for accept in ["application/json", "application/ld+json", "application/geo+json"] {
            let request = tenant.get(&path).query(&[(name, text)]).header("accept", accept);
            request.send().problem("ResourceNotFound");
        }
    }
    let times = tenant.retrieve_with(&thing("bare"), &[("pick", "createdAt"), ("options", "sysAttrs")]);
    assert!(times["createdAt"].is_string(), "{times}");
}

// §4.21: The same member in pick and in omit is refused, and so is attrs beside either.
#[test]
fn what_is_shown_is_told_in_one_way() {
    let tenant = tenant_with([&car()]);
    let cases: [&[(&str, &str)]; 5] = [
        &[("pick", "brand"), ("omit", "brand")],
        &[("pick", "id,brand"), ("omit", "type,id")],
        &[("pick", "brand{a,b}"), ("omit", "brand{b}"), ("join", "inline")],
        &[("pick", "brand"), ("attrs", "speed")],
        &[("omit", "brand"), ("attrs", "speed")],
    ];
    each(cases.map(|query| (format!("{query:?}"), query)), |query| {
        tenant.get("/entities/urn:ngsi-ld:T:car").query(query).send().problem("BadRequestData");
        let query: Vec<_> = query.iter().copied().chain([("type", "T")]).collect();
        refuses(&tenant, &query, "BadRequestData");
    });
    let query = [("pick", "id,brand"), ("omit", "speed")];
    assert_eq!(tenant.retrieve_with(&thing("car"), &query), json!({"id": thing("car"), "brand": property("Mercedes")}));
}

// §4.21: A malformed projection is refused.
#[test]
fn a_malformed_projection_is_refused() {
    let tenant = tenant_with([&car()]);
    each(
        ["", ",brand", "brand,,id", "brand{", "brand}", "a b", "{x}"].map(|text| (format!("{text:?}"), text)),
        |text| {
            for name in ["pick", "omit"] {
                tenant.get("/entities/urn:ngsi-ld:T:car").query(&[(name, text)]).send().problem("BadRequestData");
            }
        },
    );
}

// §5.7.1.4: attrs reduces an entity to the listed attributes; one that has none of them is not found.
#[test]
fn attrs_chooses_attributes() {
    let tenant = tenant_with([&car()]);
    let entity = tenant.retrieve_with(&thing("car"), &[("attrs", "brand,unknown")]);
    assert_eq!(entity["brand"], property("Mercedes"));
    assert_eq!((entity.get("speed"), entity.get("location")), (None, None));
    assert_eq!(entity["id"], thing("car"));
    tenant.get("/entities/urn:ngsi-ld:T:car").query(&[("attrs", "unknown")]).send().problem("ResourceNotFound");
}

// §6.5.3.1: attrs does not take id, type and scope, which are for pick.
#[test]
fn attrs_takes_attributes_only() {
    let tenant = tenant_with([&car()]);
    for attrs in ["id", "type,brand", "brand,scope"] {
        tenant.get("/entities/urn:ngsi-ld:T:car").query(&[("attrs", attrs)]).send().problem("BadRequestData");
    }
}

// §4.5.5.1: datasetId chooses instances, @none the default one; an attribute without such an instance is left out.
#[test]
fn dataset_id_chooses_instances() {
    let tenant = tenant_with([&car()]);
    let speed =
        |dataset: &str| tenant.retrieve_with(&thing("car"), &[("datasetId", dataset)])["speed"]["value"].clone();
    assert_eq!(speed(GPS), 52);
    assert_eq!(speed("@none"), 50);
    let both = tenant.retrieve_with(&thing("car"), &[("datasetId", &format!("@none,{GPS}"))]);
    assert_eq!(both["speed"].as_array().map(Vec::len), Some(2));
    let gps = tenant.retrieve_with(&thing("car"), &[("datasetId", GPS)]);
    assert_eq!(gps.get("brand"), None);
}

// §6.3.11: options=sysAttrs adds createdAt and modifiedAt to the entity and to each attribute.
#[test]
fn system_attributes_are_given_on_request() {
    let tenant = tenant_with([&car()]);
    let entity = tenant.retrieve_with(&thing("car"), &[("options", "sysAttrs")]);
    for element in [&entity, &entity["brand"], &entity["speed"][0]] {
        for member in ["createdAt", "modifiedAt"] {
            let time = element[member].as_str().unwrap_or_default();
            assert!(time.starts_with("20") && time.ends_with('Z'), "{member} in {element}");
        }
    }
    let plain = tenant.retrieve(&thing("car"));
    assert!(!plain.to_string().contains("modifiedAt"), "{plain}");
}

// §5.7.1.4: geometryProperty is for GeoJSON only.
// §5.7.1.4: A projection into linked entities needs a join.
#[test]
fn parameters_that_do_not_fit_are_refused() {
    let tenant = tenant_with([&car()]);
    let cases = [("geometryProperty", "location"), ("pick", "owner{name}"), ("omit", "owner{name}")];
    each(cases.map(|case| (case.0, case)), |parameter| {
        tenant.get("/entities/urn:ngsi-ld:T:car").query(&[parameter]).send().problem("BadRequestData");
    });
}

// §5.5.7: Terms are compacted by the @context of the request and no other; without one, IRIs are shown.
#[test]
fn names_are_compacted_by_the_context_of_the_request() {
    let receiver = Receiver::start();
    let context = receiver.serve("/c.jsonld", json!({"@context": {"tempo": full("speed"), "Auto": full("Car")}}));
    let tenant = tenant_with([&car()]);
    let answer = tenant.get("/entities/urn:ngsi-ld:T:car").link(&context).send().expect_status(200);
    let entity = answer.json();
    assert!(entity.get("tempo").is_some() && entity.get("speed").is_none(), "{answer:?}");
    assert_eq!(sorted(&entity["type"]), ["Auto", "T"]);
    assert_eq!(answer.context_link(), Some(context));
}
