//! Types, scopes, places, times, projections and orders.

use super::*;
use machi_types::geo::Geometry;
use machi_types::{Json, Timestamp};

fn failed<T: std::fmt::Debug>(result: Result<T, QueryError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn types_are_selected_by_expressions() {
    let check = |text: &str, written: &str, yes: &[&[&str]], no: &[&[&str]]| {
        let expression = TypeExpression::parse(text).unwrap();
        assert_eq!(expression.to_string(), written);
        assert_eq!(TypeExpression::parse(written).unwrap(), expression);
        let expression = expression.expand(&expanded).unwrap();
        let full = |types: &[&str]| types.iter().map(|name| expanded(name).unwrap()).collect::<Vec<_>>();
        for types in yes {
            assert!(expression.matches(&full(types)), "{text} {types:?}");
        }
        for types in no {
            assert!(!expression.matches(&full(types)), "{text} {types:?}");
        }
    };
    check("Building|House", "Building|House", &[&["House"], &["X", "Building"]], &[&["Home"], &[]]);
    check("Building,House", "Building|House", &[&["House"]], &[&["Home"]]);
    check("(Home;Vehicle)", "(Home;Vehicle)", &[&["Vehicle", "Home", "X"]], &[&["Home"], &["Vehicle"]]);
    check(
        "(Home;Vehicle),Motorhome",
        "(Home;Vehicle)|Motorhome",
        &[&["Motorhome"], &["Home", "Vehicle"]],
        &[&["Home"]],
    );
    check("(A|B);C", "(A|B);C", &[&["A", "C"], &["B", "C"]], &[&["A", "B"], &["C"]]);
    check("https://example.org/A", "<https://example.org/A>", &[&["https://example.org/A"]], &[&["A"]]);
    check("ex:A", "ex:A", &[&["A"]], &[&["B"]]);
    check("*", "*", &[&["A"], &[]], &[]);
    assert_eq!(failed(TypeExpression::parse("A,*")), "type: expected a type at position 3, found \"*\"");
    assert_eq!(failed(TypeExpression::parse("*,A")), "type: expected the end after \"*\" at position 2, found \",\"");
    assert_eq!(
        failed(TypeExpression::parse("A B")),
        "type: expected \";\", \"|\", \",\" or the end at position 2, found \" \""
    );
    assert_eq!(failed(TypeExpression::parse("A-B")), "type: expected a type at position 2, found \"-B\"");
    assert_eq!(
        failed(TypeExpression::parse("(A;B")),
        "type: expected an operator or \")\" at position 5, found the end"
    );
    assert_eq!(failed(TypeExpression::parse("")), "type: expected a type at position 1, found the end");
}

#[test]
fn scopes_are_selected_by_patterns() {
    let check = |text: &str, yes: &[&[&str]], no: &[&[&str]]| {
        let query = ScopeQuery::parse(text).unwrap();
        assert_eq!(ScopeQuery::parse(&query.to_string()).unwrap(), query);
        let paths = |scopes: &[&str]| scopes.iter().map(|scope| scope.parse().unwrap()).collect::<Vec<ScopePath>>();
        for scopes in yes {
            assert!(query.matches(&paths(scopes)), "{text} {scopes:?}");
        }
        for scopes in no {
            assert!(!query.matches(&paths(scopes)), "{text} {scopes:?}");
        }
    };
    check("/Madrid", &[&["/Madrid"], &["Madrid"], &["/X", "/Madrid"]], &[&["/Madrid/Centro"], &[], &["/madrid"]]);
    check(
        "/Madrid/Gardens/#",
        &[&["/Madrid/Gardens"], &["/Madrid/Gardens/ParqueNorte/Parterre1"]],
        &[&["/Madrid"], &["/Madrid/Gardens2"], &["/Madrid/Sights/Gardens"]],
    );
    check(
        "/Madrid/+/ParqueNorte",
        &[&["/Madrid/Gardens/ParqueNorte"]],
        &[&["/Madrid/ParqueNorte"], &["/Madrid/a/b/ParqueNorte"]],
    );
    check("(/Madrid/Districts;/CompanyA)", &[&["/CompanyA", "/Madrid/Districts"]], &[&["/CompanyA"]]);
    check("/Madrid/Districts;/CompanyA", &[&["/CompanyA", "/Madrid/Districts"]], &[&["/CompanyA"]]);
    check("(/Madrid/Districts;/CompanyA)|CompanyB", &[&["/CompanyB"]], &[&["/CompanyA"]]);
    check("(/Madrid/Districts;/CompanyA),CompanyB", &[&["/CompanyB"]], &[&["/CompanyA"]]);
    check("/#", &[&["/a"], &["b/c"]], &[&[]]);
    check("\"/Madrid/Centro,/Madrid/Cortes\"", &[&["/Madrid/Cortes"]], &[&["/Madrid"]]);
    check("/福井/+", &[&["/福井/鯖江"]], &[&["/福井"]]);
    assert_eq!(
        failed(ScopeQuery::parse("/a//b")),
        "scopeQ: expected the name of a level, \"+\" or \"#\" at position 4, found \"/b\""
    );
    assert_eq!(
        failed(ScopeQuery::parse("/#/a")),
        "scopeQ: expected \"/\", \";\", \"|\", \",\" or the end at position 3, found \"/a\""
    );
    assert!(ScopeQuery::parse("/").is_err() && ScopeQuery::parse("").is_err() && ScopeQuery::parse("/a+").is_err());
    assert_eq!(ScopeQuery::parse("/a/+/b/#").unwrap().logic.conditions()[0].literal_levels().count(), 1);
}

#[test]
fn scope_paths_are_levels_with_or_without_the_first_slash() {
    let path = |text: &str| text.parse::<ScopePath>().unwrap();
    assert_eq!(path("/a/b"), path("a/b"));
    assert_eq!(path("a/b").to_string(), "a/b");
    assert!(path("/a").covers(&path("a/b")) && path("/a").covers(&path("a")) && !path("/a/b").covers(&path("/a")));
    assert_eq!("/a//b".parse::<ScopePath>().unwrap_err().to_string().split(';').next(), Some("\"/a//b\" is no scope"));
}

fn geo(georel: &str, kind: &str, coordinates: &str) -> Result<Option<GeoQuery<Word>>, QueryError> {
    let coordinates = Some(Coordinates::Text(coordinates));
    GeoQuery::parse(&GeoParameters { georel: Some(georel), geometry: Some(kind), coordinates, geoproperty: None })
}

#[test]
fn places_are_selected_by_geoqueries() {
    let near = geo("near;maxDistance==2000", "Point", "[8,40]").unwrap().unwrap();
    assert_eq!(
        near.to_string(),
        "georel=near;maxDistance==2000&geometry=Point&coordinates=[8,40]&geoproperty=location"
    );
    let at = |longitude: f64, latitude: f64| Geometry::point(longitude, latitude).unwrap();
    assert!(near.matches(&at(8.0, 40.01)).unwrap() && !near.matches(&at(8.0, 40.02)).unwrap());
    let far = geo("near;minDistance==2000", "Point", "[8,40]").unwrap().unwrap();
    assert!(!far.matches(&at(8.0, 40.01)).unwrap() && far.matches(&at(8.0, 40.02)).unwrap());
    let within =
        geo("within", "Polygon", "[[[100.0,0.0],[101.0,0.0],[101.0,1.0],[100.0,1.0],[100.0,0.0]]]").unwrap().unwrap();
    assert!(within.matches(&at(100.5, 0.5)).unwrap() && !within.matches(&at(99.5, 0.5)).unwrap());
    assert!(near.search_box().is_some() && far.search_box().is_none() && within.search_box().is_some());
    assert_eq!(near.expand(&expanded).unwrap().property, Step::Attribute("ex:location".into()));
    assert_eq!(GeoQuery::parse(&GeoParameters { geoproperty: Some("x"), ..GeoParameters::default() }), Ok(None));
    let json = Json::from("[8,40]");
    let coordinates = Some(Coordinates::Json(&json));
    let from_body = GeoParameters {
        georel: Some("equals"),
        geometry: Some("Point"),
        coordinates,
        geoproperty: Some("observationSpace"),
    };
    assert_eq!(GeoQuery::parse(&from_body).unwrap().unwrap().property.as_str(), "observationSpace");
}

#[test]
fn faults_in_geoqueries_are_named() {
    for (georel, kind, coordinates, message) in [
        (
            "beside",
            "Point",
            "[8,40]",
            "georel: expected near, within, contains, intersects, equals, disjoint or overlaps at position 1, found \"beside\"",
        ),
        (
            "near",
            "Point",
            "[8,40]",
            "georel: expected \";maxDistance==\" or \";minDistance==\" at position 5, found the end",
        ),
        (
            "near;distance==1",
            "Point",
            "[8,40]",
            "georel: expected maxDistance or minDistance at position 6, found \"distance\"",
        ),
        ("near;maxDistance=1", "Point", "[8,40]", "georel: expected \"==\" at position 17, found \"=\""),
        (
            "near;maxDistance==0",
            "Point",
            "[8,40]",
            "georel: expected a number of metres greater than 0 at position 19, found \"0\"",
        ),
        (
            "near;maxDistance==-5",
            "Point",
            "[8,40]",
            "georel: expected a number of metres greater than 0 at position 19, found \"-5\"",
        ),
        (
            "near;maxDistance==5;minDistance==1",
            "Point",
            "[8,40]",
            "georel: expected the end at position 20, found \";\"",
        ),
        ("within;x", "Point", "[8,40]", "georel: expected the end at position 7, found \";\""),
        (
            "within",
            "Circle",
            "[8,40]",
            "geometry: \"Circle\" is no type of geometry; the types are Point, MultiPoint, LineString, MultiLineString, Polygon and MultiPolygon",
        ),
        ("within", "Point", "[8", "coordinates: not JSON: EOF while parsing a list (line 1, column 2)"),
        (
            "within",
            "Polygon",
            "[[[0,0],[1,0],[1,1],[0,1]]]",
            "coordinates[0]: the ring does not close: its last position [0, 1] is not its first [0, 0]",
        ),
    ] {
        assert_eq!(failed(geo(georel, kind, coordinates)), message);
    }
    let alone = GeoParameters { georel: Some("within"), ..GeoParameters::default() };
    assert_eq!(failed(GeoQuery::parse(&alone)), "geometry: missing; a geoquery has georel, geometry and coordinates");
}

#[test]
fn instants_are_selected_by_temporal_queries() {
    let parse = |timerel, time_at, end_time_at| {
        TemporalQuery::parse(&TemporalParameters { timerel, time_at, end_time_at, timeproperty: Some("modifiedAt") })
    };
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let (noon, one) = ("2017-12-13T12:00:00Z", "2017-12-13T13:00:00Z");
    let before = parse(Some("before"), Some(noon), None).unwrap().unwrap();
    assert!(before.matches(time("2017-12-13T11:59:59.999999Z")) && !before.matches(time(noon)));
    let after = parse(Some("after"), Some(noon), None).unwrap().unwrap();
    assert!(after.matches(time(noon)) && !after.matches(time("2017-12-13T11:59:59.999999Z")));
    let between = parse(Some("between"), Some(noon), Some(one)).unwrap().unwrap();
    assert!(between.matches(time(noon)) && !between.matches(time(one)));
    assert_eq!(
        between.to_string(),
        "timerel=between&timeAt=2017-12-13T12:00:00Z&endTimeAt=2017-12-13T13:00:00Z&timeproperty=modifiedAt"
    );
    assert_eq!(parse(None, None, None), Ok(None));
    for (timerel, time_at, end, message) in [
        (None, Some(noon), None, "timerel: missing; a time needs before, after or between"),
        (Some("since"), Some(noon), None, "timerel: expected before, after or between at position 1, found \"since\""),
        (Some("before"), None, None, "timeAt: missing; timerel needs a time to compare with"),
        (
            Some("before"),
            Some("noon"),
            None,
            "timeAt: expected a date-time in UTC such as 2026-11-22T10:00:00Z at position 1, found \"noon\"",
        ),
        (Some("between"), Some(noon), None, "endTimeAt: missing; timerel=between needs an end"),
        (
            Some("between"),
            Some(one),
            Some(noon),
            "endTimeAt: expected a time that is not before timeAt at position 1, found \"2017-12-13T12:00:00Z\"",
        ),
        (
            Some("after"),
            Some(noon),
            Some(one),
            "endTimeAt: expected nothing, as it belongs to timerel=between alone, at position 1, found \"2017-12-13T13:00:00Z\"",
        ),
    ] {
        assert_eq!(failed(parse(timerel, time_at, end)), message);
    }
    assert!(TimeProperty::parse("expiresAt").is_err());
}

#[test]
fn projections_name_members_and_those_of_linked_entities() {
    let parse = |text: &str| Projection::parse("pick", text);
    for (text, written, depth) in [
        ("temperature", "temperature", 0),
        ("temperature,humidity", "temperature,humidity", 0),
        ("observation{temperature|humidity}", "observation{temperature,humidity}", 1),
        ("id,type , a{b{c},d}, a{b{e}},id", "id,type,a{b{c,e},d}", 2),
        ("https://example.org/a,ex:b", "<https://example.org/a>,ex:b", 0),
    ] {
        let projection = parse(text).unwrap();
        assert_eq!((projection.to_string().as_str(), projection.link_depth()), (written, depth));
        assert_eq!(parse(written).unwrap(), projection);
    }
    let full = parse("id,a{b}").unwrap().expand(&expanded).unwrap();
    assert!(full.member(&Step::Member(Member::Id)).is_some_and(|member| member.linked.is_none()));
    assert!(full.member(&Step::Attribute("ex:a".into())).is_some_and(|member| member.linked.is_some()));
    assert_eq!(Projection::parse_items("omit", ["a,b", "c{d}"]).unwrap().to_string(), "a,b,c{d}");
    assert_eq!(failed(parse("a,")), "pick: expected the name of a member at position 3, found the end");
    assert_eq!(failed(parse("a{}")), "pick: expected the name of a member at position 3, found \"}\"");
    assert_eq!(failed(parse("a{b")), "pick: expected \",\", \"|\", \"{\" or \"}\" at position 4, found the end");
    assert_eq!(failed(parse("a}")), "pick: expected \",\", \"|\", \"{\" or the end at position 2, found \"}\"");
    assert_eq!(
        failed(parse("x,a,a{b}")),
        "pick: a member is named both whole and with a selection in braces; one of them would be right, at position 5"
    );
    assert!(matches!(parse(&"a{".repeat(100)), Err(QueryError::TooDeep { .. })));
}

#[test]
fn lists_of_names_hold_each_once() {
    let list = NameList::parse("attrs", "speed, ex:a,speed,https://example.org/b").unwrap();
    assert_eq!(list.to_string(), "speed,ex:a,<https://example.org/b>");
    assert_eq!(NameList::parse("attrs", &list.to_string()).unwrap(), list);
    assert_eq!(NameList::parse_items("attrs", ["a", "b"]).unwrap().names.len(), 2);
    assert_eq!(
        failed(NameList::parse("attrs", "a,,b")),
        "attrs: expected an attribute name at position 3, found \",\""
    );
    assert_eq!(failed(NameList::parse("attrs", "")), "attrs: expected an attribute name at position 1, found the end");
}

#[test]
fn orders_are_read_with_their_reference() {
    let parse = |order_by, from: Option<&'static str>, order_geometry| {
        OrderBy::parse(&OrderParameters {
            order_by: Some(order_by),
            order_from: from.map(Coordinates::Text),
            order_geometry,
            collation: None,
        })
    };
    for (text, written) in [
        ("name", "name;asc"),
        ("name,age;desc", "name;asc,age;desc"),
        ("address[city]", "address[city];asc"),
        ("name.observedAt, id;desc", "name.observedAt;asc,id;desc"),
    ] {
        let order = parse(text, None, None).unwrap().unwrap();
        assert_eq!(order.to_string(), written);
        assert_eq!(parse(written.to_owned().leak(), None, None).unwrap().unwrap(), order);
    }
    let by_distance =
        parse("location;dist-asc", Some("[[8,40],[9,42],[9,45],[8,40]]"), Some("LineString")).unwrap().unwrap();
    assert!(by_distance.reference.is_some());
    assert_eq!(
        failed(parse("location;dist-asc", None, None)),
        "orderFrom: missing; an order by distance needs coordinates to measure from"
    );
    assert_eq!(
        failed(parse("a;up", None, None)),
        "orderBy: expected asc, desc, dist-asc or dist-desc at position 3, found \"up\""
    );
    assert_eq!(failed(parse("a,", None, None)), "orderBy: expected an attribute name at position 3, found the end");
    assert_eq!(
        failed(parse("a{b}", None, None)),
        "orderBy: expected \",\", \";\" with a direction, or the end at position 2, found \"{\""
    );
    assert!(parse("a", Some("[200,0]"), None).is_err());
}
