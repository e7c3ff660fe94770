//! What a regular expression says without being run: whether it is but a literal, and which literals every match holds.

use machi_types::Name;
use regex_syntax::hir::{Dot, Hir, HirKind, Look};

/// What a pattern says without an automaton.
pub(super) struct Form {
    pub(super) at_start: bool,
    pub(super) at_end: bool,
    pieces: Vec<Piece>,
}

enum Piece {
    Literal(String),
    /// Anything that holds this at least, which may be nothing.
    Other(String),
}

impl Form {
    pub(super) fn of(hir: &Hir) -> Self {
        let mut parts = Vec::new();
        flatten(hir, &mut parts);
        let mut parts = parts.as_slice();
        let mut form = Self { at_start: false, at_end: false, pieces: Vec::new() };
        while let [first, rest @ ..] = parts
            && is_look(first, Look::Start)
        {
            (form.at_start, parts) = (true, rest);
        }
        while let [rest @ .., last] = parts
            && is_look(last, Look::End)
        {
            (form.at_end, parts) = (true, rest);
        }
        // Whatever may come before or after unties the pattern again.
        while let [first, rest @ ..] = parts
            && is_anything(first)
        {
            (form.at_start, parts) = (false, rest);
        }
        while let [rest @ .., last] = parts
            && is_anything(last)
        {
            (form.at_end, parts) = (false, rest);
        }
        for part in parts {
            form.add(part);
        }
        form
    }

    fn add(&mut self, part: &Hir) {
        let literal = literal_of(part);
        match (self.pieces.last_mut(), literal) {
            (Some(Piece::Literal(text)), Some(more)) => text.push_str(&more),
            (_, Some(text)) => self.pieces.push(Piece::Literal(text)),
            (_, None) => self.pieces.push(Piece::Other(repeated_literal(part).unwrap_or_default())),
        }
    }

    pub(super) fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(text)) if self.at_start => text,
            _ => "",
        }
    }

    pub(super) fn literals(&self) -> Vec<Name> {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) | Piece::Other(text) => text.as_str(),
        });
        texts.filter(|text| !text.is_empty()).map(Name::from).collect()
    }
}

fn flatten<'h>(hir: &'h Hir, parts: &mut Vec<&'h Hir>) {
    match hir.kind() {
        HirKind::Concat(all) => all.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(group) => flatten(&group.sub, parts),
        HirKind::Empty => {}
        _ => parts.push(hir),
    }
}

fn is_look(hir: &Hir, look: Look) -> bool {
    matches!(hir.kind(), HirKind::Look(found) if *found == look)
}

fn is_anything(hir: &Hir) -> bool {
    let HirKind::Repetition(repeated) = hir.kind() else { return false };
    repeated.min == 0 && repeated.max.is_none() && *repeated.sub == Hir::dot(Dot::AnyChar)
}

fn literal_of(hir: &Hir) -> Option<String> {
    let HirKind::Literal(literal) = hir.kind() else { return None };
    String::from_utf8(literal.0.to_vec()).ok()
}

/// The literal of `(abc)+`, which occurs at least once.
fn repeated_literal(hir: &Hir) -> Option<String> {
    let HirKind::Repetition(repeated) = hir.kind() else { return None };
    let mut parts = Vec::new();
    flatten(&repeated.sub, &mut parts);
    match parts.as_slice() {
        [only] if repeated.min > 0 => literal_of(only),
        _ => None,
    }
}
