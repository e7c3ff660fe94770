//! Ordering of entities (§4.23).

use crate::kit::*;

#[track_caller]
fn ordered(tenant: &Client, order: &[(&str, &str)], names: &str) {
    let query: Vec<_> = [("type", "T"), ("local", "true")].into_iter().chain(order.iter().copied()).collect();
    lists(tenant, &query, names);
}

fn people() -> Client {
    let person =
        |name: &str, family: &str, age: i64| t(name, json!({"family": property(family), "age": property(age)}));
    tenant_with([
        &person("d", "Sato", 30),
        &person("b", "Abe", 20),
        &person("a", "Abe", 40),
        &person("c", "sasaki", 100),
        &t("e", json!({"address": property(json!({"city": "Kyoto"}))})),
    ])
}

// §4.23.3: Ascending is the default; several keys are applied one after the other; id and type are keys too.
// §4.23.2: Where the attribute does not exist, the entity comes last.
#[test]
fn entities_are_ordered_by_values() {
    let tenant = people();
    let cases = [
        ("age", "b d a c e"),
        ("age;asc", "b d a c e"),
        ("age;desc,id", "c a d b e"),
        ("family,age", "b a c d e"),
        ("family,age;desc", "a b c d e"),
        ("id", "a b c d e"),
        ("id;desc", "e d c b a"),
        ("type,id;desc", "e d c b a"),
        ("address[city],id", "e a b c d"),
    ];
    each(cases.map(|case| (case.0, case)), |(order, names)| {
        ordered(&tenant, &[("orderBy", order)], names);
    });
}

// §4.23.1: Strings are ordered by the ICU root collation: letters before case.
#[test]
fn strings_are_ordered_as_people_order_them() {
    let words = ["apple", "Banana", "cherry", "Cherry", "éclair", "zoo", "あさ", "街"];
    let all: Vec<Value> =
        words.iter().enumerate().rev().map(|(i, word)| t(&format!("w{i}"), json!({"word": property(*word)}))).collect();
    ordered(&tenant_with(&all), &[("orderBy", "word")], "w0 w1 w2 w3 w4 w5 w6 w7");
}

// §4.23.3: A collation may be chosen; what is none is refused.
#[test]
fn a_collation_may_be_chosen() {
    let tenant = people();
    ordered(&tenant, &[("orderBy", "family,id"), ("collation", "und")], "a b c d e");
    let query = [("type", "T"), ("local", "true"), ("orderBy", "family"), ("collation", "not a collation!")];
    refuses(&tenant, &query, "BadRequestData");
}

// §4.23.2: Values of different types come as numbers, strings, objects, arrays, booleans, times, dates, date-times.
#[test]
fn values_of_different_types_have_an_order() {
    let values = [
        json!(5),
        json!("text"),
        json!({"a": 1}),
        json!([1]),
        json!(true),
        json!("10:00:00Z"),
        json!("2024-01-01"),
        json!("2024-01-01T00:00:00Z"),
    ];
    let mut all: Vec<Value> = values
        .iter()
        .enumerate()
        .map(|(i, value)| t(&format!("v{i}"), json!({"x": property(value.clone())})))
        .collect();
    all.push(t("v8", json!({})));
    all.reverse();
    ordered(&tenant_with(&all), &[("orderBy", "x")], "v0 v1 v2 v3 v4 v5 v6 v7 v8");
}

// §4.23.3: Sub-attributes and system attributes are keys; date-times are ordered as instants.
// §4.23.1: A Relationship is ordered by its object.
#[test]
fn paths_instants_and_relationships_are_keys() {
    let at = |name: &str, time: &str, owner: &str| {
        t(name, json!({"x": {"type": "Property", "value": 1, "observedAt": time}, "owner": relationship(owner)}))
    };
    let tenant = tenant_with([
        &at("late", "2024-01-01T00:00:00.5Z", "urn:ngsi-ld:P:a"),
        &at("early", "2024-01-01T00:00:00Z", "urn:ngsi-ld:P:c"),
        &at("last", "2024-01-01T00:00:01Z", "urn:ngsi-ld:P:b"),
    ]);
    ordered(&tenant, &[("orderBy", "x.observedAt")], "early late last");
    ordered(&tenant, &[("orderBy", "owner")], "late last early");
    ordered(&tenant, &[("orderBy", "createdAt")], "late early last");
    ordered(&tenant, &[("orderBy", "modifiedAt;desc")], "last early late");
}

// §4.23.3: dist-asc and dist-desc order by the distance from orderFrom, a point unless orderGeometry says otherwise.
// §4.23.2: Entities without the GeoProperty come last.
#[test]
fn entities_are_ordered_by_distance() {
    let tenant = tenant_with([
        &t("osaka", json!({"location": point(135.5, 34.7)})),
        &t("none", json!({})),
        &t("tokyo", json!({"location": point(139.7, 35.7)})),
        &t("nagoya", json!({"location": point(136.9, 35.2)})),
    ]);
    let from = ("orderFrom", "[139.7,35.7]");
    ordered(&tenant, &[("orderBy", "location;dist-asc"), from], "tokyo nagoya osaka none");
    ordered(&tenant, &[("orderBy", "location;dist-desc"), from], "osaka nagoya tokyo none");
    let line = [
        ("orderBy", "location;dist-asc"),
        ("orderFrom", "[[135.5,34.7],[135.6,34.8]]"),
        ("orderGeometry", "LineString"),
    ];
    ordered(&tenant, &line, "osaka nagoya tokyo none");
}

// §5.7.2.4: Order by distance needs a place; a malformed place or order is refused with BadRequestData.
#[test]
fn malformed_orders_are_refused() {
    let tenant = people();
    let cases: [&[(&str, &str)]; 8] = [
        &[("orderBy", "location;dist-asc")],
        &[("orderBy", "location;dist-asc"), ("orderFrom", "here")],
        &[("orderBy", "location;dist-asc"), ("orderFrom", "[1]")],
        &[("orderBy", "location;dist-asc"), ("orderFrom", "[1,2]"), ("orderGeometry", "Circle")],
        &[("orderBy", "")],
        &[("orderBy", "age;up")],
        &[("orderBy", "age,,family")],
        &[("orderBy", "age[")],
    ];
    each(cases.map(|order| (format!("{order:?}"), order)), |order| {
        let query: Vec<_> = [("type", "T"), ("local", "true")].into_iter().chain(order.iter().copied()).collect();
        refuses(&tenant, &query, "BadRequestData");
    });
}

// §5.7.2.4: Ordering is for what is held here: explicitly, by type=*, or as nobody else is asked anyway.
// §5.7.2.4: Ordering together with local=false is refused.
#[test]
fn an_order_is_for_local_scope() {
    let tenant = people();
    for scope in [&[("type", "T"), ("local", "true")][..], &[("type", "*")], &[("type", "T")]] {
        let query: Vec<_> = scope.iter().copied().chain([("orderBy", "id;desc")]).collect();
        lists(&tenant, &query, "e d c b a");
    }
    refuses(&tenant, &[("type", "T"), ("local", "false"), ("orderBy", "age")], "BadRequestData");
}
