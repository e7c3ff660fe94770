//! What §4.9 says of one condition and one entity in normalized representation, sentence by sentence.

use std::cmp::Ordering;

use serde_json::Value;

use crate::kit::full;

/// The way to a target: an attribute, its sub-attributes or members of it, and the members of its value.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) names: Vec<&'static str>,
    pub(super) members: Vec<&'static str>,
}

/// A value in a query.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Number(f64),
    Flag(bool),
    Text(String),
    /// A date, a time or both, without quotation marks.
    Moment(String),
}

/// What `==` and `!=` compare with.
#[derive(Debug)]
pub(super) enum Operand {
    One(Scalar),
    List(Vec<Scalar>),
    Range(Scalar, Scalar),
}

/// A pattern by what it finds.
pub(super) type Finds = fn(&str) -> bool;

#[derive(Debug)]
pub(super) enum Test {
    Exists,
    Absent,
    Equal(Operand),
    Unequal(Operand),
    Order(&'static str, Scalar),
    Matches(Finds),
    MatchesNot(Finds),
}

/// What a path leads to.
#[derive(Debug)]
enum Target<'t> {
    Value(&'t Value),
    /// The texts of a languageMap that are asked for.
    Languages(Vec<&'t str>),
    /// The objects of a relationship.
    Links(Vec<String>),
    /// The words of a vocabulary, or a member that is no attribute.
    Words(Vec<String>),
    /// A member that is a time.
    Time(&'t str),
}

/// Whether the entity meets the condition: of several instances, one is enough.
pub(super) fn holds(entity: &Value, path: &Path, test: &Test) -> bool {
    let mut targets = Vec::new();
    if let Some(attribute) = entity.get(path.names[0]) {
        follow(attribute, &path.names[1..], &path.members, &mut targets);
    }
    match test {
        Test::Exists => !targets.is_empty(),
        Test::Absent => targets.is_empty(),
        Test::Equal(operand) => targets.iter().any(|target| equals(target, operand)),
        Test::Unequal(operand) => targets.iter().any(|target| !equals(target, operand)),
        Test::Order(sign, value) => targets.iter().any(|target| is_ordered(target, sign, value)),
        Test::Matches(finds) => targets.iter().any(|target| strings(target).into_iter().any(*finds)),
        Test::MatchesNot(finds) => targets.iter().any(|target| {
            let strings = strings(target);
            !strings.is_empty() && !strings.into_iter().any(*finds)
        }),
    }
}

fn follow<'t>(attribute: &'t Value, names: &[&str], members: &[&str], targets: &mut Vec<Target<'t>>) {
    for instance in listed(attribute) {
        match names {
            [] => targets.extend(target(instance, members)),
            [name, rest @ ..] => match (*name, instance.get(*name)) {
                (_, None) => {}
                ("observedAt", Some(time)) => targets.extend(time.as_str().map(Target::Time)),
                ("unitCode" | "datasetId" | "type", Some(word)) => targets.push(Target::Words(texts(word))),
                (_, Some(sub)) => follow(sub, rest, members, targets),
            },
        }
    }
}

/// The target of an instance, as its kind defines it.
fn target<'t>(instance: &'t Value, members: &[&str]) -> Option<Target<'t>> {
    match instance["type"].as_str()? {
        "LanguageProperty" => {
            let map = instance["languageMap"].as_object()?;
            let is_asked = |tag: &str| match members {
                [] | ["*"] => Some(true),
                [asked] => Some(tag.eq_ignore_ascii_case(asked)),
                _ => None,
            };
            let mut asked = map.iter().filter(|(tag, _)| is_asked(tag) == Some(true)).peekable();
            asked.peek()?;
            Some(Target::Languages(asked.flat_map(|(_, texts)| listed(texts)).filter_map(Value::as_str).collect()))
        }
        "Relationship" => members.is_empty().then(|| Target::Links(texts(&instance["object"]))),
        "ListRelationship" => {
            let objects = listed(&instance["objectList"]).into_iter().flat_map(|item| texts(&item["object"]));
            members.is_empty().then(|| Target::Links(objects.collect()))
        }
        "VocabProperty" => {
            let words = texts(&instance["vocab"]).into_iter();
            let words = words.map(|word| if word.contains(':') { word } else { full(&word) });
            members.is_empty().then(|| Target::Words(words.collect()))
        }
        kind => {
            let value = match kind {
                "JsonProperty" => &instance["json"],
                "ListProperty" => &instance["valueList"],
                _ => &instance["value"],
            };
            members.iter().try_fold(value, |value, member| value.as_object()?.get(*member)).map(Target::Value)
        }
    }
}

/// The items of an array, or the one that is none.
fn listed(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

fn texts(value: &Value) -> Vec<String> {
    listed(value).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An array includes what it is equal to; a range asks for a value between its ends.
fn equals(target: &Target<'_>, operand: &Operand) -> bool {
    let is_range = matches!(operand, Operand::Range(..));
    let text_equals = |text: &str| is_within(operand, |value| compare_text(text, value));
    match target {
        Target::Value(Value::Array(items)) => {
            !is_range && items.iter().any(|item| is_within(operand, |value| compare(item, value)))
        }
        Target::Value(value) => is_within(operand, |other| compare(value, other)),
        Target::Languages(texts) => texts.iter().any(|text| text_equals(text)),
        Target::Links(links) => !is_range && links.iter().any(|link| text_equals(link)),
        Target::Words(words) => words.iter().any(|word| text_equals(word)),
        Target::Time(time) => is_within(operand, |value| compare_time(time, value)),
    }
}

fn is_within(operand: &Operand, compare: impl Fn(&Scalar) -> Option<Ordering>) -> bool {
    match operand {
        Operand::One(value) => compare(value) == Some(Ordering::Equal),
        Operand::List(values) => values.iter().any(|value| compare(value) == Some(Ordering::Equal)),
        Operand::Range(from, to) => {
            compare(from).is_some_and(Ordering::is_ge) && compare(to).is_some_and(Ordering::is_le)
        }
    }
}

/// Relationships match with `==` and `!=` alone.
fn is_ordered(target: &Target<'_>, sign: &str, value: &Scalar) -> bool {
    let agrees = |ordering: Option<Ordering>| {
        ordering.is_some_and(|ordering| match sign {
            "<" => ordering.is_lt(),
            "<=" => ordering.is_le(),
            ">" => ordering.is_gt(),
            _ => ordering.is_ge(),
        })
    };
    match target {
        Target::Value(json) => agrees(compare(json, value)),
        Target::Time(time) => agrees(compare_time(time, value)),
        _ => strings(target).into_iter().any(|text| agrees(compare_text(text, value))),
    }
}

/// The strings that a pattern is held against; another type never matches.
fn strings<'t>(target: &'t Target<'_>) -> Vec<&'t str> {
    match target {
        Target::Value(value) => value.as_str().or_else(|| value.get("@value")?.as_str()).into_iter().collect(),
        Target::Languages(texts) => texts.clone(),
        Target::Words(words) => match words.as_slice() {
            [word] => vec![word.as_str()],
            _ => Vec::new(),
        },
        Target::Links(_) | Target::Time(_) => Vec::new(),
    }
}

/// None where the data types differ.
fn compare(json: &Value, value: &Scalar) -> Option<Ordering> {
    match (json, value) {
        (Value::Number(number), Scalar::Number(other)) => number.as_f64()?.partial_cmp(other),
        (Value::Bool(flag), Scalar::Flag(other)) => Some(flag.cmp(other)),
        (Value::String(text), _) => compare_text(text, value),
        // §4.6.3: a typed value stands for what it holds.
        (Value::Object(_), Scalar::Text(_)) => compare_time(json.get("@value")?.as_str()?, value),
        (Value::Object(_), _) => compare(json.get("@value")?, value),
        _ => None,
    }
}

fn compare_text(text: &str, value: &Scalar) -> Option<Ordering> {
    match value {
        Scalar::Text(other) => Some(text.cmp(other)),
        Scalar::Moment(_) => compare_time(text, value),
        Scalar::Number(_) | Scalar::Flag(_) => None,
    }
}

fn compare_time(time: &str, value: &Scalar) -> Option<Ordering> {
    let (Scalar::Text(other) | Scalar::Moment(other)) = value else { return None };
    let ((kind, time), (other_kind, other)) = (moment(time)?, moment(other)?);
    (kind == other_kind).then(|| time.cmp(&other))
}

/// A date, a time or both (§4.6.3): its form, and a text that orders as the times do.
fn moment(text: &str) -> Option<(String, String)> {
    let (main, fraction) = match text.strip_suffix('Z') {
        Some(rest) => rest.split_once('.').unwrap_or((rest, "")),
        None if text.len() == "0000-00-00".len() => (text, ""),
        None => return None,
    };
    let form: String = main.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let is_one = ["0000-00-00T00:00:00", "0000-00-00", "00:00:00"].contains(&form.as_str());
    is_one.then(|| (form, format!("{main}.{fraction:0<6}")))
}
