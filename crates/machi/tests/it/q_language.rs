//! The query language (§4.9): operators, paths, value types, logic, and what is malformed.

use crate::kit::*;

/// Entities that differ in just what the cases below ask for.
fn things() -> Client {
    let date = |value: &str| property(value);
    let all = [
        t(
            "a",
            json!({
                "temperature": {"type": "Property", "value": 10, "unitCode": "CEL", "observedAt": "2024-01-01T00:00:00Z",
                                "quality": property(0.9), "raw": property(json!({"air": {"pm": 40}}))},
                "color": property("red"), "on": property(true), "word": property("alpha"),
                "address": property(json!({"city": "Berlin", "geo": {"zone": 3}})),
            }),
        ),
        t(
            "b",
            json!({
                "temperature": {"type": "Property", "value": 20, "observedAt": "2024-06-01T00:00:00Z"},
                "color": property("black"), "on": property(false), "word": property("beta"),
                "address": property(json!({"city": "Tokyo"})),
            }),
        ),
        t("c", json!({"temperature": property(30), "color": property(json!(["blue", "red"])), "word": property(7)})),
        t(
            "d",
            json!({"temperature": property("warm"), "brand": property("Mercedes Benz"), "note": property("a;b|(c)\"d\"")}),
        ),
        t("e", json!({"owner": {"type": "Relationship", "object": "urn:ngsi-ld:P:1", "since": property(2020)}})),
        t("f", json!({"owner": {"type": "Relationship", "object": ["urn:ngsi-ld:P:2", "urn:ngsi-ld:P:1"]}})),
        t("g", json!({"name": {"type": "LanguageProperty", "languageMap": {"en": "dog", "fr": ["chien", "toutou"]}}})),
        t(
            "h",
            json!({"temperature": [property(5), {"type": "Property", "value": 50, "datasetId": "urn:ngsi-ld:D:1"}]}),
        ),
        t("i", json!({"gender": {"type": "VocabProperty", "vocab": "Male"}})),
        t("j", json!({"tickets": {"type": "JsonProperty", "json": {"id": "85a6", "value": "Overstay"}}})),
        t(
            "k",
            json!({"route": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:S:1"}, {"object": "urn:ngsi-ld:S:2"}]}}),
        ),
        t("l", json!({"steps": {"type": "ListProperty", "valueList": [1, 2, 3]}})),
        t(
            "m",
            json!({"seen": date("2024-03-01T12:00:00Z"), "day": date("2024-02-01"), "opens": date("10:00:00Z"), "温度": property(5)}),
        ),
        t("n", json!({"seen": date("2024-03-01T12:00:00.5Z"), "day": date("2024-02-02"), "opens": date("11:30:00Z")})),
    ];
    tenant_with(&all)
}

fn check(cases: &[(&'static str, &'static str)]) {
    let tenant = things();
    each(cases.iter().map(|case| (case.0, case)), |(q, names)| {
        finds(&tenant, &[("type", "T"), ("q", q)], names);
    });
}

// §4.9: An attribute alone asks for its existence, ! for its absence.
// §4.9: == and != compare values; values of another type are unequal.
// §4.9: A list asks for any of its values, a range includes both its ends.
// §4.9: Of an array any item may be equal; != asks that none is.
// §4.9: Of several instances any may match.
#[test]
fn equality_lists_and_ranges() {
    check(&[
        ("temperature", "a b c d h"),
        ("nothing", ""),
        ("!temperature", "e f g i j k l m n"),
        ("temperature==20", "b"),
        ("temperature==20.0", "b"),
        ("temperature==50", "h"),
        ("temperature!=20", "a c d h"),
        ("temperature==\"20\"", ""),
        ("temperature==\"warm\"", "d"),
        ("temperature==10,30", "a c"),
        ("temperature!=10,30", "b d h"),
        ("temperature==10..20", "a b"),
        ("temperature!=10..20", "c d h"),
        ("color==\"red\"", "a c"),
        ("color!=\"red\"", "b"),
        ("color==\"black\",\"red\"", "a b c"),
        ("color!=\"black\",\"red\"", ""),
        ("on==true", "a"),
        ("on==false", "b"),
        ("on!=true", "b"),
        ("on==\"true\"", ""),
        ("nothing!=1", ""),
    ]);
}

// §4.9: Ordering operators compare values of one type only.
#[test]
fn ordering_operators() {
    check(&[
        ("temperature>20", "c h"),
        ("temperature>=20", "b c h"),
        ("temperature<10", "h"),
        ("temperature<=10", "a h"),
        ("temperature>\"a\"", "d"),
        ("word>=\"beta\"", "b"),
        ("temperature>-1", "a b c h"),
        ("temperature<1e2", "a b c h"),
    ]);
}

// §4.9: ~= and !~= match strings only, against a regular expression.
#[test]
fn patterns() {
    check(&[
        ("word~=^al.*", "a"),
        ("word~=\"^al.*\"", "a"),
        ("word~=\".*ph.*\"", "a"),
        ("word~=\"ph\"", "a"),
        ("word~=\"^(alpha|beta)$\"", "a b"),
        ("word!~=\"^al.*\"", "b"),
        ("word~=\"7\"", ""),
    ]);
}

// §4.9: A semicolon is and, a bar is or; and binds more tightly; parentheses, also nested ones, come first.
#[test]
fn logic() {
    check(&[
        ("temperature>=20;color==\"black\"", "b"),
        ("temperature==20|color==\"red\"", "a b c"),
        ("color==\"black\"|color==\"red\";temperature==30", "b c"),
        ("(color==\"black\"|color==\"red\");temperature==30", "c"),
        ("((temperature>5|on==false);color==\"red\")", "a c"),
        // Of the instances of h one is above, another below: each condition stands for itself.
        ("(temperature>=20;temperature<=25)|owner", "b e f h"),
        ("temperature==10|temperature==20|temperature==30", "a b c"),
        ("color;on;word", "a b"),
    ]);
}

// §4.9: A dotted path leads to a sub-attribute or to a member such as observedAt and unitCode.
// §4.9: A path in brackets leads into a compound value; where it leads nowhere the element does not exist.
#[test]
fn paths() {
    check(&[
        ("temperature.quality>0.5", "a"),
        ("temperature.quality", "a"),
        ("temperature.unitCode==\"CEL\"", "a"),
        ("temperature.observedAt", "a b"),
        ("temperature.observedAt>=2024-03-01T00:00:00Z", "b"),
        ("temperature.observedAt==2024-01-01T00:00:00Z", "a"),
        ("temperature.raw[air.pm]==40", "a"),
        ("address[city]==\"Berlin\"", "a"),
        ("address[city]", "a b"),
        ("address[geo.zone]==3", "a"),
        ("address[geo.zone]!=4", "a"),
        ("address[street]", ""),
        ("address[street]!=\"x\"", ""),
        ("owner.since==2020", "e"),
    ]);
}

// §4.9: A Relationship is compared by its URI, quoted or not, and by == and != only.
// §4.9: Of several objects any may be equal; of a ListRelationship and a ListProperty any item.
#[test]
fn relationships_and_lists() {
    check(&[
        ("owner==\"urn:ngsi-ld:P:1\"", "e f"),
        ("owner==urn:ngsi-ld:P:1", "e f"),
        ("owner==\"urn:ngsi-ld:P:2\"", "f"),
        ("owner!=\"urn:ngsi-ld:P:2\"", "e"),
        ("owner==\"urn:ngsi-ld:P:2\",\"urn:ngsi-ld:P:9\"", "f"),
        ("owner>\"urn:a\"", ""),
        ("owner~=\".*\"", ""),
        ("route==\"urn:ngsi-ld:S:2\"", "k"),
        ("route!=\"urn:ngsi-ld:S:9\"", "k"),
        ("steps==2", "l"),
        ("steps!=2", ""),
    ]);
}

// §4.9: Of a LanguageProperty the value of the language in brackets is compared, of [*] or without brackets any.
#[test]
fn languages() {
    check(&[
        ("name[en]==\"dog\"", "g"),
        ("name[fr]==\"toutou\"", "g"),
        ("name[fr]==\"dog\"", ""),
        ("name[de]", ""),
        ("name[*]==\"chien\"", "g"),
        ("name==\"dog\"", "g"),
        ("name[en]!=\"cat\"", "g"),
        ("name[en]!=\"dog\"", ""),
        ("name[*]!=\"chien\"", ""),
        ("name[fr]~=\"^tou.*\"", "g"),
    ]);
}

// §4.9: A VocabProperty is compared by IRI; expandValues expands the value of the query first.
#[test]
fn vocabularies() {
    let tenant = things();
    finds(&tenant, &[("type", "T"), ("q", "gender==\"https://uri.etsi.org/ngsi-ld/default-context/Male\"")], "i");
    finds(&tenant, &[("type", "T"), ("q", "gender==Male"), ("expandValues", "gender")], "i");
    finds(&tenant, &[("type", "T"), ("q", "gender==\"Male\""), ("expandValues", "gender")], "i");
    finds(&tenant, &[("type", "T"), ("q", "gender==\"Female\""), ("expandValues", "gender")], "");
    finds(&tenant, &[("type", "T"), ("q", "gender!=\"Male\""), ("expandValues", "gender")], "");
    // The value of a Property is expanded, too, so that the term is found where the term is kept.
    finds(&tenant, &[("type", "T"), ("q", "color==\"black\",red"), ("expandValues", "color")], "a b c");
    finds(&tenant, &[("type", "T"), ("q", "brand==\"Mercedes Benz\""), ("expandValues", "brand")], "d");
}

// §4.9: jsonKeys names attributes whose values are raw JSON; paths into them are not expanded.
#[test]
fn raw_json() {
    let tenant = things();
    let keys = ("jsonKeys", "tickets");
    finds(&tenant, &[("type", "T"), ("q", "tickets[value]==\"Overstay\""), keys], "j");
    finds(&tenant, &[("type", "T"), ("q", "tickets[id]==\"85a6\""), keys], "j");
    finds(&tenant, &[("type", "T"), ("q", "tickets[id]==\"other\""), keys], "");
}

// §4.9: Dates and times are compared as instants, in values and in system attributes.
#[test]
fn dates_and_times() {
    check(&[
        ("seen==2024-03-01T12:00:00Z", "m"),
        ("seen==2024-03-01T12:00:00.000Z", "m"),
        ("seen>2024-03-01T12:00:00Z", "n"),
        ("seen>=2024-03-01T12:00:00Z", "m n"),
        ("seen==2024-03-01T11:00:00Z..2024-03-01T12:00:00Z", "m"),
        ("day>2024-02-01", "n"),
        ("day==2024-02-01..2024-02-02", "m n"),
        ("opens<11:00:00Z", "m"),
        ("temperature;createdAt>2020-01-01T00:00:00Z", "a b c d h"),
        ("temperature;modifiedAt<2020-01-01T00:00:00Z", ""),
        ("temperature.modifiedAt>2020-01-01T00:00:00Z", "a b c d h"),
    ]);
}

// §4.9: Quoted values are JSON strings; names may be of any script.
#[test]
fn quoting_and_scripts() {
    check(&[
        ("brand==\"Mercedes Benz\"", "d"),
        ("note==\"a;b|(c)\\\"d\\\"\"", "d"),
        ("brand==\"Mercedes\\u0020Benz\"", "d"),
        ("温度==5", "m"),
    ]);
}

// §5.7.2.4: A query that is no sentence of the grammar is refused with BadRequestData, with the position.
#[test]
fn malformed_queries_are_refused_with_their_position() {
    let tenant = things();
    let malformed = [
        "",
        "==5",
        "temperature==",
        "temperature=5",
        "temperature>>5",
        "temperature==5)",
        "(temperature==5",
        "temperature;",
        "|temperature",
        "temperature==5;;color==\"red\"",
        "()",
        "address[city",
        "address[]",
        "temperature==1..",
        "temperature>1..2",
        "temperature>1,2",
        "temperature==\"open",
        "temperature..quality",
        ".temperature",
        "temperature.",
        "a b==1",
        "temperature==1 2",
        "word~=[",
        "word~=\"(\"",
        "1a==1",
        "owner{name",
        "!",
        "!!temperature",
        "temperature==\"\\x\"",
    ];
    each(malformed.map(|q| (format!("{q:?}"), q)), |q| {
        let detail = refuses(&tenant, &[("type", "T"), ("q", q)], "BadRequestData");
        assert!(detail.chars().any(|c| c.is_ascii_digit()), "the detail tells the position: {detail}");
    });
}
