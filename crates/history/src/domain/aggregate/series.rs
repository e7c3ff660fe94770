//! What a series comes to, period by period.

use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};

use machi_model::entity::Kind;
use machi_model::query::{AggregationMethod, Moment};
use machi_types::Timestamp;

use super::distinct::Distinct;
use super::numbers::Numbers;

/// What has to be kept of values for the methods that are asked for.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one figure whether anybody needs it")]
pub(crate) struct Needs {
    pub(crate) extremes: bool,
    pub(crate) sum: bool,
    pub(crate) squares: bool,
    pub(crate) spread: bool,
    pub(crate) distinct: bool,
}

/// A series that is folded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folded {
    /// The kind of the newest instance, and when that was.
    kind: Option<(Timestamp, Kind)>,
    pub(super) traits: Traits,
    pub(crate) periods: BTreeMap<i64, Accumulator>,
}

/// Which datatypes the values of a series are of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits {
    pub(super) has_numbers: bool,
    pub(super) has_sizes: bool,
    pub(super) has_texts: bool,
    form: Form,
}

/// Of which form all texts of a series are.
#[derive(Clone, Copy, Debug, Default)]
enum Form {
    #[default]
    Unknown,
    /// Date-times, dates, or times of day.
    Moments(Discriminant<Moment>),
    Texts,
}

/// The values of a period.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accumulator {
    pub(super) count: u64,
    pub(super) numbers: Numbers,
    pub(super) distinct: Distinct,
    pub(super) others: Option<Box<Others>>,
    /// Whether some values are known by their sums alone.
    pub(super) is_summed: bool,
}

/// Those that are no numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Others {
    /// The sizes of arrays.
    pub(super) sizes: Numbers,
    pub(super) texts: Option<(String, String)>,
    pub(super) moments: Option<Moments>,
}

/// Date-times, dates, or times of day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub(super) least: Moment,
    pub(super) greatest: Moment,
    pub(super) count: i128,
    pub(super) sum: i128,
}

impl Needs {
    /// All of it.
    #[cfg(test)]
    pub(crate) const ALL: Self = Self { extremes: true, sum: true, squares: true, spread: true, distinct: true };

    pub(crate) fn of(methods: &[AggregationMethod]) -> Self {
        let mut needs = Self::default();
        for method in methods {
            match method {
                AggregationMethod::TotalCount => {}
                AggregationMethod::DistinctCount => needs.distinct = true,
                AggregationMethod::Sum | AggregationMethod::Avg => needs.sum = true,
                AggregationMethod::Min | AggregationMethod::Max => needs.extremes = true,
                AggregationMethod::Stddev => needs.spread = true,
                AggregationMethod::Sumsq => needs.squares = true,
            }
        }
        needs
    }
}

impl Folded {
    /// The kind of the newest instance.
    pub(crate) fn kind(&self) -> Kind {
        self.kind.map_or(Kind::Property, |(_, kind)| kind)
    }

    pub(super) fn note_kind(&mut self, time: Timestamp, kind: Kind) {
        if self.kind.is_none_or(|(known, _)| known <= time) {
            self.kind = Some((time, kind));
        }
    }

    pub(super) fn note_text(&mut self, moment: Option<Moment>) {
        self.traits.has_texts = true;
        self.traits.form = match (self.traits.form, moment.map(|moment| discriminant(&moment))) {
            (Form::Unknown, Some(form)) => Form::Moments(form),
            (Form::Moments(known), Some(form)) if known == form => Form::Moments(known),
            _ => Form::Texts,
        };
    }
}

impl Traits {
    /// Whether all texts are date-times, dates, or times of day.
    pub(super) fn has_moments(&self) -> bool {
        matches!(self.form, Form::Moments(_))
    }

    /// Whether all texts are times of day, which have a mean.
    pub(super) fn has_times_of_day(&self) -> bool {
        let time = Moment::Time(Timestamp::from_micros(0));
        matches!(self.form, Form::Moments(form) if form == discriminant(&time))
    }
}

impl Accumulator {
    /// Takes a slice of numbers.
    pub(super) fn extend(&mut self, numbers: &[f64], needs: Needs) {
        self.count += numbers.len() as u64;
        self.numbers.extend(numbers, needs);
        if needs.distinct {
            self.distinct.extend(numbers);
        }
    }

    pub(super) fn others(&mut self) -> &mut Others {
        self.others.get_or_insert_default()
    }
}

impl Others {
    pub(super) fn take_text(&mut self, text: &str, moment: Option<Moment>) {
        match &mut self.texts {
            None => self.texts = Some((text.to_owned(), text.to_owned())),
            Some((least, greatest)) => {
                if text < least.as_str() {
                    text.clone_into(least);
                }
                if text > greatest.as_str() {
                    text.clone_into(greatest);
                }
            }
        }
        if let Some(moment) = moment {
            self.take_moment(moment);
        }
    }

    fn take_moment(&mut self, moment: Moment) {
        let (Moment::DateTime(time) | Moment::Date(time) | Moment::Time(time)) = moment;
        let micros = i128::from(time.micros());
        let Some(known) = &mut self.moments else {
            self.moments = Some(Moments { least: moment, greatest: moment, count: 1, sum: micros });
            return;
        };
        if moment.compare(known.least).is_some_and(std::cmp::Ordering::is_lt) {
            known.least = moment;
        }
        if moment.compare(known.greatest).is_some_and(std::cmp::Ordering::is_gt) {
            known.greatest = moment;
        }
        known.count += 1;
        known.sum += micros;
    }
}
