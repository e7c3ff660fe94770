//! The path to what a condition is about: over links, to an attribute, to a sub-attribute, into its value (§4.9).

use std::fmt::{self, Display, Formatter};

use machi_types::{Name, json};

use super::cursor::Cursor;
use super::word::is_term_char;
use super::{Naming, QueryError, Step, Word};

/// `link{Type:attribute.subAttribute[member.member]}`
#[derive(Clone, Debug, PartialEq)]
pub struct Path<N: Naming = Step> {
    /// The relationships to follow first.
    pub links: Vec<Link<N>>,
    /// The attribute, its sub-attribute, and so on; at least one.
    pub names: Vec<N>,
    /// The way into a compound value, or a language tag, or `*` for any language; mostly empty.
    pub members: Vec<String>,
}

/// One relationship to follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Link<N: Naming = Step> {
    /// The relationship.
    pub relationship: N,
    /// The types of which the linked entity must have one; none for any type.
    pub types: Vec<N::Type>,
}

impl<N: Naming> Path<N> {
    /// The last name: the target element.
    pub fn target(&self) -> &N {
        self.names.last().expect("a path has a name: every parser reads one first")
    }

    /// The only name, where this is a plain attribute.
    pub fn as_plain(&self) -> Option<&N> {
        match self.names.as_slice() {
            [name] if self.links.is_empty() && self.members.is_empty() => Some(name),
            _ => None,
        }
    }
}

impl Path<Word> {
    /// An attribute with its sub-attributes and members; links are read where `with_links`.
    pub(super) fn read(cursor: &mut Cursor<'_>, with_links: bool) -> Result<Self, QueryError> {
        let mut path = Self { links: Vec::new(), names: Vec::new(), members: Vec::new() };
        let first = Word::read_prefixed(cursor, ("an attribute name", "属性名"))?;
        path.read_from(first, cursor, with_links)?;
        Ok(path)
    }

    fn read_from(&mut self, first: Word, cursor: &mut Cursor<'_>, with_links: bool) -> Result<(), QueryError> {
        if with_links && cursor.peek() == Some('{') {
            return self.read_link(first, cursor);
        }
        self.names.push(first);
        while cursor.peek() == Some('.') {
            cursor.bump();
            self.names.push(Word::read_prefixed(cursor, ("the name of a sub-attribute", "サブ属性名"))?);
        }
        if cursor.eat("[") {
            self.read_members(cursor)?;
        }
        Ok(())
    }

    fn read_link(&mut self, relationship: Word, cursor: &mut Cursor<'_>) -> Result<(), QueryError> {
        cursor.enter()?;
        cursor.bump();
        let mut words = vec![Word::read_term(cursor, ("a type or an attribute name", "型または属性の名前"))?];
        while cursor.eat(",") {
            words.push(Word::read_term(cursor, ("a type", "型"))?);
        }
        let first = if cursor.eat(":") {
            Word::read_prefixed(cursor, ("an attribute name", "属性名"))?
        } else {
            let last = words.pop().expect("one word has been read");
            if !words.is_empty() {
                return Err(cursor.unexpected(("\":\" after the types", "型の後の\":\"")));
            }
            last
        };
        self.links.push(Link { relationship, types: words });
        self.read_from(first, cursor, true)?;
        cursor.expect("}", ("\"}\" after the attribute of the linked entity", "関連エンティティの属性の後の\"}\""))?;
        cursor.leave();
        Ok(())
    }

    fn read_members(&mut self, cursor: &mut Cursor<'_>) -> Result<(), QueryError> {
        loop {
            self.members.push(read_member(cursor)?);
            if !cursor.eat(".") {
                return cursor.expect("]", ("\".\" or \"]\"", "\".\"または\"]\""));
            }
        }
    }

    pub(super) fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Path, E> {
        let links = self.links.iter().map(|link| link.expand(name)).collect::<Result<_, E>>()?;
        let names = self.names.iter().map(|word| Step::expand(word, name)).collect::<Result<_, E>>()?;
        Ok(Path { links, names, members: self.members.clone() })
    }
}

/// The name of a member of a JSON object; beyond the grammar, any, in quotes where it holds one of `.[]"`.
fn read_member(cursor: &mut Cursor<'_>) -> Result<String, QueryError> {
    if cursor.peek() == Some('"') {
        return super::read::quoted(cursor);
    }
    let name = cursor.take_while(is_member_char);
    if name.is_empty() {
        Err(cursor.unexpected(("the name of a member", "メンバー名")))
    } else {
        Ok(name.to_owned())
    }
}

fn is_member_char(c: char) -> bool {
    // Language tags have hyphens; a star stands for any language.
    is_term_char(c) || matches!(c, '-' | '*' | '@' | ':' | '$' | '/')
}

impl Link<Word> {
    fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Link, E> {
        let types = self.types.iter().map(|word| name(word.as_str())).collect::<Result<_, E>>()?;
        Ok(Link { relationship: Step::expand(&self.relationship, name)?, types })
    }
}

impl<N: Naming> Display for Path<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut after_brace = false;
        for link in &self.links {
            write_first(&link.relationship, after_brace, f)?;
            f.write_str("{")?;
            for (n, kind) in link.types.iter().enumerate() {
                f.write_str(if n == 0 { "" } else { "," })?;
                N::write_type(kind, f)?;
            }
            f.write_str(if link.types.is_empty() { "" } else { ":" })?;
            after_brace = link.types.is_empty();
        }
        for (n, name) in self.names.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "." })?;
            write_first(name, n == 0 && after_brace, f)?;
        }
        for (n, member) in self.members.iter().enumerate() {
            f.write_str(if n == 0 { "[" } else { "." })?;
            write_member(member, f)?;
        }
        f.write_str(if self.members.is_empty() { "" } else { "]" })?;
        self.links.iter().try_for_each(|_| f.write_str("}"))
    }
}

fn write_first<N: Naming>(name: &N, after_brace: bool, f: &mut Formatter<'_>) -> fmt::Result {
    if after_brace { name.write_without_colon(f) } else { Display::fmt(name, f) }
}

fn write_member(member: &str, f: &mut Formatter<'_>) -> fmt::Result {
    if !member.is_empty() && member.chars().all(is_member_char) {
        return f.write_str(member);
    }
    write_quoted(member, f)
}

/// Writes a JSON string.
pub(super) fn write_quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    json::write_string(text, &mut quoted);
    f.write_str(&String::from_utf8_lossy(&quoted))
}
