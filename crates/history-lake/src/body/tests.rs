//! Every body comes back byte for byte, whatever it holds.

use machi_model::entity::{Attribute, Instance, JsonText, Sealed};
use machi_types::Timestamp;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn any_value() -> impl Strategy<Value = (Kind, String)> {
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no infinity", |number| number.is_finite())
            .prop_map(|number| format!("{number:?}")),
        (-400..400_i32).prop_map(|tenths| format!("{:?}", f64::from(tenths) / 10.0)),
        select(vec![
            "1.50",
            "1e3",
            "1E+3",
            "-0",
            "0.0",
            "12345678901234567890",
            "123456789012345678901",
            "9007199254740993",
            "0.10",
            "20.000"
        ])
        .prop_map(str::to_owned),
    ];
    let text = ".{0,12}".prop_map(|text| JsonText::string(&text).as_str().to_owned());
    let odd = select(vec![
        r#""\u0041""#,
        "true",
        "false",
        "true ",
        "{}",
        "[]",
        r#"{"a":[1,"x"]}"#,
        "null",
        "",
        "x",
        "\"",
        "[1]",
    ]);
    let value = prop_oneof![4 => number, 2 => text, 1 => odd.prop_map(str::to_owned)];
    let iris = select(vec![r#""urn:a:b""#, r#"["urn:a:b","urn:c:d"]"#, r#"["urn:a:b"]"#, "[]"]).prop_map(str::to_owned);
    let point = (-180.0..180.0_f64).prop_map(|place| format!(r#"{{"type":"Point","coordinates":[{place:?},1.0]}}"#));
    let map = "[a-z]{0,3}".prop_map(|text| format!(r#"{{"en":"{text}","ja":["街"]}}"#));
    let kinds = select(Kind::ALL.to_vec());
    prop_oneof![
        4 => value.clone().prop_map(|value| (Kind::Property, value)),
        2 => (kinds, prop_oneof![value, iris, point.clone(), map.clone()]),
        1 => point.prop_map(|value| (Kind::GeoProperty, value)),
        1 => map.prop_map(|value| (Kind::LanguageProperty, value)),
    ]
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (-62_135_596_800_000_000..253_402_300_800_000_000_i64),
        (0..2_000_000_000_i64).prop_map(|second| second * 1_000_000),
    ]
    .prop_map(Timestamp::from_micros)
}

fn any_name() -> impl Strategy<Value = Name> {
    select(vec!["https://uri.etsi.org/ngsi-ld/default-context/speed", "https://schema.org/name", "urn:x:y", "速度"])
        .prop_map(Name::from)
}

/// An instance as codec bytes; its values are written as they are, also such as no request can make.
fn any_body(depth: u32) -> BoxedStrategy<Vec<u8>> {
    let observed = option::of(
        (any_time(), 0..7_u8).prop_map(|(time, digits)| Observed::with_digits(time, digits).unwrap_or(time.into())),
    );
    let rare =
        (option::weighted(0.2, any_time()), option::weighted(0.2, any_name()), prop::collection::vec(any_name(), 0..2));
    let sealed = (option::weighted(0.1, any_name()), option::weighted(0.1, any_name()));
    let unit = option::weighted(0.3, select(vec!["CEL", "", "m\"s"]));
    (any_value(), observed, unit, rare, sealed, any_subs(depth))
        .prop_map(|((kind, value), observed_at, unit_code, (expires_at, value_type, types), sealed, subs)| {
            let types: Vec<String> = types.iter().map(Name::to_string).collect();
            let sealed = (sealed.0.as_deref(), sealed.1.as_deref());
            let value_type = value_type.as_deref();
            let attributes = subs.as_deref();
            Parts {
                kind,
                value: &value,
                observed_at,
                expires_at,
                unit_code,
                value_type,
                object_types: &types,
                sealed,
                attributes,
            }
            .encode()
        })
        .boxed()
}

/// The stored form of sub-attributes.
fn any_subs(depth: u32) -> BoxedStrategy<Option<Vec<u8>>> {
    if depth == 0 {
        return Just(None).boxed();
    }
    let times = prop_oneof![2 => Just((None, None)), 1 => (option::of(any_time()), option::of(any_time()))];
    let value = prop_oneof![Just("1"), Just("2.50"), Just("\"x\""), Just("{\"a\":1}")]
        .prop_map(|text| JsonText::parse(text).unwrap());
    let inner = (value, times, option::weighted(0.3, any_name()), any_subs(depth - 1));
    let sub = (any_name(), prop::collection::vec(inner, 1..3));
    let all = prop::collection::btree_map(any_name(), sub, 0..3);
    option::weighted(0.4, all)
        .prop_map(|all| {
            let attributes = all?.into_iter().map(|(name, (_, instances))| Attribute {
                name,
                instances: instances
                    .into_iter()
                    .map(|(value, (created_at, modified_at), dataset_id, _)| Instance {
                        dataset_id,
                        created_at,
                        modified_at,
                        sealed: Some(Box::new(Sealed::default())).filter(|_| false),
                        ..Instance::new(Kind::Property, value)
                    })
                    .collect(),
            });
            let around = Instance {
                attributes: attributes.collect(),
                ..Instance::new(Kind::Property, JsonText::parse("0").unwrap())
            };
            let bytes = encode_instance(&around);
            InstanceRef::read(&bytes).unwrap().stored_attributes().map(<[u8]>::to_vec)
        })
        .boxed()
}

fn row_of(body: &[u8], deleted: bool, apart: &mut Apart) -> Vec<Cell> {
    let mut row = vec![Cell::Null; 24];
    let observed = InstanceRef::read(body).ok().and_then(|instance| instance.observed_at());
    row[at::OBSERVED_AT] = Cell::time(observed.map(Observed::time));
    row[at::MODIFIED_AT] = Cell::Time(1);
    if deleted {
        row[at::DELETED_AT] = Cell::Time(2);
    }
    apart.take(body, &mut row);
    row
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn bodies_come_back_as_they_were(bodies in prop::collection::vec((any_body(2), prop::bool::weighted(0.1)), 1..12)) {
        let (mut apart, mut together) = (Apart::default(), Together::default());
        for (body, deleted) in &bodies {
            let row = row_of(body, *deleted, &mut apart);
            let back = together.put(&|column| &row[column]);
            prop_assert_eq!(back.as_ref(), Some(body), "{:?}", row);
            let is_number = InstanceRef::read(body).unwrap().kind() == Kind::Property && !deleted;
            prop_assert!(row[at::NUMBER] == Cell::Null || is_number);
        }
    }

    #[test]
    fn bytes_that_are_no_body_come_back_too(body in prop::collection::vec(any::<u8>(), 0..40)) {
        let row = row_of(&body, false, &mut Apart::default());
        prop_assert_eq!(Together::default().put(&|column| &row[column]), Some(body));
    }
}

/// The columns that a body of this text takes beside its value.
fn check(texts: &[&str], bodies: usize, decimals: &[i32]) {
    let mut apart = Apart::default();
    let rows: Vec<_> = texts
        .iter()
        .map(|text| {
            let parts = Parts {
                kind: Kind::Property,
                value: text,
                observed_at: None,
                expires_at: None,
                unit_code: None,
                value_type: None,
                object_types: &[],
                sealed: (None, None),
                attributes: None,
            };
            row_of(&parts.encode(), false, &mut apart)
        })
        .collect();
    assert_eq!(rows.iter().filter(|row| row[at::BODY] != Cell::Null).count(), bodies, "{texts:?}");
    let told: Vec<i32> = rows.iter().filter_map(|row| row[at::DECIMALS].as_int()).collect();
    assert_eq!(told, decimals, "{texts:?}");
}

#[test]
fn numbers_of_one_form_cost_nothing_but_themselves() {
    check(&["20.5", "21", "21.25"], 0, &[0, 0, 0]);
    check(&["20.0", "20.5", "-3.0", "20.25"], 0, &[1, 1, 1, 1]);
    check(&["1.50", "1.25", "2.00"], 0, &[2, 2, 2]);
    check(&["20.0", "7", "7"], 0, &[1, 0, 0]);
    check(&["1e3", "12345678901234567890"], 2, &[0, 0]);
}

#[test]
fn sub_attributes_are_told_in_json_without_the_body() {
    let subs = Attribute {
        name: "https://uri.etsi.org/ngsi-ld/default-context/accuracy".into(),
        instances: vec![Instance {
            unit_code: Some("P1".into()),
            ..Instance::new(Kind::Property, JsonText::parse("0.5").unwrap())
        }],
    };
    let body = encode_instance(&Instance {
        attributes: vec![subs],
        ..Instance::new(Kind::Property, JsonText::parse("1.0").unwrap())
    });
    let row = row_of(&body, false, &mut Apart::default());
    assert_eq!(row[at::BODY], Cell::Null);
    let json =
        r#"{"https://uri.etsi.org/ngsi-ld/default-context/accuracy":{"type":"Property","value":0.5,"unitCode":"P1"}}"#;
    assert_eq!(row[at::SUB_ATTRIBUTES], Cell::Text(json.into()));
}
