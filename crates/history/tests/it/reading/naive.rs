//! Queries of random histories, answered by a plain reading of the law over a flat list of instances, and compared.

use std::collections::BTreeSet;

use machi_model::entity::Kind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::city::{City, T};

/// Everything that was written: one instance a commit.
#[derive(Clone, Debug)]
struct Row {
    entity: u8,
    attribute: &'static str,
    dataset: Option<&'static str>,
    /// None on one that says "there is none".
    value: Option<i64>,
    /// In minutes.
    observed: Option<i64>,
}

#[derive(Clone, Debug)]
struct Asked {
    by_creation: bool,
    start: Option<i64>,
    end: Option<i64>,
    attrs: Vec<&'static str>,
    /// Conditions, each of which must be met: an attribute, a sign, a value.
    q: Vec<(&'static str, &'static str, i64)>,
    datasets: Vec<&'static str>,
    last: Option<usize>,
}

const ATTRIBUTES: [&str; 3] = ["a", "b", "c"];
const SIGNS: [&str; 6] = ["==", "!=", ">", "<", "", "!"];
const SET: &str = "urn:ds:x";
/// The number of minutes in which things are observed.
const MINUTES: i64 = 12;

fn row() -> impl Strategy<Value = Row> {
    let value = prop_oneof![6 => (0_i64..4).prop_map(Some), 1 => Just(None)];
    let observed = prop_oneof![4 => (0..MINUTES).prop_map(Some), 1 => Just(None)];
    let dataset = prop_oneof![3 => Just(None), 1 => Just(Some(SET))];
    (0_u8..4, prop::sample::select(&ATTRIBUTES[..]), dataset, value, observed).prop_map(
        |(entity, attribute, dataset, value, observed)| {
            // A deletion is of the default series, and was never observed.
            let dataset = value.and(dataset);
            Row { entity, attribute, dataset, value, observed: value.and(observed) }
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let condition = (prop::sample::select(&ATTRIBUTES[..]), prop::sample::select(&SIGNS[..]), 0_i64..4);
    let bound = prop_oneof![(0..=MINUTES).prop_map(Some), Just(None)];
    (
        prop::bool::weighted(0.2),
        (bound.clone(), bound),
        prop::sample::subsequence(ATTRIBUTES.to_vec(), 0..3),
        prop::collection::vec(condition, 0..3),
        prop::sample::subsequence(vec!["@none", SET], 0..2),
        prop::option::of(1_usize..4),
    )
        .prop_map(|(by_creation, (start, end), attrs, q, datasets, last)| {
            let (start, end) = match (start, end) {
                (Some(start), Some(end)) => (Some(start.min(end)), Some(start.max(end))),
                (None, None) => (Some(0), None),
                other => other,
            };
            Asked { by_creation, start, end, attrs, q, datasets, last }
        })
}

/// A minute of what was observed, or of what was committed, each commit lasting one.
fn text(by_creation: bool, minute: i64) -> String {
    // The commits of a city begin at midnight, a second apart.
    if by_creation { format!("2026-03-05T00:00:{minute:02}Z") } else { format!("2026-03-01T09:{minute:02}:00Z") }
}

impl Asked {
    fn parameters(&self) -> String {
        let at = |minute: i64| text(self.by_creation, minute);
        let mut all = match (self.start, self.end) {
            (Some(start), Some(end)) => format!("timerel=between&timeAt={}&endTimeAt={}", at(start), at(end)),
            (Some(start), None) => format!("timerel=after&timeAt={}", at(start)),
            (None, end) => format!("timerel=before&timeAt={}", at(end.unwrap_or(MINUTES))),
        };
        if self.by_creation {
            all.push_str("&timeproperty=createdAt");
        }
        for (name, list) in [("attrs", &self.attrs), ("datasetId", &self.datasets)] {
            if !list.is_empty() {
                all.extend(["&", name, "=", &list.join(",")]);
            }
        }
        let conditions: Vec<String> = self
            .q
            .iter()
            .map(|(attribute, sign, value)| match *sign {
                "" => (*attribute).to_owned(),
                "!" => format!("!{attribute}"),
                sign => format!("{attribute}{}{value}", sign.replace('>', "%3E").replace('<', "%3C")),
            })
            .collect();
        if !conditions.is_empty() {
            all.extend(["&q=", &conditions.join(";")]);
        }
        if let Some(last) = self.last {
            all.extend(["&lastN=", &last.to_string()]);
        }
        all
    }

    fn time(&self, rows: &[Row], number: usize) -> Option<i64> {
        let row = &rows[number];
        if self.by_creation { row.value.map(|_| number as i64) } else { row.observed }
    }

    fn is_in_time(&self, time: i64) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time < end)
    }

    fn is_of_dataset(&self, row: &Row) -> bool {
        self.datasets.is_empty() || self.datasets.contains(&row.dataset.unwrap_or("@none"))
    }

    /// The values that count in a condition on an attribute of an entity.
    fn counting(&self, rows: &[Row], entity: u8, attribute: &str) -> Vec<i64> {
        let of = |row: &Row| row.entity == entity && row.attribute == attribute;
        let mut values = Vec::new();
        for (number, row) in rows.iter().enumerate().filter(|(_, row)| of(row)) {
            if self.time(rows, number).is_some_and(|time| self.is_in_time(time)) {
                values.extend(row.value);
            }
        }
        for dataset in [None, Some(SET)] {
            let series = || rows.iter().enumerate().filter(move |(_, row)| of(row) && row.dataset == dataset);
            let is_static = series().all(|(number, _)| self.time(rows, number).is_none());
            // Everything was committed after what was observed, days later: only an open end reaches it.
            if is_static && !self.by_creation && self.end.is_none() {
                values.extend(series().filter_map(|(_, row)| row.value).next_back());
            }
        }
        values
    }

    fn meets(&self, rows: &[Row], entity: u8) -> bool {
        self.q.iter().all(|(attribute, sign, wanted)| {
            let values = self.counting(rows, entity, attribute);
            match *sign {
                "==" => values.contains(wanted),
                "!=" => values.iter().any(|value| value != wanted),
                ">" => values.iter().any(|value| value > wanted),
                "<" => values.iter().any(|value| value < wanted),
                "!" => values.is_empty(),
                _ => !values.is_empty(),
            }
        })
    }

    /// The numbers of the rows that are shown of an entity.
    fn shown(&self, rows: &[Row], entity: u8) -> Vec<usize> {
        let mut all = Vec::new();
        for attribute in ATTRIBUTES {
            for dataset in [None, Some(SET)] {
                let is_shown = |number: &usize| {
                    let row = &rows[*number];
                    (row.entity, row.attribute, row.dataset) == (entity, attribute, dataset)
                        && (self.attrs.is_empty() || self.attrs.contains(&attribute))
                        && self.is_of_dataset(row)
                        && self.time(rows, *number).is_some_and(|time| self.is_in_time(time))
                };
                let mut series: Vec<usize> = (0..rows.len()).filter(is_shown).collect();
                series.sort_by_key(|number| (self.time(rows, *number), *number));
                let last = self.last.unwrap_or(usize::MAX).min(series.len());
                all.extend(series.split_off(series.len() - last));
            }
        }
        all
    }

    /// What the law comes to.
    fn expected(&self, rows: &[Row]) -> Value {
        let mut entities = Vec::new();
        for entity in 0..4 {
            let shown = self.shown(rows, entity);
            if shown.is_empty() || !self.meets(rows, entity) {
                continue;
            }
            let mut told = json!({"id": id(entity), "type": "X"});
            for attribute in ATTRIBUTES {
                let mut all: Vec<usize> =
                    shown.iter().copied().filter(|number| rows[*number].attribute == attribute).collect();
                all.sort_by_key(|number| (self.time(rows, *number), rows[*number].dataset, *number));
                if !all.is_empty() {
                    told[attribute] = all.into_iter().map(|number| self.told(rows, number)).collect();
                }
            }
            entities.push(told);
        }
        Value::from(entities)
    }

    fn told(&self, rows: &[Row], number: usize) -> Value {
        let row = &rows[number];
        let mut told = instance(row);
        if self.by_creation {
            told["createdAt"] = json!(text(true, number as i64));
        }
        told
    }
}

fn id(entity: u8) -> String {
    format!("urn:ngsi-ld:X:{entity}")
}

fn instance(row: &Row) -> Value {
    let mut told = json!({"type": "Property", "value": row.value});
    if let Some(minute) = row.observed {
        told["observedAt"] = json!(text(false, minute));
    }
    if let Some(dataset) = row.dataset {
        told["datasetId"] = json!(dataset);
    }
    told
}

fn city(rows: &[Row], instances: usize) -> City {
    let city = City::cutting(instances);
    for row in rows {
        match row.value {
            Some(_) => city.given(&json!({"id": id(row.entity), "type": "X", row.attribute: instance(row)})),
            None => city.deleted(&id(row.entity), row.attribute, Kind::Property),
        };
    }
    city
}

/// Every instance that an answer shows, with its place.
fn instances(answer: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for entity in answer.as_array().into_iter().flatten() {
        for (name, instances) in entity.as_object().unwrap() {
            for one in instances.as_array().into_iter().flatten() {
                all.push(format!("{} {name} {}", entity["id"], one["instanceId"]));
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn answers_are_what_the_law_comes_to(
        rows in prop::collection::vec(row(), 1..40), questions in prop::collection::vec(asked(), 1..6), most in 2_usize..9,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (whole, cutting) = (city(&rows, 10_000), city(&rows, most));
        for asked in questions {
            let path = format!("{T}?type=X&limit=1000&{}", asked.parameters());
            let reply = runtime.block_on(whole.ask(&path));
            prop_assert_eq!(reply.status.as_u16(), 200, "{} {}", path, reply.text());
            prop_assert_eq!(reply.value(), asked.expected(&rows), "{}", path);
            let counted = runtime.block_on(whole.ask(&format!("{path}&count=true&offset=1").replace("limit=1000", "limit=1")));
            let count = reply.value().as_array().unwrap().len();
            prop_assert_eq!(counted.header("ngsild-results-count"), count.to_string());
            check_cut(&runtime, &cutting, &path, &instances(&reply.raw()), most, asked.last.is_some())?;
        }
    }
}

/// The answers of a city that cuts them show the same instances, each once.
fn check_cut(
    runtime: &tokio::runtime::Runtime,
    city: &City,
    path: &str,
    expected: &[String],
    most: usize,
    is_backwards: bool,
) -> Result<(), TestCaseError> {
    let relation = if is_backwards { "intervalbefore" } else { "intervalafter" };
    let (mut all, mut next) = (BTreeSet::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let reply = runtime.block_on(city.ask(&path));
        if reply.status == 403 {
            // More at one instant than an answer holds.
            return Ok(());
        }
        let shown = instances(&reply.raw());
        prop_assert!(shown.len() <= most, "{} {}", path, reply.text());
        prop_assert!(reply.link(relation).is_none() || !shown.is_empty(), "{}", path);
        for one in shown {
            prop_assert!(all.insert(one.clone()), "{} twice: {}", one, path);
        }
        next = reply.link(relation);
    }
    prop_assert_eq!(all, expected.iter().cloned().collect::<BTreeSet<_>>(), "{}", path);
    Ok(())
}
