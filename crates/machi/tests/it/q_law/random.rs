//! Random entities with every kind of attribute, and random questions with every operator.

use machi_testkit::Dice;
use serde_json::{Value, json};

use super::naive::{Finds, Operand, Path, Scalar, Test};
use crate::kit::thing;

/// Conditions, joined by and and or.
#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Term(Path, Test),
}

const NUMBERS: [&str; 8] = ["-1", "0", "1", "2", "2.5", "1e3", "10", "9007199254740992"];
const TEXTS: [&str; 18] = [
    "red",
    "blue",
    "Red",
    "",
    "a;b",
    "a,b",
    "x\"y",
    "a\\b",
    "1..2",
    "(p)",
    "line\nbreak",
    "10",
    "true",
    "赤",
    "𠮷",
    "\u{ffee}",
    "urn:x:1",
    "2020-01-01",
];
const MOMENTS: [&str; 6] =
    ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.500Z", "2020-06-01", "2020-01-01", "12:00:00Z", "12:00:00.0Z"];
/// Patterns as they stand in a query, and what they find.
const PATTERNS: [(&str, Finds); 14] = [
    ("red", |text| text.contains("red")),
    ("^red$", |text| text == "red"),
    ("\"red|blue\"", |text| text.contains("red") || text.contains("blue")),
    ("(red|blue)", |text| text.contains("red") || text.contains("blue")),
    ("^[Rr]ed", |text| text.starts_with("red") || text.starts_with("Red")),
    ("^$", str::is_empty),
    ("^.$", |text| text.chars().count() == 1),
    ("\\(p\\)", |text| text.contains("(p)")),
    ("\"x\\\"y\"", |text| text.contains("x\"y")),
    ("\"a;b\"", |text| text.contains("a;b")),
    ("a,b", |text| text.contains("a,b")),
    ("a\\\\b", |text| text.contains("a\\b")),
    ("line.break", |text| text.contains("line\nbreak")),
    ("[0-9]+", |text| text.contains(|c: char| c.is_ascii_digit())),
];

/// An entity of the type `T` with some of the attributes `a` to `d`.
pub(super) fn entity(number: u64, dice: &mut Dice) -> Value {
    let mut entity = json!({"id": thing(&number.to_string()), "type": "T"});
    for name in ["a", "b", "c", "d"] {
        if dice.chance(75) {
            entity[name] = attribute(dice);
        }
    }
    entity
}

/// One instance, or several with datasets.
fn attribute(dice: &mut Dice) -> Value {
    let mut instances = Vec::new();
    for dataset in ["", "urn:d:1", "urn:d:2"] {
        if dice.chance(20) {
            let mut instance = instance(2, dice);
            if !dataset.is_empty() {
                instance["datasetId"] = json!(dataset);
            }
            instances.push(instance);
        }
    }
    if instances.is_empty() { instance(2, dice) } else { Value::Array(instances) }
}

fn instance(depth: u64, dice: &mut Dice) -> Value {
    let mut instance = match dice.below(20) {
        0..=10 => json!({"type": "Property", "value": value(dice)}),
        11 | 12 => {
            let maps = [
                json!({"en": "red", "ja": "赤"}),
                json!({"en": ["red", "blue"], "fr": "rouge"}),
                json!({"de": "10", "en": "2020-01-01"}),
            ];
            json!({"type": "LanguageProperty", "languageMap": maps[dice.below(3) as usize]})
        }
        13 => json!({"type": "Relationship", "object": dice.pick(&["urn:x:1", "urn:x:2"])}),
        14 => json!({"type": "Relationship", "object": ["urn:x:2", dice.pick(&["urn:x:1", "urn:x:3"])]}),
        15 => json!({"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}, {"object": "urn:x:2"}]}),
        16 => json!({"type": "ListProperty", "valueList": [scalar(dice), scalar(dice)]}),
        17 => json!({"type": "VocabProperty", "vocab": dice.pick(&["red", "blue", "urn:x:1"])}),
        18 => json!({"type": "VocabProperty", "vocab": ["red", "blue"]}),
        _ => json!({"type": "JsonProperty", "json": {"k": scalar(dice), "m": {"n": "red"}}}),
    };
    if dice.chance(30) {
        instance["observedAt"] = json!(dice.pick(&["2020-01-01T00:00:00Z", "2021-05-05T12:00:00.250Z"]));
    }
    if instance["type"] == "Property" && dice.chance(20) {
        instance["unitCode"] = json!(dice.pick(&["CEL", "MTR"]));
    }
    if depth > 0 && dice.chance(35) {
        instance["s"] = self::instance(depth - 1, dice);
    }
    instance
}

fn value(dice: &mut Dice) -> Value {
    match dice.below(20) {
        0..=11 => scalar(dice),
        12..=14 => json!([scalar(dice), scalar(dice)]),
        15 => json!([]),
        16 => json!({"@type": "DateTime", "@value": "2020-01-01T00:00:00Z"}),
        17 => json!({"@type": "Date", "@value": "2020-06-01"}),
        _ => json!({"k": scalar(dice), "m": {"n": scalar(dice), "l": [scalar(dice)]}, "en": "red"}),
    }
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.below(10) {
        0..=3 => serde_json::from_str(dice.pick(&NUMBERS)).expect("it is a number"),
        4..=6 => json!(dice.pick(&TEXTS)),
        7 | 8 => json!(dice.pick(&MOMENTS)),
        _ => json!(dice.chance(50)),
    }
}

/// A question, and its text.
pub(super) fn query(depth: u64, dice: &mut Dice) -> (Query, String) {
    if depth == 0 || dice.chance(60) {
        let (path, text) = path(dice);
        let (test, condition) = condition(dice);
        let text = if matches!(test, Test::Absent) { format!("!{text}") } else { text + &condition };
        return (Query::Term(path, test), text);
    }
    let ((one, first), (other, second)) = (query(depth - 1, dice), query(depth - 1, dice));
    match dice.chance(50) {
        true => (Query::All(vec![one, other]), format!("({first});({second})")),
        false => (Query::Any(vec![one, other]), format!("({first})|({second})")),
    }
}

fn path(dice: &mut Dice) -> (Path, String) {
    let mut names = vec![dice.pick(&["a", "b", "c", "d"])];
    while names.len() < 3 && dice.chance(20) {
        names.push("s");
    }
    let mut members = Vec::new();
    match dice.below(10) {
        0 => names.push(dice.pick(&["observedAt", "unitCode", "datasetId", "type"])),
        1 | 2 => members = dice.pick(&[&["k"][..], &["m", "n"], &["m", "l"], &["en"], &["EN"], &["*"]]).to_vec(),
        _ => {}
    }
    let trail = if members.is_empty() { String::new() } else { format!("[{}]", members.join(".")) };
    let text = names.join(".") + &trail;
    (Path { names, members }, text)
}

fn condition(dice: &mut Dice) -> (Test, String) {
    match dice.below(12) {
        0 => (Test::Exists, String::new()),
        1 => (Test::Absent, String::new()),
        2..=4 => {
            let (operand, text) = operand(dice);
            (Test::Equal(operand), format!("=={text}"))
        }
        5 | 6 => {
            let (operand, text) = operand(dice);
            (Test::Unequal(operand), format!("!={text}"))
        }
        7..=9 => {
            let sign = dice.pick(&["<", "<=", ">", ">="]);
            let (value, text) = comparable(dice.below(3), dice);
            (Test::Order(sign, value), format!("{sign}{text}"))
        }
        10 => {
            let (text, finds) = dice.pick(&PATTERNS);
            (Test::Matches(finds), format!("~={text}"))
        }
        _ => {
            let (text, finds) = dice.pick(&PATTERNS);
            (Test::MatchesNot(finds), format!("!~={text}"))
        }
    }
}

fn operand(dice: &mut Dice) -> (Operand, String) {
    match dice.below(10) {
        0..=5 => {
            let (value, text) = any(dice);
            (Operand::One(value), text)
        }
        6 | 7 => {
            let ((one, first), (other, second)) = (any(dice), any(dice));
            (Operand::List(vec![one, other]), format!("{first},{second}"))
        }
        _ => {
            // Both ends are of one kind.
            let kind = dice.below(2);
            let ((from, first), (to, last)) = (comparable(kind, dice), comparable(kind, dice));
            (Operand::Range(from, to), format!("{first}..{last}"))
        }
    }
}

fn any(dice: &mut Dice) -> (Scalar, String) {
    match dice.below(8) {
        0 => {
            let flag = dice.chance(50);
            (Scalar::Flag(flag), flag.to_string())
        }
        // A URI needs no quotation marks.
        1 => (Scalar::Text("urn:x:1".to_owned()), "urn:x:1".to_owned()),
        _ => comparable(dice.below(3), dice),
    }
}

fn comparable(kind: u64, dice: &mut Dice) -> (Scalar, String) {
    match kind {
        0 => {
            let text = dice.pick(&NUMBERS);
            (Scalar::Number(text.parse().expect("it is a number")), text.to_owned())
        }
        1 => {
            let text = if dice.chance(70) { dice.pick(&TEXTS) } else { dice.pick(&MOMENTS) };
            (Scalar::Text(text.to_owned()), json!(text).to_string())
        }
        _ => {
            let text = dice.pick(&MOMENTS);
            (Scalar::Moment(text.to_owned()), text.to_owned())
        }
    }
}
