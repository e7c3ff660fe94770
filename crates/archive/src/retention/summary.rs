//! The summary of a period, as an instance holds it: a sub-attribute tells what it stands for.

use machi_model::entity::{Attribute, Instance as Body, InstanceRef, JsonText, Kind, value_of};
use machi_types::{Json, Name};

use crate::Instance;

/// The name of the sub-attribute that tells what a summary stands for.
pub const SUMMARY: &str = "urn:machi:summary";

/// What an instance stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many instances there were.
    pub count: u64,
    /// What numbers came to, where all were numbers, or all truth values, which count as 0 and 1.
    pub figures: Option<Figures>,
}

/// What numbers came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Their sum: the nearest double.
    pub sum: f64,
    /// What the sum lacks.
    pub lacking: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub greatest: f64,
    /// The sum of their squares.
    pub squares: f64,
    /// The sum of the squares of their distances from the mean.
    pub spread: f64,
}

/// What a value is to a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Number,
    Truth,
    Other,
}

impl Figures {
    /// Those of one number.
    pub fn of(number: f64) -> Self {
        let squares = number * number;
        Self { sum: number, lacking: 0.0, least: number, greatest: number, squares, spread: 0.0 }
    }
}

impl Summary {
    /// That of an instance: what it tells to stand for, or itself.
    pub fn of(instance: &Instance) -> Self {
        let Ok(body) = InstanceRef::read(&instance.body) else { return Self { count: 1, figures: None } };
        if instance.is_summary() {
            return told(&body).unwrap_or(Self { count: 1, figures: None });
        }
        let number = match class(&body) {
            Class::Number => body.value().parse().ok(),
            Class::Truth => Some(if body.value() == "true" { 1.0 } else { 0.0 }),
            Class::Other => None,
        };
        Self { count: 1, figures: number.map(Figures::of) }
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        let counts = (self.count as f64, other.count as f64);
        self.figures = match (self.figures, other.figures) {
            (Some(one), Some(more)) if self.count > 0 => Some(joined(counts, one, more)),
            (None, more) if self.count == 0 => more,
            _ => None,
        };
        self.count += other.count;
    }

    /// The mean of the numbers.
    pub fn mean(&self) -> Option<f64> {
        let figures = self.figures?;
        Some(((figures.sum + figures.lacking) / self.count as f64).clamp(figures.least, figures.greatest))
    }

    /// The sub-attribute that tells it.
    pub(super) fn attribute(&self, period: &'static str) -> Attribute {
        let mut members = vec![("period".into(), Json::from(period)), ("count".into(), Json::from(self.count))];
        if let Some(figures) = self.figures {
            members.extend([
                ("sum".into(), number(figures.sum)),
                ("min".into(), number(figures.least)),
                ("max".into(), number(figures.greatest)),
                ("sumsq".into(), number(figures.squares)),
                ("spread".into(), number(figures.spread)),
            ]);
            if figures.lacking != 0.0 {
                members.push(("lacking".into(), number(figures.lacking)));
            }
        }
        let body = Body::new(Kind::Property, JsonText::of(&Json::Object(members)));
        Attribute { name: Name::from(SUMMARY), instances: vec![body] }
    }
}

/// Two sums become one without losing what they lack; the spread is that about the mean of both (Chan, Golub, `LeVeque`
/// 1979).
fn joined((count, more): (f64, f64), one: Figures, other: Figures) -> Figures {
    let (sum, lost) = two_sum(one.sum, other.sum);
    let (sum, lacking) = two_sum(sum, lost + (one.lacking + other.lacking));
    let distance = other.sum / more - one.sum / count;
    Figures {
        sum,
        lacking,
        least: one.least.min(other.least),
        greatest: one.greatest.max(other.greatest),
        squares: one.squares + other.squares,
        spread: one.spread + other.spread + distance * distance * count * more / (count + more),
    }
}

/// The sum of two numbers, and what it lacks (Knuth).
fn two_sum(one: f64, other: f64) -> (f64, f64) {
    let sum = one + other;
    let back = sum - one;
    (sum, (one - (sum - back)) + (other - back))
}

fn number(number: f64) -> Json<'static> {
    let whole = number as i64;
    let is_whole = number.abs() < 9.0e15 && whole as f64 - number == 0.0;
    if is_whole { Json::Number(whole.into()) } else { Json::from(number) }
}

/// What a summary says that it stands for.
fn told(body: &InstanceRef<'_>) -> Option<Summary> {
    let sub = body.attributes().filter_map(Result::ok).find(|sub| sub.name.is(SUMMARY))?;
    let value = value_of(sub.instance.value()).ok()?;
    let number = |name: &str| value.get(name).and_then(Json::as_f64);
    let figures = || {
        Some(Figures {
            sum: number("sum")?,
            lacking: number("lacking").unwrap_or_default(),
            least: number("min")?,
            greatest: number("max")?,
            squares: number("sumsq")?,
            spread: number("spread")?,
        })
    };
    Some(Summary { count: value.get("count")?.as_u64()?, figures: figures() })
}

pub(super) fn class(body: &InstanceRef<'_>) -> Class {
    match (body.kind(), body.value().as_bytes().first()) {
        (Kind::Property, Some(b'-' | b'0'..=b'9')) if is_finite(body.value()) => Class::Number,
        (Kind::Property, Some(b't' | b'f')) => Class::Truth,
        _ => Class::Other,
    }
}

fn is_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}
