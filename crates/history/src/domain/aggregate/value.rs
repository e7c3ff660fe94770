//! What a value counts as, by its datatype (ETSI GS CIM 009 Table 4.5.19.1-1).

use machi_archive::retention::Summary;
use machi_model::entity::{InstanceRef, Kind, iris_of, value_of};
use machi_model::query::Moment;
use machi_types::{Json, Number, Timestamp};

use super::distinct::Distinct;
use super::series::{Folded, Needs};

/// Takes an instance into the period of this number.
pub(super) fn take(folded: &mut Folded, number: i64, time: Timestamp, instance: &InstanceRef<'_>, needs: Needs) {
    folded.note_kind(time, instance.kind());
    let kind = instance.kind();
    if kind.is_link() {
        let period = folded.periods.entry(number).or_default();
        period.count += 1;
        if needs.distinct {
            iris_of(instance.value()).for_each(|target| period.distinct.take(&Json::from(target)));
        }
        return;
    }
    // INVARIANT: what was stored is JSON; what cannot be read counts, and is nothing else.
    let value = value_of(instance.value()).unwrap_or(Json::Null);
    match kind {
        Kind::Property | Kind::ListProperty => take_value(folded, number, &value, needs),
        _ => folded.periods.entry(number).or_default().count += 1,
    }
    if needs.distinct {
        let distinct: &mut Distinct = &mut folded.periods.entry(number).or_default().distinct;
        distinct.take(&value);
    }
}

/// Takes what stands for several instances. Of what are no numbers only the last is known, and how many there were.
pub(super) fn take_summary(
    folded: &mut Folded,
    (number, time): (i64, Timestamp),
    instance: &InstanceRef<'_>,
    summary: &Summary,
    needs: Needs,
) {
    if let Some(figures) = &summary.figures {
        folded.note_kind(time, instance.kind());
        folded.traits.has_numbers = true;
        let period = folded.periods.entry(number).or_default();
        period.count += summary.count;
        period.numbers.add(figures, summary.count, needs);
    } else {
        take(folded, number, time, instance, needs);
        folded.periods.entry(number).or_default().count += summary.count.saturating_sub(1);
    }
    folded.periods.entry(number).or_default().is_summed = true;
}

/// Takes an instance that has no value, and counts all the same.
pub(super) fn count(folded: &mut Folded, number: i64, time: Timestamp, kind: Kind) {
    folded.note_kind(time, kind);
    folded.periods.entry(number).or_default().count += 1;
}

fn take_value(folded: &mut Folded, number: i64, value: &Json<'_>, needs: Needs) {
    // A typed value (§4.6.3) counts as what it holds.
    let value = value.get("@value").unwrap_or(value);
    match value {
        Json::Number(one) => take_number(folded, number, one, needs),
        Json::Bool(one) => take_number(folded, number, &Number::from(u8::from(*one)), needs),
        Json::Array(items) => {
            folded.traits.has_sizes = true;
            let period = folded.periods.entry(number).or_default();
            period.count += 1;
            period.others().sizes.extend(&[items.len() as f64], needs);
        }
        Json::String(text) => {
            let moment = Moment::parse(text);
            folded.note_text(moment);
            let period = folded.periods.entry(number).or_default();
            period.count += 1;
            if needs.extremes || needs.sum {
                period.others().take_text(text, moment);
            }
        }
        Json::Null | Json::Object(_) => folded.periods.entry(number).or_default().count += 1,
    }
}

fn take_number(folded: &mut Folded, number: i64, one: &Number, needs: Needs) {
    folded.traits.has_numbers = true;
    let period = folded.periods.entry(number).or_default();
    period.count += 1;
    period.numbers.push(one, needs);
}
