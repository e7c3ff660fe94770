//! Entities whose past a policy sums up while the city crashes: what was acknowledged is there whole, or inside a summary,
//! and never both; the figures of whole hours are what they were when all was whole.

use std::collections::{BTreeMap, BTreeSet};

use super::Series;
use crate::kit::*;

/// How many of them each writer has.
pub(crate) const ENTITIES: u64 = 2;
/// Their type.
pub(crate) const TYPE: &str = "Aged";
/// The attributes that are written to.
const ATTRIBUTES: [&str; 2] = ["a", "b"];
/// What policies leave of them, one after the other: all that is written is older than their first times.
const POLICIES: [&[(&str, &str)]; 2] =
    [&[("raw", "P30D"), ("minutes", "forever")], &[("raw", "P30D"), ("minutes", "P60D"), ("hours", "forever")]];
/// Seconds between two values, so that each minute and hour has several.
const APART: i64 = 7;

/// What numbers come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    count: u64,
    sum: f64,
    least: f64,
    greatest: f64,
}

/// Figures by hour.
type Hours = BTreeMap<String, Figures>;

/// An instance that is told: whole, or the summary of a period.
enum Told {
    Whole(i64),
    Summary(Figures),
}

impl Figures {
    fn of(value: f64) -> Self {
        Self { count: 1, sum: value, least: value, greatest: value }
    }

    /// What the sub-attribute of a summary says.
    fn told(summary: &Value) -> Option<Self> {
        let number = |name: &str| summary[name].as_f64();
        Some(Self {
            count: summary["count"].as_u64()?,
            sum: number("sum")?,
            least: number("min")?,
            greatest: number("max")?,
        })
    }

    fn joined(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
        }
    }
}

impl Told {
    /// From the value, and the sub-attributes beside it.
    fn of(value: &Value, beside: &Value) -> Self {
        let summary = &beside["urn:machi:summary"]["value"];
        match (Figures::told(summary), value.as_f64()) {
            (Some(figures), _) => Self::Summary(figures),
            (None, Some(number)) => Self::Whole(number as i64),
            (None, None) => panic!("{value} is no number, and {beside} tells no summary"),
        }
    }

    fn figures(&self) -> Figures {
        match self {
            Self::Whole(value) => Figures::of(*value as f64),
            Self::Summary(figures) => *figures,
        }
    }
}

/// The id of one of a writer's entities.
pub(crate) fn name(writer: u64, entity: u64) -> String {
    format!("urn:ngsi-ld:{TYPE}:{writer}-{entity}")
}

/// All series of a writer.
pub(crate) fn series(writer: u64) -> Vec<Series> {
    (0..ENTITIES).flat_map(|entity| ATTRIBUTES.map(|attribute| (name(writer, entity), attribute))).collect()
}

/// A value with a time of its own, years ago.
pub(crate) fn observed(value: i64) -> Value {
    json!({"type": "Property", "value": value, "observedAt": time(value)})
}

fn time(value: i64) -> String {
    let seconds = value * APART;
    let (day, hour, minute, second) = (seconds / 86_400 + 1, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("2020-05-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The hour of a time.
fn hour(time: &str) -> &str {
    time.get(.."2020-05-01T00".len()).unwrap_or_default()
}

/// Says how long their past stays: the shortest at first, then for longer as well.
pub(crate) fn set_policy(client: &Client, number: usize) {
    let policy: serde_json::Map<String, Value> =
        POLICIES[number % POLICIES.len()].iter().map(|(name, length)| ((*name).to_owned(), json!(length))).collect();
    let answer = client.put(&format!("/machi/v1/history/policies/{TYPE}")).json(Value::Object(policy)).send();
    assert!(matches!(answer.status, 201 | 204), "{answer:?}");
}

fn add(hours: &mut Hours, time: &str, more: Figures) {
    let known = hours.remove(hour(time)).map_or(more, |known| known.joined(more));
    hours.insert(hour(time).to_owned(), known);
}

/// Compares what the temporal API tells of a series with what was acknowledged; how many summaries there are.
pub(crate) fn check(client: &Client, (id, attribute): &Series, values: &[i64]) -> usize {
    if values.is_empty() {
        return 0;
    }
    let path = format!("/temporal/entities/{id}");
    let ask = |query: &[(&str, &str)]| client.get(&path).query(query).send().expect_status(200).json();
    let mut expected = Hours::new();
    values.iter().for_each(|value| add(&mut expected, &time(*value), Figures::of(*value as f64)));

    let all = ask(&[("attrs", attribute)]);
    let (mut hours, mut whole, mut summaries) = (Hours::new(), Vec::new(), 0);
    for instance in listed(&all[attribute]) {
        let told = Told::of(&instance["value"], instance);
        add(&mut hours, instance["observedAt"].as_str().unwrap_or_default(), told.figures());
        match told {
            Told::Whole(value) => whole.push(value),
            Told::Summary(_) => summaries += 1,
        }
    }
    let known: BTreeSet<i64> = values.iter().copied().collect();
    let distinct: BTreeSet<i64> = whole.iter().copied().collect();
    assert!(distinct.len() == whole.len() && distinct.is_subset(&known), "{id} {attribute}: {whole:?} of {values:?}");
    assert_eq!(hours, expected, "{id} {attribute}: instances and summaries, by hour");

    let aggregated = ask(&[
        ("attrs", attribute),
        ("format", "aggregatedValues"),
        ("aggrMethods", "totalCount,sum,min,max"),
        ("aggrPeriodDuration", "PT1H"),
        ("timerel", "after"),
        ("timeAt", "2020-05-01T00:00:00Z"),
    ]);
    assert_eq!(by_hour(&aggregated[attribute]), expected, "{id} {attribute}: aggregated by hour");
    summaries
}

/// The instances of an attribute, of which there may be one or none.
fn listed(instances: &Value) -> impl Iterator<Item = &Value> {
    let one = instances.is_object().then_some(instances);
    instances.as_array().into_iter().flatten().chain(one)
}

fn by_hour(aggregated: &Value) -> Hours {
    let periods = |method: &str| aggregated[method].as_array().cloned().unwrap_or_default();
    let (sums, least, greatest) = (periods("sum"), periods("min"), periods("max"));
    let counts = periods("totalCount").into_iter().enumerate();
    let figures = counts.map(|(place, count)| {
        let figures =
            json!({"count": count[0], "sum": sums[place][0], "min": least[place][0], "max": greatest[place][0]});
        let begins = count[1].as_str().unwrap_or_default();
        (hour(begins).to_owned(), Figures::told(&figures).unwrap_or_else(|| panic!("no figures in {aggregated}")))
    });
    figures.collect()
}

/// What an outside reader finds of a series in the rows of the table, over all time.
pub(crate) fn outside(known: Option<Figures>, number: &Value, sub_attributes: &Value) -> Figures {
    let beside = sub_attributes.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let figures = Told::of(number, &beside).figures();
    known.map_or(figures, |known| known.joined(figures))
}

/// What these values come to.
pub(crate) fn figures(values: &[i64]) -> Option<Figures> {
    values.iter().map(|value| Figures::of(*value as f64)).reduce(Figures::joined)
}
