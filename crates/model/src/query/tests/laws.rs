//! Laws: what is written reads back, nothing panics, and operators keep to their definitions.

use super::entity::entity;
use super::*;
use machi_types::{Json, Number, Timestamp};
use proptest::prelude::*;

fn term_text() -> impl Strategy<Value = String> {
    "[a-zA-Zé街][a-zA-Z0-9_街]{0,6}"
}

fn word() -> impl Strategy<Value = Word> {
    let iri = "(https://example\\.org|urn:x)[/:][a-z,;|(){}.#*]{0,8}x".prop_map(|iri| format!("<{iri}>"));
    let bracketed = iri.prop_filter("braces and bars are in no IRI", |iri| !iri.contains(['{', '}', '|']));
    let text = prop_oneof![
        4 => term_text(),
        1 => (term_text(), term_text()).prop_map(|(prefix, term)| format!("{prefix}:{term}")),
        1 => bracketed,
        1 => prop::sample::select(vec!["observedAt", "datasetId", "id", "true"]).prop_map(str::to_owned),
    ];
    text.prop_map(|text| text.parse().unwrap())
}

fn path(with_links: bool) -> impl Strategy<Value = Path<Word>> {
    let link =
        (word(), prop::collection::vec(word(), 0..3)).prop_map(|(relationship, types)| Link { relationship, types });
    let links = prop::collection::vec(link, 0..if with_links { 3 } else { 1 });
    let member = prop_oneof![4 => term_text(), 1 => "[ -~]{0,5}", 1 => Just("*".to_owned())];
    (links, prop::collection::vec(word(), 1..4), prop::collection::vec(member, 0..3))
        .prop_map(|(links, names, members)| Path { links, names, members })
}

fn moment() -> impl Strategy<Value = Moment> {
    let time = (-62_135_596_800_000_000_i64..253_402_200_000_000_000).prop_map(Timestamp::from_micros);
    prop_oneof![
        time.clone().prop_map(Moment::DateTime),
        time.prop_map(|time| Moment::Date(Timestamp::from_micros(
            time.micros().div_euclid(86_400_000_000) * 86_400_000_000
        ))),
        (0..86_400_000_000_i64).prop_map(|micros| Moment::Time(Timestamp::from_micros(micros))),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        prop::num::f64::NORMAL.prop_map(|number| Number::from_f64(number).unwrap()),
    ]
}

fn ordered() -> impl Strategy<Value = Value> {
    prop_oneof![number().prop_map(Value::Number), ".{0,6}".prop_map(Value::Text), moment().prop_map(Value::Moment)]
}

fn value() -> impl Strategy<Value = Value> {
    let uri = prop_oneof!["urn:[a-z.:(]{1,6}", term_text()];
    let uri = uri.prop_filter("true and false are no URIs", |uri| uri != "true" && uri != "false");
    prop_oneof![ordered(), any::<bool>().prop_map(Value::Bool), uri.prop_map(Value::Uri)]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        value().prop_map(Operand::One),
        prop::collection::vec(value(), 2..4).prop_map(Operand::List),
        (number(), number()).prop_map(|(from, to)| Operand::Range(Value::Number(from), Value::Number(to))),
        (".{0,4}", ".{0,4}").prop_map(|(from, to)| Operand::Range(Value::Text(from), Value::Text(to))),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    "[a-z.*+?|;()\\[\\]^$\"\\\\ 街]{1,8}".prop_filter_map("a valid expression", |text| {
        Q::parse(&format!("a~=\"{text}\"")).ok().and_then(|q| match q.logic {
            Logic::One(Term { test: Test::Matches(pattern), .. }) => Some(pattern),
            _ => None,
        })
    })
}

fn test() -> impl Strategy<Value = Test> {
    let operators = vec![Operator::Greater, Operator::GreaterOrEqual, Operator::Less, Operator::LessOrEqual];
    prop_oneof![
        Just(Test::Exists),
        Just(Test::Absent),
        operand().prop_map(Test::Equal),
        operand().prop_map(Test::Unequal),
        (prop::sample::select(operators), ordered()).prop_map(|(operator, value)| Test::Order(operator, value)),
        pattern().prop_map(Test::Matches),
        pattern().prop_map(Test::MatchesNot),
    ]
}

fn logic<T: Clone + std::fmt::Debug + 'static>(
    leaf: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Logic<T>> {
    leaf.prop_map(Logic::One).prop_recursive(4, 24, 4, |inner| {
        let parts = prop::collection::vec(inner, 1..4);
        prop_oneof![parts.clone().prop_map(Logic::all), parts.prop_map(Logic::any)]
    })
}

fn any_q() -> impl Strategy<Value = Q> {
    let term = (path(true), test()).prop_map(|(path, test)| Term { path, test });
    logic(term).prop_map(|logic| Q { logic })
}

fn scope_pattern() -> impl Strategy<Value = ScopePattern> {
    let level = prop_oneof![3 => term_text().prop_map(|name| ScopeLevel::Named(name.as_str().into())), 1 => Just(ScopeLevel::Any)];
    let any = (prop::collection::vec(level, 0..4), any::<bool>());
    any.prop_map(|(levels, below)| ScopePattern { and_below: below || levels.is_empty(), levels })
}

fn projection() -> impl Strategy<Value = String> {
    let leaf = word().prop_map(|word| word.to_string());
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (word(), inner.clone()).prop_map(|(word, inner)| format!("{word}{{{inner}}}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a},{b}")),
        ]
    })
}

/// Text made of what the languages are made of.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b:c",
        "<urn:x>",
        "(",
        ")",
        ";",
        "|",
        ",",
        "==",
        "!=",
        ">=",
        ">",
        "<",
        "~=",
        "!~=",
        "!",
        "..",
        ".",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "\\",
        "1",
        "-1.5e3",
        "true",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "10:00:00Z",
        "urn:a:b",
        "*",
        "+",
        "#",
        "/",
        " ",
        "街",
        "\u{0}",
        "asc",
        "near",
        "maxDistance",
    ]);
    prop_oneof![prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat()), ".{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_q_is_read_back_as_it_was_written(q in any_q()) {
        let text = q.to_string();
        prop_assert_eq!(Q::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?, q, "{}", text);
    }

    #[test]
    fn every_expanded_query_is_read_back(q in any_q()) {
        let full = |name: &str| Ok::<_, String>(machi_types::Name::from(if name.contains(':') { name.to_owned() } else { format!("https://e.org/{name}") }));
        let query = q.expand(&full).unwrap();
        let text = query.to_string();
        let read = Q::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(read.expand(&full).unwrap(), query, "{}", text);
    }

    #[test]
    fn no_text_panics_and_what_is_read_is_read_back(text in noise()) {
        if let Ok(q) = Q::parse(&text) {
            prop_assert_eq!(Q::parse(&q.to_string()), Ok(q));
        }
        if let Ok(types) = TypeExpression::parse(&text) {
            prop_assert_eq!(TypeExpression::parse(&types.to_string()), Ok(types));
        }
        if let Ok(scopes) = ScopeQuery::parse(&text) {
            prop_assert_eq!(ScopeQuery::parse(&scopes.to_string()), Ok(scopes));
        }
        if let Ok(projection) = Projection::parse("pick", &text) {
            prop_assert_eq!(Projection::parse("pick", &projection.to_string()), Ok(projection));
        }
        if let Ok(names) = NameList::parse("attrs", &text) {
            prop_assert_eq!(NameList::parse("attrs", &names.to_string()), Ok(names));
        }
        if let Ok(relation) = GeoRelation::parse(&text) {
            prop_assert_eq!(GeoRelation::parse(&relation.to_string()), Ok(relation));
        }
        let order = |text: &str| OrderBy::parse(&OrderParameters { order_by: Some(text), order_from: Some(Coordinates::Text("[0,0]")), order_geometry: None, collation: None });
        if let Ok(Some(order_by)) = order(&text) {
            prop_assert_eq!(order(&order_by.to_string()), Ok(Some(order_by)));
        }
        if let Err(error) = Q::parse(&text) {
            prop_assert!(error.position().is_some_and(|position| position <= text.chars().count() + 1), "{}", error);
        }
        let _ = Pattern::parse("idPattern", &text);
        let _ = text.parse::<ScopePath>();
    }

    #[test]
    fn types_and_scopes_are_read_back(types in logic(word()), scopes in logic(scope_pattern())) {
        let types = TypeExpression::Logic(types);
        prop_assert_eq!(TypeExpression::parse(&types.to_string()).unwrap(), types);
        let scopes = ScopeQuery { logic: scopes };
        prop_assert_eq!(ScopeQuery::parse(&scopes.to_string()).unwrap(), scopes);
    }

    #[test]
    fn types_and_scopes_are_not_written_deeper_than_they_were_read(depth in 1..15usize) {
        let open = "/a|/b;(".repeat(depth);
        let scopes = format!("{open}/c{}", ")".repeat(depth));
        let scopes = ScopeQuery::parse(&scopes).unwrap();
        prop_assert_eq!(ScopeQuery::parse(&scopes.to_string()), Ok(scopes));
        let open = "Z;(A|B,C;".repeat(depth);
        let types = TypeExpression::parse(&format!("{open}D{}", ")".repeat(depth))).unwrap();
        prop_assert_eq!(TypeExpression::parse(&types.to_string()), Ok(types));
    }

    #[test]
    fn projections_are_read_back(text in projection()) {
        if let Ok(projection) = Projection::parse("omit", &text) {
            prop_assert_eq!(Projection::parse("omit", &projection.to_string()).unwrap(), projection);
        }
    }

    #[test]
    fn for_one_value_unequal_is_not_equal(operand in operand(), value in value()) {
        let json = match &value {
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            other => Json::from(other.as_text().map_or_else(|| other.to_string(), str::to_owned)).to_text(),
        };
        let entity = entity(&format!(r#"{{"a":{{"value":{json}}}}}"#));
        let holds = |test: Test| {
            let path = Path { links: Vec::new(), names: vec![Step::Attribute("ex:a".into())], members: Vec::new() };
            Query { logic: Logic::One(Term { path, test }) }.matches(&entity)
        };
        prop_assert_ne!(holds(Test::Equal(operand.clone())), holds(Test::Unequal(operand)));
        prop_assert!(holds(Test::Equal(Operand::One(value))));
    }

    #[test]
    fn order_is_total_over_one_type(a in number(), b in number()) {
        let entity = entity(&format!(r#"{{"a":{{"value":{a}}}}}"#));
        let holds = |text: String| q(&text).expand(&expanded).unwrap().matches(&entity);
        let found = [holds(format!("a<{b}")), holds(format!("a=={b}")), holds(format!("a>{b}"))];
        prop_assert_eq!(found.into_iter().filter(|holds| *holds).count(), 1);
        prop_assert_eq!(holds(format!("a>={b}")), found[1] || found[2]);
        prop_assert_eq!(holds(format!("a<={b}")), found[1] || found[0]);
    }

    #[test]
    fn literals_of_a_pattern_are_in_every_match(pattern in pattern(), text in "[a-z街]{0,8}") {
        if pattern.matches(&text) {
            prop_assert!(text.starts_with(pattern.literal_prefix()));
            prop_assert!(pattern.literals().iter().all(|literal| text.contains(&**literal)));
            prop_assert!(pattern.as_exact().is_none_or(|exact| exact == text));
        }
        let plain = regex::RegexBuilder::new(pattern.as_str()).dot_matches_new_line(true).build().unwrap();
        prop_assert_eq!(pattern.matches(&text), plain.is_match(&text));
    }
}
