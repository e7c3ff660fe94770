//! Requests that may be repeated: what a write with an `Idempotency-Key` came to is stored in its own
//! commit, so that the same request, sent again, gets the first answer and changes nothing.

use bytes::Bytes;
use machi_store::{Change, Collection, Decision, Derive, Document, Facet, FacetValue, NameNo, Names, SectionKey};
use machi_types::Timestamp;

use super::effect::Effect;
use crate::{FaceError, RequestKey};

/// Answers to requests that carried an `Idempotency-Key`.
pub const ANSWERS: Collection = Collection("answers");
/// The facet that tells when a document expires (under [`NameNo::NONE`]), and when its sections do (under others).
pub const EXPIRES: &str = "@expires";

/// A stored answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Until when it is kept.
    pub expires: Timestamp,
    /// Which request it answers.
    pub fingerprint: u64,
    /// What was done.
    pub effect: Effect,
}

const VERSION: u8 = 1;

impl Answer {
    /// The stored form: version, expiry, fingerprint, effect.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.expires.micros().to_le_bytes());
        out.extend_from_slice(&self.fingerprint.to_le_bytes());
        self.effect.write(&mut out);
        out.into()
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (fingerprint, rest) = rest.split_first_chunk::<8>()?;
        if *version != VERSION {
            return None;
        }
        Some(Self {
            expires: Timestamp::from_micros(i64::from_le_bytes(*expires)),
            fingerprint: u64::from_le_bytes(*fingerprint),
            effect: Effect::read(rest)?,
        })
    }

    /// The decision that stores this answer.
    pub fn store(&self) -> Decision {
        Decision::Change(Change { head: Some(self.encode()), replace: true, ..Change::default() })
    }
}

/// Whether something is answered by this document now.
pub fn is_answer(stored: Option<&Document>, now: Timestamp) -> Result<bool, FaceError> {
    Ok(living_answer(stored, now)?.is_some())
}

fn living_answer(stored: Option<&Document>, now: Timestamp) -> Result<Option<(Answer, u64)>, FaceError> {
    let Some(document) = stored else { return Ok(None) };
    let answer = Answer::decode(&document.head).ok_or(FaceError::Bug("a stored answer cannot be read"))?;
    Ok((answer.expires > now).then_some((answer, document.version)))
}

/// What was done under this key, in the commit of which number; nothing if it is new, or forgotten.
pub fn earlier(
    key: &RequestKey,
    stored: Option<&Document>,
    now: Timestamp,
) -> Result<Option<(Effect, u64)>, FaceError> {
    let Some((answer, version)) = living_answer(stored, now)? else { return Ok(None) };
    if answer.fingerprint != key.fingerprint {
        return Err(key.used_otherwise());
    }
    Ok(Some((answer.effect, version)))
}

/// Tells when a stored answer may be dropped.
#[derive(Clone, Copy, Debug)]
pub struct DeriveAnswers;

impl Derive for DeriveAnswers {
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let Some(expires) = head.get(1..).and_then(<[u8]>::first_chunk::<8>) else { return };
        let time = Timestamp::from_micros(i64::from_le_bytes(*expires));
        facet(Facet { name: names.intern(EXPIRES), instance: NameNo::NONE, value: FacetValue::Time(time) });
    }

    fn section(&self, _: &dyn Names, _: SectionKey, _: &[u8], _: &mut dyn FnMut(Facet<'_>)) {}
}

#[cfg(test)]
mod tests {
    use machi_http::Text;

    use super::*;
    use crate::once::effect::{BatchResult, NotUpdated, UpdateResult};

    #[test]
    fn stored_answers_round_trip() {
        let partly = Effect::Partly(UpdateResult {
            updated: vec!["https://example.org/a".into()],
            not_updated: vec![NotUpdated {
                attribute: "https://example.org/\"b\"".into(),
                reason: Text::both("it exists", "存在します"),
            }],
        });
        let batch = Effect::Batch(BatchResult {
            created: vec!["urn:x:1".into()],
            changed: vec!["urn:x:2".into()],
            errors: vec![br#"{"entityId":"urn:x:3","error":{"status":400}}"#.to_vec().into()],
            language: machi_types::Language::Japanese,
        });
        for effect in [Effect::Created, Effect::Changed, Effect::Deleted, partly, batch] {
            let answer = Answer { expires: Timestamp::from_micros(12), fingerprint: u64::MAX, effect };
            assert_eq!(Answer::decode(&answer.encode()), Some(answer));
        }
        assert_eq!(Answer::decode(b""), None);
        assert_eq!(Answer::decode(&[2; 30]), None);
    }
}
