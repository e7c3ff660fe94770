//! What happens to types, scopes and the time of expiry of an entity (ETSI GS CIM 009 §4.18, §4.22, §5.5.8).

use machi_types::{Name, Phrase};

use super::change::Refusal;
use crate::entity::{Change, Fragment, Head, MOST_NAMES};

/// What becomes of scopes and of the time of expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadLaw {
    /// The new ones replace the old ones (§5.6.3, §5.6.17).
    Replace,
    /// Scopes are added, a time of expiry only where there is none (§5.6.3 without overwriting).
    Add,
    /// As `Replace`, but an entity without scopes gets none (§5.6.2).
    Update,
}

/// The head after a change, where it differs. Types are only ever added.
pub(super) fn change_head(current: &[u8], fragment: &Fragment, law: HeadLaw) -> Result<Option<Head>, Refusal> {
    let says_nothing = fragment.types.is_empty() && fragment.scopes.is_keep() && fragment.expires_at.is_keep();
    if says_nothing {
        return Ok(None);
    }
    let before = Head::decode(current)?;
    let mut head = before.clone();
    add_each(&mut head.types, &fragment.types);
    match (&fragment.scopes, law) {
        (Change::Set(_), HeadLaw::Update) if head.scopes.is_empty() => {}
        (Change::Set(scopes), HeadLaw::Replace | HeadLaw::Update) => head.scopes.clone_from(scopes),
        (Change::Set(scopes), HeadLaw::Add) => add_each(&mut head.scopes, scopes),
        (Change::Keep, _) | (Change::Remove, HeadLaw::Add) => {}
        (Change::Remove, _) => head.scopes.clear(),
    }
    if law != HeadLaw::Add || head.expires_at.is_none() {
        head.expires_at = fragment.expires_at.clone().apply(head.expires_at);
    }
    check_growth(("types", "型"), before.types.len(), head.types.len())?;
    check_growth(("scopes", "スコープ"), before.scopes.len(), head.scopes.len())?;
    Ok(if head == before { None } else { Some(head) })
}

fn check_growth(what: impl Into<Phrase>, before: usize, after: usize) -> Result<(), Refusal> {
    if after > MOST_NAMES && after > before {
        return Err(Refusal::TooMany { what: what.into(), count: after });
    }
    Ok(())
}

fn add_each(names: &mut Vec<Name>, new: &[Name]) {
    for name in new {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}
