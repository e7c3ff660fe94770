//! What each operator finds (§4.9): the examples of the clause and the corners between them.

use super::entity::{JsonEntity, entity};
use super::*;

fn holds(query: &str, entity: &dyn Facts) -> bool {
    q(query).expand(&expanded).unwrap().matches(entity)
}

/// Conditions on one attribute `a` of this form: the first must hold, the second must not.
fn check(attribute: &str, yes: &[&str], no: &[&str]) {
    let entity = entity(&format!(r#"{{"id":"urn:e:1","type":"T","a":{attribute}}}"#));
    for query in yes {
        assert!(holds(query, &entity), "{query} should hold for {attribute}");
    }
    for query in no {
        assert!(!holds(query, &entity), "{query} should not hold for {attribute}");
    }
}

#[test]
fn numbers_compare_exactly() {
    check(
        r#"{"value":20}"#,
        &[
            "a",
            "a==20",
            "a==20.0",
            "a==1,20",
            "a==10..20",
            "a!=21",
            "a!=\"20\"",
            "a!=true",
            "a>19.9",
            "a>=20",
            "a<=20",
            "a!=1..2",
        ],
        &[
            "!a",
            "a==21",
            "a==\"20\"",
            "a==true",
            "a!=20",
            "a!=3,20",
            "a!=20..30",
            "a>20",
            "a<20",
            "a>\"1\"",
            "a~=20",
            "a!~=x",
            "b",
            "b!=1",
            "b==1",
        ],
    );
    check(
        r#"{"value":9007199254740993}"#,
        &["a>9007199254740992", "a==9007199254740993", "a>9007199254740992.0"],
        &["a==9007199254740992", "a==9007199254740992.0"],
    );
    check(r#"{"value":-0.0}"#, &["a==0", "a==-0.0", "a>=0"], &["a<0"]);
    check(r#"{"value":0.5}"#, &["a>0", "a<1", "a!=0"], &["a<=0", "a>=1"]);
}

#[test]
fn texts_and_truth_values_compare_with_their_own_kind() {
    check(
        r#"{"value":"red"}"#,
        &[
            "a==\"red\"",
            "a==\"black\",\"red\"",
            "a!=\"black\"",
            "a>\"blue\"",
            "a<\"s\"",
            "a==\"q\"..\"s\"",
            "a~=^r.d$",
            "a~=e",
            "a!~=x",
            "a!=1",
            "a==red",
        ],
        &[
            "a==\"Red\"",
            "a!=\"red\"",
            "a!=\"black\",\"red\"",
            "a~=^e",
            "a!~=e",
            "a>1",
            "a==true",
            "a[x]==\"red\"",
            "a[x]",
        ],
    );
    check(
        r#"{"value":true}"#,
        &["a==true", "a!=false", "a==false,true"],
        &["a==false", "a!=true", "a==\"true\"", "a~=t"],
    );
    check(
        r#"{"value":"https://example.org/x"}"#,
        &["a==https://example.org/x", "a==\"https://example.org/x\""],
        &["a==https://example.org/y"],
    );
}

#[test]
fn arrays_are_equal_to_what_they_hold() {
    check(
        r#"{"value":["blue","red","green"]}"#,
        &["a==\"red\"", "a==\"black\",\"red\"", "a!=\"black\"", "a!=\"black\",\"white\"", "a!=\"a\"..\"z\"", "a"],
        &["a==\"black\"", "a!=\"red\"", "a!=\"black\",\"red\"", "a==\"a\"..\"z\"", "a>\"a\"", "a~=red", "a!~=black"],
    );
    check(r#"{"valueList":[1,[2],{"x":3}]}"#, &["a==1", "a!=2", "a!=3"], &["a==2", "a!=1", "a>0"]);
    check(r#"{"value":[]}"#, &["a", "a!=1"], &["a==1"]);
}

#[test]
fn dates_and_times_compare_as_such() {
    check(
        r#"{"value":"2018-12-04T12:00:00.500Z"}"#,
        &[
            "a==2018-12-04T12:00:00.5Z",
            "a>2018-12-04T12:00:00Z",
            "a==2018-01-01T00:00:00Z..2019-01-01T00:00:00Z",
            "a!=2018-12-04",
            "a~=^2018",
        ],
        &["a==2018-12-04", "a>2018-12-01", "a<2018-12-04T12:00:00Z", "a==\"2018-12-04T12:00:00.5Z\""],
    );
    check(
        r#"{"value":"2018-12-04"}"#,
        &["a==2018-12-04", "a>2018-12-03", "a<2018-12-10"],
        &["a>2018-12-04", "a<2019-01-01T00:00:00Z"],
    );
    check(r#"{"value":"08:00:00Z"}"#, &["a==08:00:00Z", "a==08:00:00.000Z", "a<09:00:00Z"], &["a>08:00:00Z"]);
    check(
        r#"{"value":{"@type":"DateTime","@value":"2018-12-04T12:00:00Z"}}"#,
        &["a==2018-12-04T12:00:00Z", "a==\"2018-12-04T12:00:00.000Z\"", "a[@value]==\"2018-12-04T12:00:00Z\""],
        &["a<2018-12-04T12:00:00Z", "a==\"x\""],
    );
    check(
        r#"{"value":1,"observedAt":"2017-12-24T12:00:00Z","unitCode":"CEL"}"#,
        &[
            "a.observedAt>=2017-12-24T12:00:00Z",
            "a.observedAt==\"2017-12-24T12:00:00.0Z\"",
            "a.unitCode==\"CEL\"",
            "a.observedAt",
            "!a.modifiedAt",
            "a.unitCode~=^C",
        ],
        &[
            "a.observedAt>2017-12-24T12:00:00Z",
            "a.observedAt==2017-12-24",
            "a.observedAt~=2017",
            "a.modifiedAt",
            "a.unitCode.x",
        ],
    );
}

#[test]
fn one_instance_of_several_is_enough() {
    check(
        r#"[{"value":5},{"value":30,"datasetId":"urn:d:1","unitCode":"KMH"}]"#,
        &[
            "a==5",
            "a==30",
            "a!=5",
            "a!=30",
            "a>10",
            "a<10",
            "a.datasetId==urn:d:1",
            "a.datasetId==\"urn:d:1\"",
            "a.unitCode",
        ],
        &["a==6", "a>30", "!a", "a.datasetId==urn:d:2"],
    );
}

#[test]
fn languages_are_asked_one_by_one_or_all_at_once() {
    let map = r#"{"languageMap":{"fr":"rouge","en":"red","de":["rot","Blut"]}}"#;
    check(
        map,
        &[
            "a[en]==\"red\"",
            "a[*]==\"red\"",
            "a==\"red\"",
            "a==\"Blut\"",
            "a[de]==\"Blut\"",
            "a[EN]==\"red\"",
            "a[fr]!=\"red\"",
            "a!=\"black\"",
            "a[*]~=^rou",
            "a!~=x",
            "a[en]",
            "a>\"rota\"",
            "a[de]!~=x",
        ],
        &[
            "a[en]==\"rouge\"",
            "a!=\"red\"",
            "a[*]!=\"Blut\"",
            "a[de]!=\"Blut\"",
            "a[ja]",
            "a[ja]!=\"x\"",
            "a!~=^r",
            "a[en.x]",
            "a[fr]~=red",
        ],
    );
}

#[test]
fn relationships_answer_equality_alone() {
    check(
        r#"{"object":"urn:e:2"}"#,
        &["a", "a==urn:e:2", "a==\"urn:e:2\"", "a!=urn:e:3", "a==\"urn:e:1\",\"urn:e:2\"", "a!=1..2"],
        &["a==urn:e:3", "a!=urn:e:2", "a>\"a\"", "a~=urn", "a!~=x", "a[object]", "a==\"a\"..\"z\""],
    );
    check(r#"{"object":["urn:e:2","urn:e:3"]}"#, &["a==urn:e:3", "a!=urn:e:4"], &["a!=urn:e:3"]);
    check(
        r#"{"objectList":[{"object":"urn:e:2"},{"object":"urn:e:3"}]}"#,
        &["a==urn:e:3"],
        &["a==urn:e:4", "a!=urn:e:2"],
    );
}

#[test]
fn vocabularies_compare_by_their_full_names() {
    let values =
        ValueExpansion { expand_values: NameList::parse("expandValues", "a").unwrap(), ..ValueExpansion::default() };
    let person = entity(r#"{"id":"urn:e:1","type":"T","a":{"vocab":"ex:Male"}}"#);
    assert!(q("a==Male").expand_with_values(&expanded, &values).unwrap().matches(&person));
    assert!(q("a==\"Female\",\"Male\"").expand_with_values(&expanded, &values).unwrap().matches(&person));
    assert!(!q("a!=Male").expand_with_values(&expanded, &values).unwrap().matches(&person));
    // A Property may hold the term, or the URI that it stands for, or what is no term at all.
    for (value, text) in [("Male", "Male"), ("ex:Male", "Male"), ("a b", "a b"), ("ex:Male", "ex:Male")] {
        let person = entity(&format!(r#"{{"id":"urn:e:1","type":"T","a":{{"value":"{value}"}}}}"#));
        for (query, holds) in [(format!("a==\"{text}\""), true), (format!("a!=\"{text}\""), false)] {
            let query = q(&query).expand_with_values(&expanded, &values).unwrap();
            assert_eq!(query.matches(&person), holds, "{query} of {value}");
        }
    }
    check(r#"{"vocab":["ex:A","ex:B"]}"#, &["a==ex:B", "a!=B", "a!=ex:C"], &["a==B", "a!=ex:A", "a~=A"]);
    check(r#"{"vocab":"ex:A"}"#, &["a~=A$", "a!~=B"], &["a~=B"]);
}

#[test]
fn members_of_compound_values_are_reached() {
    check(
        r#"{"value":{"city":"Berlin","n":{"m":null,"list":[1,2]}}}"#,
        &[
            "a[city]==\"Berlin\"",
            "a[n.list]==2",
            "a[n.m]",
            "a[n.m]!=1",
            "a[city]~=lin$",
            "a!=1",
            "!a[street]",
            "!a[city.x]",
        ],
        &["a[street]", "a[street]!=\"x\"", "a[n.m]==0", "a[n.list.x]", "a==\"Berlin\"", "a[City]"],
    );
    check(
        r#"{"json":{"value":"Overstay 60\nminutes"}}"#,
        &[r#"a[value]=="Overstay 60\nminutes""#],
        &["a[value]==\"x\""],
    );
    check(
        r#"{"value":1,"b":{"value":2,"c":{"value":{"d":3}}}}"#,
        &["a.b==2", "a.b.c[d]==3", "a.b>1;a==1"],
        &["a.b==1", "a.c", "a.b.d"],
    );
}

#[test]
fn links_are_followed() {
    let world = [
        entity(r#"{"id":"urn:d:1","type":"Device","humidity":{"value":40},"owner":{"object":"urn:p:1"}}"#),
        entity(r#"{"id":"urn:p:1","type":"Person","name":{"value":"Aoi"}}"#),
    ];
    let device = JsonEntity { json: world[0].json.clone(), world: &world };
    let nested = [device];
    let station = |object: &str| JsonEntity {
        json: super::entity::json(&format!(r#"{{"id":"urn:w:1","type":"W","sensor":{{"object":{object}}}}}"#)),
        world: &nested,
    };
    let one = station(r#""urn:d:1""#);
    for query in [
        "sensor{humidity}==40",
        "sensor{Device:humidity}==40",
        "sensor{Probe,Device:humidity}",
        "sensor{owner{name}}==\"Aoi\"",
        "sensor{owner{Person:name}}",
        "!sensor{height}",
    ] {
        assert!(holds(query, &one), "{query}");
    }
    for query in [
        "sensor{humidity}==41",
        "sensor{Probe:humidity}==40",
        "sensor{owner{Dog:name}}",
        "!sensor{humidity}",
        "sensor{height}",
    ] {
        assert!(!holds(query, &one), "{query}");
    }
    assert!(holds("sensor{humidity}>39", &station(r#"["urn:d:0","urn:d:1"]"#)));
    assert!(!holds("sensor{humidity}", &station(r#""urn:d:0""#)));
}

#[test]
fn and_binds_closer_than_or() {
    let entity = entity(r#"{"a":{"value":1},"b":{"value":2}}"#);
    for (query, expected) in [
        ("a==1;b==2", true),
        ("a==1;b==3", false),
        ("a==1|b==3", true),
        ("a==1|b==3;c", true),
        ("(a==1|b==3);c", false),
        ("c;b==3|a==1", true),
        ("!c;a", true),
        ("!c|x", true),
    ] {
        assert_eq!(holds(query, &entity), expected, "{query}");
    }
}

#[test]
fn entity_members_can_be_asked_for() {
    let entity = entity(r#"{"id":"urn:e:1","type":["A","B"],"scope":["/a","/b"],"createdAt":"2020-01-01T00:00:00Z"}"#);
    for query in ["id==urn:e:1", "id~=^urn:e:", "type==\"B\"", "scope==\"/b\"", "createdAt<2021-01-01T00:00:00Z"] {
        assert!(holds(query, &entity), "{query}");
    }
    assert!(!holds("scope==\"/c\"", &entity) && !holds("modifiedAt", &entity));
}

#[test]
fn entities_are_ordered_by_type_then_value_and_nothing_comes_last() {
    let values = [
        r#""a":{"value":[1,2]}"#,
        r#""a":{"value":"b"}"#,
        r#""a":{"value":10}"#,
        r#""a":{"value":true}"#,
        r#""x":{"value":1}"#,
        r#""a":{"value":"a"}"#,
        r#""a":{"value":2}"#,
        r#""a":{"value":{"k":1}}"#,
        r#""a":{"value":"2020-01-01"}"#,
        r#""a":{"value":"2019-01-01T00:00:00Z"}"#,
        r#""a":{"value":"10:00:00Z"}"#,
        r#""a":[{"value":5},{"value":1,"datasetId":"urn:d:1"}]"#,
    ];
    let entities: Vec<_> = values.iter().map(|value| entity(&format!("{{{value}}}"))).collect();
    let sorted = |order: &'static str| {
        let parameters = OrderParameters { order_by: Some(order), ..OrderParameters::default() };
        let order = OrderBy::parse(&parameters).unwrap().unwrap().expand(&expanded).unwrap();
        let mut numbered: Vec<_> = entities.iter().map(|entity| order.keys(entity)).enumerate().collect();
        numbered.sort_by(|(_, a), (_, b)| order.compare(a, b));
        numbered.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(sorted("a"), [11, 6, 2, 5, 1, 7, 0, 3, 10, 8, 9, 4]);
    assert_eq!(sorted("a;desc"), [2, 11, 6, 1, 5, 7, 0, 3, 10, 8, 9, 4]);
}

#[test]
fn entities_are_ordered_by_distance_and_others_after_them() {
    let entities: Vec<_> = [
        r#"{"a":{"value":{"type":"Point","coordinates":[0,3]}}}"#,
        r#"{"a":{"value":7}}"#,
        r#"{"a":{"value":{"type":"LineString","coordinates":[[0,1],[5,1]]}}}"#,
        r#"{"b":{"value":7}}"#,
    ]
    .map(entity)
    .into();
    let sorted = |order: &'static str| {
        let parameters = OrderParameters {
            order_by: Some(order),
            order_from: Some(Coordinates::Text("[1,0]")),
            order_geometry: None,
            collation: None,
        };
        let order = OrderBy::parse(&parameters).unwrap().unwrap().expand(&expanded).unwrap();
        let mut numbered: Vec<_> = entities.iter().map(|entity| order.keys(entity)).enumerate().collect();
        numbered.sort_by(|(_, a), (_, b)| order.compare(a, b));
        numbered.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
    };
    assert_eq!(sorted("a;dist-asc"), [2, 0, 1, 3]);
    assert_eq!(sorted("a;dist-desc"), [0, 2, 1, 3]);
}
