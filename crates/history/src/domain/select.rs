//! Which evolutions are asked for by id and type (ETSI GS CIM 009 §5.7.4.4).

use machi_archive::Evolution;
use machi_face::Selector;
use machi_model::query::TypeExpression;
use machi_types::Name;

/// Whether an evolution is asked for.
pub(crate) fn selects(selectors: &[Selector], evolution: &Evolution) -> bool {
    if selectors.is_empty() {
        return true;
    }
    let types = evolution.types();
    selectors.iter().any(|selector| {
        (selector.ids.is_empty() || selector.ids.contains(&evolution.entity))
            && selector.pattern.as_ref().is_none_or(|pattern| pattern.matches(&evolution.entity))
            && selector.types.as_ref().is_none_or(|wanted| is_of(wanted, &types))
    })
}

/// Types are those that an entity ever had (§4.16).
fn is_of(wanted: &TypeExpression, types: &[Name]) -> bool {
    match wanted {
        TypeExpression::Every => true,
        TypeExpression::Logic(logic) => logic.holds(&mut |name| types.contains(name)),
    }
}

/// The ids, ascending, beside which nothing is asked for; none where there may be others.
pub(crate) fn wanted_ids(selectors: &[Selector]) -> Option<Vec<Name>> {
    let has_ids = !selectors.is_empty() && selectors.iter().all(|selector| !selector.ids.is_empty());
    if !has_ids {
        return None;
    }
    let mut ids: Vec<Name> = selectors.iter().flat_map(|selector| selector.ids.iter().cloned()).collect();
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// Types of which everything that is asked for has one; none where it may have none of any.
pub(crate) fn wanted_types(selectors: &[Selector]) -> Option<Vec<Name>> {
    if selectors.is_empty() {
        return None;
    }
    let mut types = Vec::new();
    for selector in selectors {
        match &selector.types {
            Some(TypeExpression::Logic(logic)) => types.extend(logic.conditions().into_iter().cloned()),
            Some(TypeExpression::Every) | None => return None,
        }
    }
    Some(types)
}
