//! The attribute projection language: `pick` and `omit` (§4.21).

use std::fmt::{self, Display, Formatter};

use machi_types::Name;

use super::cursor::Cursor;
use super::{Limits, QueryError, Step, Word};

/// Which members of an entity to keep, or to leave out.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection<N = Step> {
    /// The members, each once.
    pub members: Vec<Projected<N>>,
}

/// One member of an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Projected<N = Step> {
    /// `id`, `type`, `scope` or an attribute.
    pub name: N,
    /// Which members of the entity linked by it; none means that the member itself is meant, whole.
    pub linked: Option<Projection<N>>,
}

impl Projection<Word> {
    /// Reads a decoded text; errors name this parameter.
    ///
    /// A member that comes again adds what it says of the linked entity; whole and in part at once is refused.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new(parameter, text, &Limits::default())?;
        let mut projection = Self { members: Vec::new() };
        projection.read(&mut cursor)?;
        cursor.expect_end(("\",\", \"|\", \"{\" or the end", "\",\"、\"|\"、\"{\"、末尾"))?;
        Ok(projection)
    }

    /// Reads the items of a JSON array.
    pub fn parse_items<'t>(
        parameter: &'static str,
        items: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, QueryError> {
        let mut projection = Self { members: Vec::new() };
        for item in items {
            let cursor = Cursor::new(parameter, item, &Limits::default())?;
            for member in Self::parse(parameter, item)?.members {
                projection.add(member).map_err(|()| conflict(&cursor, 0))?;
            }
            let limit = Limits::default().terms;
            if projection.members.len() > limit {
                return Err(QueryError::TooManyTerms { language: parameter, position: 1, limit });
            }
        }
        Ok(projection)
    }

    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), QueryError> {
        loop {
            cursor.skip_spaces();
            let start = cursor.mark();
            cursor.count_term()?;
            let name = Word::read_until(cursor, ",|{}", ("the name of a member", "メンバー名"))?;
            let linked = if cursor.peek() == Some('{') { Some(Self::read_linked(cursor)?) } else { None };
            self.add(Projected { name, linked }).map_err(|()| conflict(cursor, start))?;
            cursor.skip_spaces();
            if !cursor.eat(",") && !cursor.eat("|") {
                return Ok(());
            }
        }
    }

    fn read_linked(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        cursor.enter()?;
        cursor.bump();
        let mut projection = Self { members: Vec::new() };
        projection.read(cursor)?;
        cursor.expect("}", ("\",\", \"|\", \"{\" or \"}\"", "\",\"、\"|\"、\"{\"、\"}\"のいずれか"))?;
        cursor.leave();
        Ok(projection)
    }

    fn add(&mut self, member: Projected<Word>) -> Result<(), ()> {
        let Some(known) = self.members.iter_mut().find(|known| known.name == member.name) else {
            self.members.push(member);
            return Ok(());
        };
        match (&mut known.linked, member.linked) {
            (None, None) => Ok(()),
            (Some(known), Some(linked)) => linked.members.into_iter().try_for_each(|member| known.add(member)),
            _ => Err(()),
        }
    }

    /// The same with full names.
    pub fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Projection, E> {
        let expand = |member: &Projected<Word>| {
            let linked = member.linked.as_ref().map(|linked| linked.expand(name)).transpose()?;
            Ok(Projected { name: Step::expand(&member.name, name)?, linked })
        };
        let members = self.members.iter().map(expand).collect::<Result<_, E>>()?;
        Ok(Projection { members })
    }
}

fn conflict(cursor: &Cursor<'_>, mark: usize) -> QueryError {
    cursor.invalid_at(
        mark,
        (
            "a member is named both whole and with a selection in braces; one of them would be right,",
            "同じメンバーが、全体としても波括弧付きでも指定されています",
        ),
    )
}

impl<N: PartialEq> Projection<N> {
    /// What is said of this member.
    pub fn member(&self, name: &N) -> Option<&Projected<N>> {
        self.members.iter().find(|member| member.name == *name)
    }

    /// A member that is kept by this list, in whole or in part, and left out by the other.
    pub fn contradiction<'p>(&'p self, omit: &'p Self) -> Option<&'p N> {
        omit.members.iter().find_map(|left_out| {
            let kept = self.member(&left_out.name)?;
            match (&kept.linked, &left_out.linked) {
                (_, None) => Some(&left_out.name),
                (Some(kept), Some(left_out)) => kept.contradiction(left_out),
                (None, Some(_)) => None,
            }
        })
    }
}

impl<N> Projection<N> {
    /// How many links deep it reaches; a request must allow as many (§5.7.2.4).
    pub fn link_depth(&self) -> usize {
        let deepest = self.members.iter().filter_map(|member| member.linked.as_ref());
        deepest.map(|linked| linked.link_depth() + 1).max().unwrap_or(0)
    }
}

impl<N: Display> Display for Projection<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, member) in self.members.iter().enumerate() {
            write!(f, "{}{}", if n == 0 { "" } else { "," }, member.name)?;
            if let Some(linked) = &member.linked {
                write!(f, "{{{linked}}}")?;
            }
        }
        Ok(())
    }
}
