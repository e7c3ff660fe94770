//! The flood as people start it and call it off, by the entity `CityScenario`.

use machi_types::{Json, Timestamp};

use super::second;
use crate::entities::FLOOD;
use crate::life::Flood;

/// What is known of the flood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Course {
    pub(super) flood: Option<Flood>,
    is_called_off: bool,
}

/// What the scenario entity says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    is_running: bool,
    started: Option<i64>,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It begins, and its start is to be written down.
    Begins,
    /// It goes on from before this simulator started.
    GoesOn,
    /// It was called off.
    CalledOff,
    /// The water has gone down, and the entity is to be set back.
    Over,
}

impl Said {
    /// Reads the entity; one that is missing says nothing.
    pub(super) fn of(entity: Option<&Json<'_>>) -> Self {
        let text = |name: &str| entity.and_then(|entity| entity.get(name)?.as_str());
        let started = text("startedAt").and_then(|time| time.parse::<Timestamp>().ok());
        Self { is_running: text("state") == Some("running"), started: started.map(second) }
    }
}

impl Course {
    /// Follows what the entity says.
    pub(super) fn follow(&mut self, said: Said, now: i64) -> Option<Turn> {
        match (self.flood, said.is_running) {
            (None, true) => {
                // A start that was written down before is this flood's, unless that one would be long over.
                let known =
                    said.started.map(|since| Flood { since }).filter(|flood| flood.since <= now && !flood.is_over(now));
                *self = Self { flood: known.or(Some(Flood { since: now })), is_called_off: false };
                Some(if known.is_some() { Turn::GoesOn } else { Turn::Begins })
            }
            (Some(flood), _) if flood.is_over(now) => {
                *self = Self::default();
                Some(Turn::Over)
            }
            (Some(flood), false) if !self.is_called_off => {
                *self = Self { flood: Some(flood.called_off(now)), is_called_off: true };
                Some(Turn::CalledOff)
            }
            (Some(_), true) if self.is_called_off => {
                *self = Self { flood: Some(Flood { since: now }), is_called_off: false };
                Some(Turn::Begins)
            }
            _ => None,
        }
    }
}

impl Turn {
    /// The fragment that writes it down, if anything is to be written.
    pub(super) fn fragment(self, now: i64) -> Option<String> {
        let members = match self {
            Self::Begins => {
                let time = Timestamp::from_micros(now * 1_000_000);
                format!(r#""startedAt":{{"type":"Property","value":"{time}"}}"#)
            }
            Self::Over => {
                r#""state":{"type":"Property","value":"idle"},"startedAt":{"type":"Property","value":"never"}"#
                    .to_owned()
            }
            Self::GoesOn | Self::CalledOff => return None,
        };
        Some(format!(r#"{{"id":"{FLOOD}","type":"CityScenario",{members}}}"#))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Said = Said { is_running: false, started: None };
    const RUNNING: Said = Said { is_running: true, started: None };

    #[test]
    fn a_flood_begins_and_ends_once() {
        let mut course = Course::default();
        assert_eq!(course.follow(IDLE, 100), None);
        assert_eq!(course.follow(RUNNING, 101), Some(Turn::Begins));
        assert_eq!(course.follow(RUNNING, 102), None);
        assert_eq!(course.follow(RUNNING, 5000), Some(Turn::Over));
        assert_eq!(course, Course::default());
    }

    #[test]
    fn a_simulator_that_starts_again_goes_on_with_the_flood() {
        let mut course = Course::default();
        let said = Said { is_running: true, started: Some(100) };
        assert_eq!(course.follow(said, 150), Some(Turn::GoesOn));
        assert_eq!(course.flood, Some(Flood { since: 100 }));
        let mut later = Course::default();
        assert_eq!(later.follow(said, 90_000), Some(Turn::Begins));
        assert_eq!(later.flood, Some(Flood { since: 90_000 }));
    }

    #[test]
    fn a_flood_can_be_called_off_and_begun_again() {
        let mut course = Course::default();
        course.follow(RUNNING, 100);
        assert_eq!(course.follow(IDLE, 300), Some(Turn::CalledOff));
        assert_eq!(course.follow(IDLE, 301), None);
        assert_eq!(course.follow(RUNNING, 310), Some(Turn::Begins));
        assert_eq!(course.flood, Some(Flood { since: 310 }));
    }

    #[test]
    fn the_entity_is_read_whatever_it_holds() {
        let parsed = machi_types::json::parse(br#"{"state":"running","startedAt":"1970-01-01T00:01:00Z"}"#, 8).unwrap();
        assert_eq!(Said::of(Some(&parsed)), Said { is_running: true, started: Some(60) });
        let strange = machi_types::json::parse(br#"{"state":7,"startedAt":"soon"}"#, 8).unwrap();
        assert_eq!(Said::of(Some(&strange)), IDLE);
        assert_eq!(Said::of(None), IDLE);
    }
}
