//! Notifications that wait, and those that were given up: rows in the store, each with the state of its own commit.
//!
//! Rows of one subscription are found by its id, in the order in which they became due.

use bytes::Bytes;
use machi_http::request::MediaType;
use machi_store::{
    Change, Collection, Decision, Derive, Document, Facet, FacetValue, Filter, Instances, NameNo, Names, Section,
    SectionKey, SetSection, Stamp, Test,
};
use machi_types::{Json, Name, Timestamp, json};

use crate::domain::filter::nothing;

/// Notifications that wait for their receiver.
pub const DELIVERIES: Collection = Collection("deliveries");
/// Notifications that were given up.
pub const DEAD_LETTERS: Collection = Collection("deadLetters");

const SUBSCRIPTION: &str = "@subscription";
const BODY: &str = "@body";
const ATTEMPTS: &str = "@attempts";
const VERSION: u64 = 1;

/// Files rows by their subscription.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DeriveParked;

impl Derive for DeriveParked {
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        if let Some(subscription) = Envelope::decode(head).map(|envelope| envelope.subscription) {
            let value = FacetValue::Tag(names.intern(&subscription));
            facet(Facet { name: names.intern(SUBSCRIPTION), instance: NameNo::NONE, value });
        }
    }

    fn section(&self, _: &dyn Names, _: SectionKey, _: &[u8], _: &mut dyn FnMut(Facet<'_>)) {}
}

/// The rows of one subscription.
pub(crate) fn of_subscription(subscription: &str, names: &dyn Names) -> Filter {
    // What is only asked for must not become a name.
    let Some(tag) = names.lookup(subscription) else { return nothing() };
    let condition = machi_store::Condition::Tag(tag);
    Filter::Test(Test { name: names.intern(SUBSCRIPTION), instances: Instances::Any, condition })
}

/// Whether this is what a row is made of.
pub(crate) fn is_row(head: &[u8], sections: &[Section], names: &dyn Names) -> bool {
    let has = |name: &str| sections.iter().any(|section| section.key == key(name, names));
    Envelope::decode(head).is_some() && has(BODY)
}

/// The subscription that a row with this head belongs to.
pub(crate) fn subscription_of(head: &[u8]) -> Option<Name> {
    Envelope::decode(head).map(|envelope| envelope.subscription)
}

/// The name under which a store counts rows by subscription.
pub(crate) const fn facet_name() -> &'static str {
    SUBSCRIPTION
}

/// What does not change about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) subscription: Name,
    /// When it became due.
    pub(crate) due: Timestamp,
    pub(crate) media: MediaType,
    /// The @context that is named in a header.
    pub(crate) context: Option<Name>,
}

/// How often a row was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) count: u64,
    pub(crate) last: Option<Timestamp>,
    /// What came of the last one.
    pub(crate) reason: String,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    /// The id of the notification.
    pub(crate) id: Name,
    pub(crate) envelope: Envelope,
    pub(crate) body: Bytes,
    pub(crate) attempts: Attempts,
}

fn key(name: &str, names: &dyn Names) -> SectionKey {
    SectionKey::new(names.intern(name), NameNo::NONE)
}

impl Envelope {
    fn encode(&self) -> Bytes {
        let context = self.context.as_ref().map_or(Json::Null, |context| Json::from(context.as_str()));
        let list = vec![
            Json::from(VERSION),
            Json::from(self.subscription.as_str()),
            Json::Number(self.due.micros().into()),
            Json::from(self.media.as_str()),
            context,
        ];
        Json::Array(list).to_text().into()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let json = json::parse(bytes, 2).ok()?;
        let [version, subscription, due, media, context] = json.as_array()? else { return None };
        let Json::Number(due) = due else { return None };
        let known = [MediaType::Json, MediaType::JsonLd, MediaType::GeoJson];
        let media = known.into_iter().find(|known| media.as_str() == Some(known.as_str()))?;
        version.as_u64().filter(|version| *version == VERSION)?;
        Some(Self {
            subscription: subscription.as_str()?.into(),
            due: Timestamp::from_micros(due.as_i64()?),
            media,
            context: context.as_str().map(Name::from),
        })
    }
}

impl Attempts {
    fn encode(&self) -> Bytes {
        let last = self.last.map_or(Json::Null, |time| Json::Number(time.micros().into()));
        let list = vec![Json::from(self.count), last, Json::from(self.reason.as_str())];
        Json::Array(list).to_text().into()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let json = json::parse(bytes, 2).ok()?;
        let [count, last, reason] = json.as_array()? else { return None };
        let last = match last {
            Json::Number(micros) => micros.as_i64().map(Timestamp::from_micros),
            _ => None,
        };
        Some(Self { count: count.as_u64()?, last, reason: reason.as_str()?.to_owned() })
    }
}

impl Parked {
    /// Reads a row.
    pub(crate) fn read(document: &Document, names: &dyn Names) -> Option<Self> {
        let section = |name: &str| document.section(key(name, names));
        Some(Self {
            id: document.id.clone(),
            envelope: Envelope::decode(&document.head)?,
            body: section(BODY)?.body.clone(),
            attempts: section(ATTEMPTS).and_then(|section| Attempts::decode(&section.body)).unwrap_or_default(),
        })
    }

    /// Writes a row that is not there yet; one that is stays as it is, for its notification is the same.
    pub(crate) fn park(&self, current: Option<&Document>, names: &dyn Names) -> Decision {
        if current.is_some() {
            return Decision::Keep;
        }
        let set = |name: &str, body: Bytes| SetSection { key: key(name, names), body, created: Stamp::Keep };
        Decision::Change(Change {
            head: Some(self.envelope.encode()),
            set: vec![set(BODY, self.body.clone()), set(ATTEMPTS, self.attempts.encode())],
            ..Change::default()
        })
    }

    /// Writes down how often it was tried, where it is still there.
    pub(crate) fn note_attempts(&self, current: Option<&Document>, names: &dyn Names) -> Decision {
        if current.is_none() {
            return Decision::Keep;
        }
        let section = SetSection { key: key(ATTEMPTS, names), body: self.attempts.encode(), created: Stamp::Keep };
        Decision::Change(Change { set: vec![section], ..Change::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_store::{DocumentNo, NameTable};

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let names = NameTable::default();
        let row = Parked {
            id: "urn:n:1".into(),
            envelope: Envelope {
                subscription: "urn:s:1".into(),
                due: Timestamp::from_micros(7),
                media: MediaType::GeoJson,
                context: Some("https://example.org/c".into()),
            },
            body: Bytes::from_static(b"{}"),
            attempts: Attempts { count: 3, last: Some(Timestamp::from_micros(9)), reason: "503".to_owned() },
        };
        let Decision::Change(change) = row.park(None, &names) else { panic!("it is new") };
        let time = Timestamp::from_micros(1);
        let section = |set: SetSection| Section { key: set.key, created: time, modified: time, body: set.body };
        let document = Document {
            number: DocumentNo(0),
            id: row.id.clone(),
            version: 1,
            created: time,
            modified: time,
            head: change.head.unwrap(),
            sections: change.set.into_iter().map(section).collect(),
        };
        let read = Parked::read(&document, &names).unwrap();
        assert_eq!((&read.envelope, &read.attempts, &read.body), (&row.envelope, &row.attempts, &row.body));
        assert!(matches!(row.park(Some(&document), &names), Decision::Keep));
        let mut tags = 0;
        DeriveParked.head(&names, &document.head, &mut |facet| {
            assert_eq!(facet.value, FacetValue::Tag(names.intern("urn:s:1")));
            tags += 1;
        });
        assert_eq!(tags, 1);
    }
}
