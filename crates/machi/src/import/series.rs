//! Rows that each tell of one moment of an entity: all go to its past, and the present follows the newest of them.
//!
//! The present comes first. What it takes is in the past by that, and told again it is the same instance; the other way
//! round there would be two of one time. Done again, neither changes anything.

use std::collections::HashMap;

use machi_types::json::{DEFAULT_DEPTH, write_string};
use machi_types::{Json, Timestamp, json};

use super::batch::Sent;
use super::upsert::{Answer, Door, Errand, Refused, upsert};

/// A row as an entity of its own.
struct Moment<'r> {
    row: u64,
    id: &'r str,
    entity: Json<'r>,
}

/// A member of an entity, and when it was observed, where it says so.
type Member<'m> = (&'m str, &'m Json<'m>, Option<Timestamp>);

/// Tells a city of moments, and gives the rows that it refused; the others are durable. What is yet to come is not the
/// present.
pub(super) fn tell<D: Door>(door: &D, rows: &[Sent], now: Timestamp) -> Result<Vec<Refused>, D::Error> {
    let moments: Vec<Moment<'_>> = rows.iter().filter_map(Moment::of).collect();
    let unfollowed = upsert(door, Errand::Follow, &present(&moments, now), false)?;
    let timed: Vec<&Moment<'_>> = moments.iter().filter(|moment| moment.dated().next().is_some()).collect();
    let mut refused = remember(door, &timed)?;
    // Where the past refuses a row of an entity, that has said what is wrong with it.
    let is_told = |refused: &[Refused], id: &str| refused.iter().any(|other| other.id == id);
    let further: Vec<Refused> = unfollowed.into_iter().filter(|one| !is_told(&refused, &one.id)).collect();
    refused.extend(further);
    Ok(refused)
}

/// Has the past take moments, in halves where it refuses them, until those at fault are alone.
fn remember<D: Door>(door: &D, moments: &[&Moment<'_>]) -> Result<Vec<Refused>, D::Error> {
    if moments.is_empty() {
        return Ok(Vec::new());
    }
    match (door.ask(Errand::Remember, past(moments), false)?, moments) {
        (Answer::Refused(detail), [one]) => Ok(vec![Refused { row: one.row, id: one.id.to_owned(), detail }]),
        (Answer::Refused(_), _) => {
            let (first, second) = moments.split_at(moments.len() / 2);
            let mut refused = remember(door, first)?;
            refused.extend(remember(door, second)?);
            Ok(refused)
        }
        (Answer::Taken | Answer::Partly(_), _) => Ok(Vec::new()),
    }
}

impl<'r> Moment<'r> {
    fn of(sent: &'r Sent) -> Option<Self> {
        Some(Self { row: sent.row, id: &sent.id, entity: json::parse(&sent.text, DEFAULT_DEPTH).ok()? })
    }

    fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let members = self.entity.as_object().into_iter().flatten();
        members.map(|(name, value)| (&**name, value, observed(value)))
    }

    /// What it tells of its time.
    fn dated(&self) -> impl Iterator<Item = (&str, &Json<'_>)> {
        self.members().filter(|(.., time)| time.is_some()).map(|(name, value, _)| (name, value))
    }
}

fn observed(value: &Json<'_>) -> Option<Timestamp> {
    value.get("observedAt")?.as_str()?.parse().ok()
}

/// Each entity once, with the newest that is told of each of its attributes and is not yet to come; those that would have
/// none are left out. Of equal times the later row counts, as in the past.
fn present(moments: &[Moment<'_>], now: Timestamp) -> Vec<Sent> {
    let mut newest: Vec<(u64, &str, Vec<Member<'_>>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for moment in moments {
        let place = *places.entry(moment.id).or_insert_with(|| {
            newest.push((moment.row, moment.id, Vec::new()));
            newest.len() - 1
        });
        let (row, _, known) = &mut newest[place];
        *row = moment.row;
        for member in moment.members().filter(|(.., time)| time.is_none_or(|time| time <= now)) {
            match known.iter_mut().find(|(name, ..)| *name == member.0) {
                Some(older) if older.2 <= member.2 => *older = member,
                Some(_) => {}
                None => known.push(member),
            }
        }
    }
    let is_attribute = |member: &Member<'_>| !["id", "type", "scope"].contains(&member.0);
    newest.retain(|(_, _, members)| members.iter().any(is_attribute));
    newest.into_iter().map(|(row, id, members)| Sent { row, id: id.to_owned(), text: written(&members) }).collect()
}

fn written(members: &[Member<'_>]) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    for (index, (name, value, _)) in members.iter().enumerate() {
        put_name(index, name, &mut text);
        value.write(&mut text);
    }
    text.push(b'}');
    text
}

/// The body with the evolutions of these moments.
fn past(moments: &[&Moment<'_>]) -> Vec<u8> {
    let mut entities: Vec<(&Moment<'_>, Vec<&Moment<'_>>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for moment in moments {
        let place = *places.entry(moment.id).or_insert_with(|| {
            entities.push((moment, Vec::new()));
            entities.len() - 1
        });
        entities[place].1.push(moment);
    }
    let mut body = Vec::with_capacity(1 << 16);
    for (index, (first, moments)) in entities.iter().enumerate() {
        body.push(if index == 0 { b'[' } else { b',' });
        put_evolution(first, moments, &mut body);
    }
    body.push(b']');
    body
}

fn put_evolution(first: &Moment<'_>, moments: &[&Moment<'_>], body: &mut Vec<u8>) {
    put_name(0, "id", body);
    write_string(first.id, body);
    put_name(1, "type", body);
    types(moments).write(body);
    let mut attributes: Vec<(&str, Vec<&Json<'_>>)> = Vec::new();
    for (name, instance) in moments.iter().flat_map(|moment| moment.dated()) {
        match attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, instances)) => instances.push(instance),
            None => attributes.push((name, vec![instance])),
        }
    }
    for (name, instances) in attributes {
        put_name(2, name, body);
        for (index, instance) in instances.into_iter().enumerate() {
            body.push(if index == 0 { b'[' } else { b',' });
            instance.write(body);
        }
        body.push(b']');
    }
    body.push(b'}');
}

/// The types that rows give their entity, one or several.
fn types<'m>(moments: &[&'m Moment<'_>]) -> Json<'m> {
    let mut types: Vec<&str> = Vec::new();
    for kind in moments.iter().filter_map(|moment| moment.entity.get("type")?.as_str()) {
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    match types.as_slice() {
        [one] => Json::from(*one),
        several => Json::Array(several.iter().map(|one| Json::from(*one)).collect()),
    }
}

/// Begins a member of an object, and with the first one the object.
fn put_name(index: usize, name: &str, out: &mut Vec<u8>) {
    out.push(if index == 0 { b'{' } else { b',' });
    write_string(name, out);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn sent(row: u64, id: &str, attributes: &str) -> Sent {
        let text = format!(r#"{{"id":"{id}","type":"T"{attributes}}}"#);
        Sent { row, id: id.to_owned(), text: text.into() }
    }

    fn at(name: &str, value: u32, hour: u32) -> String {
        format!(r#","{name}":{{"value":{value},"observedAt":"2026-01-01T{hour:02}:00:00Z"}}"#)
    }

    /// Takes everything but what holds this text, and remembers what it was asked.
    struct Asked(&'static str, RefCell<Vec<(Errand, String)>>);

    impl Door for Asked {
        type Error = ();

        fn ask(&self, errand: Errand, body: Vec<u8>, _: bool) -> Result<Answer, ()> {
            let body = String::from_utf8(body).unwrap();
            let is_wrong = body.contains(self.0);
            self.1.borrow_mut().push((errand, body));
            Ok(if is_wrong { Answer::Refused("no".to_owned()) } else { Answer::Taken })
        }
    }

    fn asked(rows: &[Sent]) -> Vec<(Errand, String)> {
        let door = Asked("wrong", RefCell::default());
        assert_eq!(tell(&door, rows, "2026-01-01T12:00:00Z".parse().unwrap()), Ok(vec![]));
        door.1.into_inner()
    }

    #[test]
    fn all_is_the_past_and_the_newest_the_present() {
        let rows = [
            sent(2, "urn:x:1", &(at("a", 1, 2) + &at("b", 7, 9) + r#","maker":{"value":"m"}"#)),
            sent(3, "urn:x:2", &at("a", 5, 1)),
            sent(4, "urn:x:1", &at("a", 2, 3)),
            sent(5, "urn:x:1", &at("a", 3, 1)),
            sent(6, "urn:x:1", &at("a", 4, 3)),
        ];
        let one = |value: u32, hour: u32| format!(r#"{{"value":{value},"observedAt":"2026-01-01T{hour:02}:00:00Z"}}"#);
        let present = format!(
            r#"[{{"id":"urn:x:1","type":"T","a":{},"b":{},"maker":{{"value":"m"}}}},{{"id":"urn:x:2","type":"T","a":{}}}]"#,
            one(4, 3),
            one(7, 9),
            one(5, 1)
        );
        let past = format!(
            r#"[{{"id":"urn:x:1","type":"T","a":[{},{},{},{}],"b":[{}]}},{{"id":"urn:x:2","type":"T","a":[{}]}}]"#,
            one(1, 2),
            one(2, 3),
            one(3, 1),
            one(4, 3),
            one(7, 9),
            one(5, 1)
        );
        assert_eq!(asked(&rows), [(Errand::Follow, present), (Errand::Remember, past)]);
    }

    #[test]
    fn what_is_yet_to_come_is_not_the_present() {
        let rows = [
            sent(2, "urn:x:1", &at("a", 1, 12)),
            sent(3, "urn:x:1", &at("a", 2, 13)),
            sent(4, "urn:x:2", &at("a", 3, 13)),
        ];
        let asked = asked(&rows);
        assert!(asked[0].1.contains(r#""value":1,"#) && !asked[0].1.contains("13:00"), "{asked:?}");
        assert!(!asked[0].1.contains("urn:x:2") && asked[1].1.contains("urn:x:2"), "{asked:?}");
    }

    #[test]
    fn what_has_no_time_is_the_present_alone() {
        let rows = [sent(2, "urn:x:1", r#","a":{"value":1}"#), sent(3, "urn:x:2", "")];
        assert_eq!(asked(&rows), [(Errand::Follow, r#"[{"id":"urn:x:1","type":"T","a":{"value":1}}]"#.to_owned())]);
    }

    #[test]
    fn the_row_at_fault_is_found() {
        let rows: Vec<Sent> =
            (0..100).map(|row| sent(row, "urn:x:1", &at("a", u32::try_from(row).unwrap() + 1000, 1))).collect();
        let door = Asked(":1070,", RefCell::default());
        let refused = |row| Refused { row, id: "urn:x:1".to_owned(), detail: "no".to_owned() };
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        assert_eq!(tell(&door, &rows, now), Ok(vec![refused(70)]));
        // The present alone is refused: the last row of the entity tells it.
        let rows = [sent(2, "urn:x:1", &at("a", 1, 1)), sent(3, "urn:x:1", r#","b":{"value":1070,"unitCode":"x"}"#)];
        assert_eq!(tell(&door, &rows, now), Ok(vec![refused(3)]));
    }
}
