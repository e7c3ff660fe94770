//! What the methods make of a period (ETSI GS CIM 009 Table 4.5.19.1-1). Of values of several datatypes, each method
//! takes those that fit it: numbers if there are any, else the sizes of arrays, else texts.

use machi_model::query::{AggregationMethod, Moment};
use machi_types::{Json, Timestamp};

use super::Folded;
use super::numbers::Numbers;
use super::series::{Accumulator, Moments, Others, Traits};

/// Whether a method has something to work on in a series.
pub(crate) fn is_possible(method: AggregationMethod, folded: &Folded) -> bool {
    let Traits { has_numbers, has_sizes, has_texts, .. } = folded.traits;
    match method {
        AggregationMethod::TotalCount | AggregationMethod::DistinctCount => true,
        AggregationMethod::Sum => has_numbers || has_sizes,
        AggregationMethod::Avg => has_numbers || has_sizes || folded.traits.has_times_of_day(),
        AggregationMethod::Min | AggregationMethod::Max => has_numbers || has_sizes || has_texts,
        AggregationMethod::Stddev | AggregationMethod::Sumsq => has_numbers,
    }
}

/// What a method makes of a period of a series; nothing where it has nothing to work on.
pub(crate) fn result(method: AggregationMethod, period: &Accumulator, folded: &Folded) -> Option<Json<'static>> {
    let traits = folded.traits;
    match method {
        AggregationMethod::TotalCount => Some(Json::from(period.count)),
        // Values that were summed up cannot be told apart any more.
        AggregationMethod::DistinctCount => (!period.is_summed).then(|| Json::from(period.distinct.len() as u64)),
        AggregationMethod::Sum => figures(period, traits).map(Numbers::sum),
        AggregationMethod::Avg => match figures(period, traits) {
            Some(figures) => Some(figures.mean()),
            None => mean_time_of_day(period, traits),
        },
        AggregationMethod::Min => extreme(period, traits, Numbers::least, |(least, _)| least, |known| known.least),
        AggregationMethod::Max => {
            extreme(period, traits, Numbers::greatest, |(_, greatest)| greatest, |known| known.greatest)
        }
        AggregationMethod::Stddev => numbers_of(period, traits).and_then(Numbers::standard_deviation),
        AggregationMethod::Sumsq => numbers_of(period, traits).map(Numbers::sum_of_squares),
    }
}

fn numbers_of(period: &Accumulator, traits: Traits) -> Option<&Numbers> {
    Some(&period.numbers).filter(|numbers| traits.has_numbers && !numbers.is_empty())
}

/// Numbers if the series has any, else the sizes of its arrays.
fn figures(period: &Accumulator, traits: Traits) -> Option<&Numbers> {
    if traits.has_numbers {
        return numbers_of(period, traits);
    }
    others(period).map(|others| &others.sizes).filter(|sizes| !sizes.is_empty())
}

fn extreme(
    period: &Accumulator,
    traits: Traits,
    of_numbers: fn(&Numbers) -> Json<'static>,
    of_texts: fn(&(String, String)) -> &String,
    of_moments: fn(&Moments) -> Moment,
) -> Option<Json<'static>> {
    if traits.has_numbers || traits.has_sizes {
        return figures(period, traits).map(of_numbers);
    }
    let others = others(period)?;
    match &others.moments {
        Some(moments) if traits.has_moments() => Some(Json::from(of_moments(moments).to_string())),
        _ => others.texts.as_ref().map(|texts| Json::from(of_texts(texts).clone())),
    }
}

fn mean_time_of_day(period: &Accumulator, traits: Traits) -> Option<Json<'static>> {
    let moments = others(period)?.moments.filter(|_| traits.has_times_of_day())?;
    let mean = i64::try_from(moments.sum / moments.count).ok()?;
    Some(Json::from(Moment::Time(Timestamp::from_micros(mean)).to_string()))
}

fn others(period: &Accumulator) -> Option<&Others> {
    period.others.as_deref().filter(|_| !period.is_summed)
}
