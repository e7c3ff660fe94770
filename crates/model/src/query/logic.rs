//! Conditions joined by and and or: the shape that `q`, `type` and `scopeQ` share.

use std::fmt::{self, Display, Formatter};

use super::QueryError;
use super::cursor::Cursor;

/// Conditions joined by and and or.
///
/// What [`Logic::all`] and [`Logic::any`] build is canonical: no joint of the same kind inside another, none of a
/// single condition. Parsing builds only such.
#[derive(Clone, Debug, PartialEq)]
pub enum Logic<T> {
    /// One condition.
    One(T),
    /// All must hold.
    All(Vec<Logic<T>>),
    /// One at least must hold.
    Any(Vec<Logic<T>>),
}

/// How a language joins its conditions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joints {
    or: &'static [&'static str],
    and_in_parentheses: bool,
}

impl Joints {
    /// `q`: `|` is or, `;` is and.
    pub(super) const PLAIN: Self = Self { or: &["|"], and_in_parentheses: false };
    /// `type`: a comma is or, too, and and stands in parentheses (§4.17).
    pub(super) const TYPES: Self = Self { or: &["|", ","], and_in_parentheses: true };
    /// `scopeQ`: a comma is or, too. The grammar of §4.19 asks for parentheses around and; clients leave them out.
    pub(super) const SCOPES: Self = Self { or: &["|", ","], and_in_parentheses: false };
}

impl<T> Logic<T> {
    /// All of these must hold.
    pub fn all(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::All(parts) => parts,
            part => vec![part],
        });
        Self::single(flat.collect()).unwrap_or_else(Self::All)
    }

    /// One at least of these must hold.
    pub fn any(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Any(parts) => parts,
            part => vec![part],
        });
        Self::single(flat.collect()).unwrap_or_else(Self::Any)
    }

    fn single(mut parts: Vec<Self>) -> Result<Self, Vec<Self>> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Err(parts)
            }
        }
    }

    /// Whether it holds, where `test` says so of each condition; asks no more than it must.
    pub fn holds(&self, test: &mut dyn FnMut(&T) -> bool) -> bool {
        match self {
            Self::One(condition) => test(condition),
            Self::All(parts) => parts.iter().all(|part| part.holds(test)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(test)),
        }
    }

    /// Calls `change` with every condition, from left to right.
    pub(super) fn for_each_mut(&mut self, change: &mut dyn FnMut(&mut T)) {
        match self {
            Self::One(condition) => change(condition),
            Self::All(parts) | Self::Any(parts) => parts.iter_mut().for_each(|part| part.for_each_mut(change)),
        }
    }

    /// Calls `visit` with every condition, from left to right.
    pub fn for_each<'l>(&'l self, visit: &mut dyn FnMut(&'l T)) {
        match self {
            Self::One(condition) => visit(condition),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.for_each(visit)),
        }
    }

    /// The conditions, from left to right.
    pub fn conditions(&self) -> Vec<&T> {
        let mut found = Vec::new();
        self.for_each(&mut |condition| found.push(condition));
        found
    }

    /// The same over other conditions.
    pub fn try_map<U, E>(&self, map: &mut dyn FnMut(&T) -> Result<U, E>) -> Result<Logic<U>, E> {
        let mut parts_of = |parts: &[Self]| parts.iter().map(|part| part.try_map(map)).collect::<Result<Vec<_>, E>>();
        Ok(match self {
            Self::One(condition) => Logic::One(map(condition)?),
            Self::All(parts) => Logic::All(parts_of(parts)?),
            Self::Any(parts) => Logic::Any(parts_of(parts)?),
        })
    }

    /// `any := all *(or all)`, `all := one *(";" one)`, `one := "(" any ")" / condition`: and binds closer (§4.9).
    ///
    /// In [`Joints::TYPES`], `;` stands between two bare conditions in parentheses alone.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        joints: Joints,
        condition: &mut dyn FnMut(&mut Cursor<'_>) -> Result<T, QueryError>,
    ) -> Result<Self, QueryError> {
        let mut alternatives = vec![Self::read_all(cursor, joints, condition)?];
        while joints.or.iter().any(|mark| cursor.eat(mark)) {
            alternatives.push(Self::read_all(cursor, joints, condition)?);
        }
        Ok(Self::any(alternatives))
    }

    fn read_all(
        cursor: &mut Cursor<'_>,
        joints: Joints,
        condition: &mut dyn FnMut(&mut Cursor<'_>) -> Result<T, QueryError>,
    ) -> Result<Self, QueryError> {
        let mut is_bare = cursor.peek() != Some('(');
        let mut parts = vec![Self::read_one(cursor, joints, condition)?];
        while cursor.peek() == Some(';') {
            let joint = cursor.mark();
            cursor.bump();
            let is_next_bare = cursor.peek() != Some('(');
            if joints.and_in_parentheses && is_bare && is_next_bare && !cursor.is_in_parentheses() {
                return Err(cursor.unexpected_at(
                    joint,
                    ("parentheses around what \";\" joins, as in (A;B),", "\";\"で結ぶ全体を囲む括弧(例: (A;B))"),
                ));
            }
            is_bare = is_next_bare;
            parts.push(Self::read_one(cursor, joints, condition)?);
        }
        Ok(Self::all(parts))
    }

    fn read_one(
        cursor: &mut Cursor<'_>,
        joints: Joints,
        condition: &mut dyn FnMut(&mut Cursor<'_>) -> Result<T, QueryError>,
    ) -> Result<Self, QueryError> {
        if cursor.peek() != Some('(') {
            cursor.count_term()?;
            return condition(cursor).map(Self::One);
        }
        cursor.enter()?;
        cursor.bump();
        let inner = Self::read(cursor, joints, condition)?;
        cursor.expect(")", ("an operator or \")\"", "演算子または\")\""))?;
        cursor.leave();
        Ok(inner)
    }
}

impl<T: Display> Logic<T> {
    /// Writes it with no more parentheses than it needs: what was read is never written deeper than it was.
    pub(super) fn write(&self, f: &mut Formatter<'_>, joints: Joints) -> fmt::Result {
        self.write_at(f, joints, false)
    }

    fn write_at(&self, f: &mut Formatter<'_>, joints: Joints, is_inside: bool) -> fmt::Result {
        match self {
            Self::One(condition) => condition.fmt(f),
            Self::All(parts) => {
                let needs_own = joints.and_in_parentheses && !is_inside && has_bare_neighbours(parts);
                f.write_str(if needs_own { "(" } else { "" })?;
                for (n, part) in parts.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { ";" })?;
                    part.write_inside_all(f, joints, is_inside || needs_own)?;
                }
                f.write_str(if needs_own { ")" } else { "" })
            }
            Self::Any(parts) => {
                for (n, part) in parts.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { "|" })?;
                    part.write_at(f, joints, is_inside)?;
                }
                Ok(())
            }
        }
    }

    fn write_inside_all(&self, f: &mut Formatter<'_>, joints: Joints, is_inside: bool) -> fmt::Result {
        if !matches!(self, Self::Any(_)) {
            return self.write_at(f, joints, is_inside);
        }
        f.write_str("(")?;
        self.write_at(f, joints, true)?;
        f.write_str(")")
    }
}

/// Whether two conditions stand beside each other without parentheses around either.
fn has_bare_neighbours<T>(parts: &[Logic<T>]) -> bool {
    let is_bare = |part: &Logic<T>| matches!(part, Logic::One(_));
    parts.iter().zip(parts.iter().skip(1)).any(|(one, next)| is_bare(one) && is_bare(next))
}
