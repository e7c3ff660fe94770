//! How long the past is kept, as it is told and stored: a policy for each type, and what is held whatever they say.

use std::fmt;

use machi_archive::retention::{Hold, Keep, Retention, Rule, Step};
use machi_model::query::Period;
use machi_types::{Json, Name, Timestamp, json};

/// How deep the stored form nests.
const DEPTH: usize = 8;
/// No run of months is longer than the one that begins here: months and years are counted so, as "at least".
const LONGEST_MONTHS: i64 = 930_787_200_000_000;
/// The word for what stays.
const FOREVER: &str = "forever";

/// The policies of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// One for each type at most, ascending; that for all other types first.
    pub policies: Vec<Policy>,
    /// What is held, by name.
    pub holds: Vec<LegalHold>,
}

/// How long the past of entities of a type is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The type, expanded; none for all types that have no policy of their own.
    pub of: Option<Name>,
    /// How long instances stay whole.
    pub raw: Lasting,
    /// How long summaries of minutes, hours and days stay.
    pub summed: Vec<(Step, Lasting)>,
}

/// What stays as it is until the hold is lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalHold {
    /// By what it is known.
    pub name: Name,
    /// Why, in the words of whoever ordered it.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Of entities that have one of these types.
    pub types: Vec<Name>,
    /// Of these entities. Where neither types nor entities are named, it holds all.
    pub ids: Vec<Name>,
}

impl LegalHold {
    /// As the archive takes it.
    fn hold(&self) -> Hold {
        Hold { types: self.types.clone(), ids: self.ids.clone() }
    }
}

/// How long something lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// For so long: as it was told, and in microseconds.
    For(String, i64),
    /// Without an end.
    Ever,
}

/// Why a policy makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPolicy {
    /// This member is no duration.
    NoDuration(&'static str),
    /// This member does not last longer than the one before.
    NotLonger(&'static str),
    /// Something comes behind what stays for ever.
    BehindForever(&'static str),
}

/// The members of a policy.
pub(crate) const RAW: &str = "raw";
pub(crate) const SUMMED: [(&str, Step); 3] = [("minutes", Step::Minute), ("hours", Step::Hour), ("days", Step::Day)];

impl Lasting {
    /// Reads an ISO 8601 duration, or the word `forever`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == FOREVER {
            return Some(Self::Ever);
        }
        let origin = Timestamp::from_micros(LONGEST_MONTHS);
        let end = Period::parse(text).ok()?.start(origin, 1);
        let micros = end.micros() - origin.micros();
        (micros > 0).then(|| Self::For(text.to_owned(), micros))
    }

    fn micros(&self) -> Option<i64> {
        if let Self::For(_, micros) = self { Some(*micros) } else { None }
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if let Self::For(text, _) = self { text } else { FOREVER })
    }
}

impl Policy {
    /// Reads the members of a policy; each text is what a member says.
    pub(crate) fn parse<'j>(
        of: Option<Name>,
        member: &dyn Fn(&'static str) -> Option<&'j str>,
    ) -> Result<Self, NoPolicy> {
        let lasting = |name: &'static str, text: &str| Lasting::parse(text).ok_or(NoPolicy::NoDuration(name));
        let raw = lasting(RAW, member(RAW).unwrap_or_default())?;
        let mut summed: Vec<(Step, Lasting)> = Vec::new();
        for (name, step) in SUMMED {
            let Some(text) = member(name) else { continue };
            let this = lasting(name, text)?;
            let before = summed.last().map_or(&raw, |(_, before)| before);
            match (before.micros(), this.micros()) {
                (None, _) => return Err(NoPolicy::BehindForever(name)),
                (Some(before), Some(this)) if this <= before => return Err(NoPolicy::NotLonger(name)),
                _ => {}
            }
            summed.push((step, this));
        }
        Ok(Self { of, raw, summed })
    }

    /// What it tells, by member.
    pub(crate) fn members(&self) -> Vec<(&'static str, String)> {
        let name = |step: Step| SUMMED.iter().find(|(_, one)| *one == step).map(|(name, _)| *name);
        let summed = self.summed.iter().filter_map(|(step, lasting)| Some((name(*step)?, lasting.to_string())));
        std::iter::once((RAW, self.raw.to_string())).chain(summed).collect()
    }

    /// The rule that it is; none where all stays.
    fn rule(&self) -> Option<Rule> {
        let summed = self.summed.iter().map(|(step, lasting)| (*step, lasting.micros())).collect();
        Some(Rule { of: self.of.clone(), keep: Keep { whole: self.raw.micros()?, summed } })
    }
}

impl Policies {
    /// What they come to now. What stays for ever needs no rule, but keeps its type from the rule for all others.
    pub(crate) fn at(&self, now: Timestamp) -> Retention {
        let rules = self.policies.iter().filter_map(Policy::rule).collect();
        let kept = self.policies.iter().filter(|policy| policy.raw == Lasting::Ever);
        let mut holds: Vec<Hold> = self.holds.iter().map(LegalHold::hold).collect();
        holds.extend(kept.filter_map(|policy| Some(Hold { types: vec![policy.of.clone()?], ids: Vec::new() })));
        Retention { now, rules, holds }
    }

    /// The hold that keeps an entity of these types, if any does.
    pub(crate) fn hold_of(&self, entity: &Name, types: &[Name]) -> Option<&LegalHold> {
        self.holds.iter().find(|hold| hold.hold().holds(entity, types))
    }

    /// Puts a policy in the place of the one for its type; says whether there was none.
    pub(crate) fn put(&mut self, policy: Policy) -> bool {
        match self.policies.binary_search_by(|one| one.of.cmp(&policy.of)) {
            Ok(known) => {
                self.policies[known] = policy;
                false
            }
            Err(place) => {
                self.policies.insert(place, policy);
                true
            }
        }
    }

    /// Puts a hold in the place of the one of its name, since when it stays as it was; says whether there was none.
    pub(crate) fn hold(&mut self, mut hold: LegalHold) -> bool {
        match self.holds.binary_search_by(|one| one.name.cmp(&hold.name)) {
            Ok(known) => {
                hold.since = self.holds[known].since;
                self.holds[known] = hold;
                false
            }
            Err(place) => {
                self.holds.insert(place, hold);
                true
            }
        }
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> String {
        let texts = |names: &[Name]| Json::Array(names.iter().map(|name| Json::from(name.to_string())).collect());
        let policy = |policy: &Policy| {
            let of = policy.of.iter().map(|of| ("type".into(), Json::from(of.to_string())));
            let rest = policy.members().into_iter().map(|(name, text)| (name.into(), Json::from(text)));
            Json::Object(of.chain(rest).collect())
        };
        let hold = |hold: &LegalHold| {
            Json::Object(vec![
                ("name".into(), Json::from(hold.name.to_string())),
                ("reason".into(), Json::from(hold.reason.clone())),
                ("since".into(), Json::from(hold.since.to_string())),
                ("types".into(), texts(&hold.types)),
                ("ids".into(), texts(&hold.ids)),
            ])
        };
        let policies = Json::Array(self.policies.iter().map(policy).collect());
        let holds = Json::Array(self.holds.iter().map(hold).collect());
        Json::Object(vec![("policies".into(), policies), ("holds".into(), holds)]).to_text()
    }

    /// Reads the stored form; none where it is not what was written.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let stored = json::parse(bytes, DEPTH).ok()?;
        let texts = |json: Option<&Json<'_>>| -> Option<Vec<Name>> {
            json?.as_array()?.iter().map(|one| one.as_str().map(Name::from)).collect()
        };
        let policy = |json: &Json<'_>| {
            let of = json.get("type").and_then(Json::as_str).map(Name::from);
            Policy::parse(of, &|name| json.get(name).and_then(Json::as_str)).ok()
        };
        let hold = |json: &Json<'_>| {
            Some(LegalHold {
                name: json.get("name")?.as_str()?.into(),
                reason: json.get("reason")?.as_str()?.to_owned(),
                since: json.get("since")?.as_str()?.parse().ok()?,
                types: texts(json.get("types"))?,
                ids: texts(json.get("ids"))?,
            })
        };
        Some(Self {
            policies: stored.get("policies")?.as_array()?.iter().map(policy).collect::<Option<_>>()?,
            holds: stored.get("holds")?.as_array()?.iter().map(hold).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn policy(of: Option<&str>, members: &[(&str, &'static str)]) -> Result<Policy, NoPolicy> {
        let member = |name: &'static str| members.iter().find(|(one, _)| *one == name).map(|(_, text)| *text);
        Policy::parse(of.map(Name::from), &member)
    }

    #[test]
    fn months_and_years_are_never_too_short() {
        let days = |text: &str| Lasting::parse(text).and_then(|lasting| lasting.micros()).map(|micros| micros / DAY);
        assert_eq!(["P1M", "P2M", "P3M", "P1Y", "P4Y"].map(days), [31, 62, 92, 366, 1461].map(Some));
        assert_eq!(days("P30D"), Some(30));
        assert_eq!(["", "30", "PT0S", "P1X", "Forever"].map(Lasting::parse), [const { None }; 5]);
    }

    #[test]
    fn a_policy_says_what_lasts_longer_and_longer() {
        let good = policy(Some("a"), &[("raw", "P7D"), ("hours", "P1Y"), ("days", "forever")]).unwrap();
        assert_eq!(good.summed.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [Step::Hour, Step::Day]);
        assert_eq!(policy(None, &[]), Err(NoPolicy::NoDuration("raw")));
        assert_eq!(policy(None, &[("raw", "P7D"), ("days", "P7D")]), Err(NoPolicy::NotLonger("days")));
        assert_eq!(policy(None, &[("raw", "forever"), ("days", "P7D")]), Err(NoPolicy::BehindForever("days")));
        assert_eq!(policy(None, &[("raw", "P7D"), ("minutes", "soon")]), Err(NoPolicy::NoDuration("minutes")));
    }

    #[test]
    fn policies_round_trip() {
        let mut policies = Policies::default();
        assert!(policies.put(policy(Some("b"), &[("raw", "P7D"), ("hours", "forever")]).unwrap()));
        assert!(policies.put(policy(None, &[("raw", "P1Y")]).unwrap()));
        assert!(policies.put(policy(Some("c"), &[("raw", "forever")]).unwrap()));
        assert!(!policies.put(policy(Some("b"), &[("raw", "P8D")]).unwrap()));
        let hold = LegalHold {
            name: "case-7".into(),
            reason: "\"court\"".to_owned(),
            since: Timestamp::from_micros(DAY),
            types: vec!["a".into()],
            ids: Vec::new(),
        };
        assert!(policies.hold(hold.clone()));
        assert!(!policies.hold(LegalHold { since: Timestamp::from_micros(2 * DAY), ..hold.clone() }));
        assert_eq!(policies.holds, [hold]);
        assert_eq!(Policies::decode(policies.encode().as_bytes()), Some(policies.clone()));
        let retention = policies.at(Timestamp::from_micros(0));
        assert_eq!((retention.rules.len(), retention.holds.len()), (2, 2), "what stays needs no rule and is held");
        assert!(policies.hold_of(&"urn:x".into(), &["a".into()]).is_some());
        assert!(policies.hold_of(&"urn:x".into(), &["c".into()]).is_none(), "a policy is no hold");
    }
}
