//! What fragments may not make of an attribute (§5.4): each is refused, and nothing is changed.

use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x";

fn kinds() -> Value {
    t(
        "x",
        json!({
            "p": {"type": "Property", "value": 1, "unitCode": "CEL"},
            "r": relationship("urn:ngsi-ld:P:1"),
            "l": {"type": "LanguageProperty", "languageMap": {"en": "car"}},
            "v": {"type": "VocabProperty", "vocab": "busy"},
            "j": {"type": "JsonProperty", "json": {"a": 1}},
            "lr": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:P:1"}]},
        }),
    )
}

/// Expects that a request leaves the entity as it was, and gives the detail.
#[track_caller]
fn unchanged(tenant: &Client, request: Request) -> String {
    let detail = request.send().problem("BadRequestData");
    assert_eq!(tenant.retrieve(&thing("x")), kinds());
    detail
}

// §4.5.3.2: A member that attributes of the target's kind never have is refused in a fragment that tells no kind.
#[test]
fn members_of_another_kind_are_prohibited_in_fragments() {
    let tenant = tenant_with([&kinds()]);
    let cases = [
        ("r", json!({"unitCode": "CEL"}), "unitCode"),
        ("r", json!({"valueType": "xsd:int"}), "valueType"),
        ("lr", json!({"unitCode": "CEL"}), "unitCode"),
        ("p", json!({"objectType": "Person"}), "objectType"),
        ("l", json!({"unitCode": "CEL"}), "unitCode"),
        ("l", json!({"valueType": "xsd:int"}), "valueType"),
        ("v", json!({"unitCode": "CEL"}), "unitCode"),
        ("j", json!({"unitCode": "CEL"}), "unitCode"),
        ("p", json!({"entityIdSealed": "urn:ngsi-ld:P:1"}), "entityIdSealed"),
    ];
    each(cases.map(|case| (format!("{} {}", case.0, case.1), case)), |(name, fragment, member)| {
        let partial = tenant.patch(&format!("{PATH}/attrs/{name}")).json(fragment.clone());
        let detail = unchanged(&tenant, partial);
        assert!(detail.contains(member), "{detail}");
        if member == "entityIdSealed" {
            return;
        }
        let detail = unchanged(&tenant, tenant.patch(PATH).json(json!({name: fragment})));
        assert!(detail.contains(member), "{detail}");
    });
}

// §6.5.3.4: With format=simplified no attribute becomes one of another type; the attempt is refused.
#[test]
fn a_simplified_merge_changes_no_types() {
    let tenant = tenant_with([&kinds()]);
    let cases = [
        json!({"r": property(1)}),
        json!({"p": relationship("urn:ngsi-ld:P:2")}),
        json!({"p": {"languageMap": {"en": "x"}}}),
        json!({"j": {"vocab": "busy"}}),
        json!({"l": {"type": "Property"}}),
    ];
    each(cases.map(|case| (case.to_string(), case)), |fragment| {
        for way in [("format", "simplified"), ("options", "keyValues")] {
            unchanged(&tenant, tenant.patch(PATH).query(&[way]).json(fragment.clone()));
        }
    });
    tenant.patch(PATH).json(json!({"r": property(1)})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["r"], property(1), "otherwise a merge may change a type");
}

// §4.5.18.2: What lang names becomes a key of the languageMap, and so must be a language tag or @none.
#[test]
fn the_language_of_a_merge_is_a_language_tag() {
    let tenant = tenant_with([&kinds()]);
    each(["", "*", "no tag", "fr,en", "fr;q=1", "1a"].map(|lang| (format!("{lang:?}"), lang)), |lang| {
        unchanged(&tenant, tenant.patch(PATH).query(&[("lang", lang)]).json(json!({"l": "auto"})));
    });
    for lang in ["pt-BR", "@none"] {
        tenant.patch(PATH).query(&[("lang", lang)]).json(json!({"l": "auto"})).send().expect_empty(204);
    }
    let expected = json!({"en": "car", "pt-BR": "auto", "@none": "auto"});
    assert_eq!(tenant.retrieve(&thing("x"))["l"]["languageMap"], expected);
}
