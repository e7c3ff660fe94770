//! The month before a city was loaded: which things have a past, and what was measured of them.
//!
//! It is what the simulator would have told, at whole steps: numbers at each of them, as instruments report, and words
//! when they change.

use std::collections::BTreeMap;

use super::Draft;
use crate::life::{Moment, Reading, Value};
use crate::plan::{Plan, Thing};

/// How far the past reaches, in seconds.
pub(crate) const MONTH: i64 = 30 * DAY;
/// Everything that has a past was measured within so many seconds of its beginning.
pub(crate) const FIRST_WITHIN: i64 = DAY;

const DAY: i64 = 86_400;

/// The past of a kind of things.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// How many seconds lie between two measurements.
    step: i64,
    /// How many of the kind have a past, at most: it is to be written within seconds in a metropolis, too.
    most: usize,
}

fn habit(thing: Thing) -> Option<Habit> {
    let (step, most) = match thing {
        Thing::Gauge(_) | Thing::Weather(_) | Thing::Air(_) | Thing::CarPark(_) => (900, 12),
        Thing::Room(_) => (7200, 360),
        Thing::Streetlight { .. } => (7200, 300),
        Thing::Device(_) => (DAY, 360),
        _ => return None,
    };
    Some(Habit { step, most })
}

impl Plan {
    /// What has a past: what the whole city shares, and then what is nearest to its centre.
    pub(crate) fn with_past(&self) -> Vec<Thing> {
        let mut parts: Vec<usize> = (0..self.parts()).collect();
        // The first part is that of the whole city.
        parts.sort_by_key(|part| part.checked_sub(1).map(|district| self.districts[district].remoteness));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut has_room = |thing: &Thing| {
            let count = counts.entry(Self::kind(*thing)).or_default();
            *count += 1;
            habit(*thing).is_some_and(|habit| *count <= habit.most)
        };
        parts.into_iter().flat_map(|part| self.part(part)).filter(|thing| has_room(thing)).collect()
    }

    /// Appends the evolution of a thing in the month before a second, and gives how many values it tells.
    pub(crate) fn write_past(&self, thing: Thing, until: i64, out: &mut Vec<u8>) -> usize {
        let mut draft = Draft::open(out, Self::kind(thing), &self.id(thing));
        let mut count = 0;
        for course in self.courses(thing, until) {
            if let Some((_, first)) = course.first() {
                draft.course(first.name, &course);
            }
            count += course.len();
        }
        draft.close();
        count
    }

    /// What was measured of each attribute, and when.
    fn courses(&self, thing: Thing, until: i64) -> Vec<Vec<(i64, Reading)>> {
        let mut courses: Vec<Vec<(i64, Reading)>> = Vec::new();
        let Some(Habit { step, .. }) = habit(thing) else { return courses };
        for number in (until - MONTH).div_euclid(step) + 1..=(until - 1).div_euclid(step) {
            let seconds = number * step;
            let readings = self.live(thing, Moment { seconds, flood: None });
            courses.resize_with(readings.len(), Vec::new);
            for (course, reading) in courses.iter_mut().zip(readings) {
                let is_told =
                    matches!(reading.value, Value::Word(_)) && course.last().is_some_and(|(_, last)| *last == reading);
                if !is_told {
                    course.push((seconds, reading));
                }
            }
        }
        courses
    }
}

#[cfg(test)]
mod tests {
    use machi_types::json;

    use super::*;
    use crate::plan::Size;

    /// 2026-06-03T03:14:15Z.
    const UNTIL: i64 = 1_780_456_455;

    fn number(value: Value) -> Option<i64> {
        match value {
            Value::Whole(value) | Value::Tenths(value) | Value::Hundredths(value) => Some(value),
            Value::Word(_) | Value::Place(_) => None,
        }
    }

    #[test]
    fn the_past_is_as_long_in_a_metropolis_as_in_a_city() {
        for size in [Size::Small, Size::City, Size::Metropolis] {
            let plan = Plan::new(size, 1);
            let (mut count, mut longest) = (0, 0);
            for thing in plan.with_past() {
                let mut out = Vec::new();
                count += plan.write_past(thing, UNTIL, &mut out);
                longest = longest.max(out.len());
            }
            assert!((500_000..1_000_000).contains(&count), "{size}: {count}");
            // What one request may hold.
            assert!(longest < 4 << 20, "{size}: {longest}");
        }
    }

    #[test]
    fn all_rooms_of_a_small_city_have_a_past() {
        let plan = Plan::new(Size::Small, 1);
        let is_room = |thing: &Thing| matches!(thing, Thing::Room(_));
        let all = (0..plan.parts()).flat_map(|part| plan.part(part)).filter(is_room).count();
        assert_eq!(plan.with_past().into_iter().filter(is_room).count(), all);
    }

    #[test]
    fn the_past_is_json_and_ends_before_the_city_was_loaded() {
        let plan = Plan::new(Size::Small, 1);
        for thing in plan.with_past().into_iter().step_by(40) {
            let mut out = Vec::new();
            plan.write_past(thing, UNTIL, &mut out);
            let evolution = json::parse(&out, json::DEFAULT_DEPTH).unwrap();
            assert_eq!(evolution.get("id").unwrap().as_str(), Some(&*plan.id(thing)));
            for course in plan.courses(thing, UNTIL) {
                let times: Vec<i64> = course.iter().map(|(seconds, _)| *seconds).collect();
                assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{thing:?}");
                assert!(
                    (UNTIL - MONTH..UNTIL - MONTH + FIRST_WITHIN).contains(&times[0]) && times[times.len() - 1] < UNTIL
                );
                let told = evolution.get(course[0].1.name).unwrap().as_array().unwrap();
                assert_eq!(told.len(), course.len());
            }
        }
    }

    #[test]
    fn the_past_leads_to_the_present_without_a_jump() {
        let plan = Plan::new(Size::Small, 1);
        let now = Moment { seconds: UNTIL, flood: None };
        for thing in plan.with_past() {
            for (course, present) in plan.courses(thing, UNTIL).iter().zip(plan.live(thing, now)) {
                let numbers: Vec<i64> = course.iter().filter_map(|(_, reading)| number(reading.value)).collect();
                let Some(present) = number(present.value) else { continue };
                let steps = numbers.windows(2).map(|pair| (pair[1] - pair[0]).abs());
                let last = numbers[numbers.len() - 1];
                assert!((present - last).abs() <= steps.max().unwrap().max(1), "{thing:?} {last} {present}");
            }
        }
    }

    #[test]
    fn words_are_told_when_they_change() {
        let plan = Plan::new(Size::Small, 1);
        let lamp = plan.with_past().into_iter().find(|thing| matches!(thing, Thing::Streetlight { .. })).unwrap();
        let courses = plan.courses(lamp, UNTIL);
        let power = courses.iter().find(|course| course[0].1.name == "powerState").unwrap();
        assert!(power.windows(2).all(|pair| pair[0].1 != pair[1].1));
        assert!((59..=61).contains(&power.len()), "{}", power.len());
    }
}
