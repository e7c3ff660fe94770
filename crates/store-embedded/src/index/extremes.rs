//! The first and the last text of a page in some order of texts, found once and kept: most pages lie wholly behind
//! what an ordered search still wants, and need not be looked at text by text.

use std::cmp::Ordering;

use parking_lot::Mutex;

use super::texts::Kept;

/// What is known of the texts of a page, for the order that was asked for last.
#[derive(Debug, Default)]
pub(super) struct Extremes(Mutex<Option<Known>>);

#[derive(Clone, Debug)]
struct Known {
    order: Box<str>,
    /// Of how many texts. Those that are added later are looked at when somebody asks again.
    seen: usize,
    first_and_last: Option<(u16, u16)>,
    is_any_cut: bool,
}

impl Extremes {
    /// The codes of the first and the last of so many texts; `None` where there is none, or one of which only the
    /// front is known.
    pub(super) fn find<'t>(
        &self,
        order: &str,
        count: usize,
        text: impl Fn(u16) -> Kept<'t>,
        compare: impl Fn(&str, &str) -> Ordering,
    ) -> Option<(u16, u16)> {
        let mut known = self.0.lock();
        if known.as_ref().is_none_or(|known| *known.order != *order) {
            *known = Some(Known { order: order.into(), seen: 0, first_and_last: None, is_any_cut: false });
        }
        let known = known.as_mut()?;
        for code in known.seen..count {
            let code = code as u16;
            known.is_any_cut |= text(code).is_cut;
            let (first, last) = known.first_and_last.unwrap_or((code, code));
            let comes_before = |a: u16, b: u16| compare(text(a).text, text(b).text).is_lt();
            let first = if comes_before(code, first) { code } else { first };
            let last = if comes_before(last, code) { code } else { last };
            known.first_and_last = Some((first, last));
        }
        known.seen = count;
        known.first_and_last.filter(|_| !known.is_any_cut)
    }
}

impl Clone for Extremes {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.0.lock().clone()))
    }
}

/// What is found out by looking is no part of what a page holds.
impl PartialEq for Extremes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
