//! A list of names between commas: `attrs`, `expandValues`, `jsonKeys` (§6.4.3.2).

use std::fmt::{self, Display, Formatter};

use machi_types::Name;

use super::cursor::Cursor;
use super::{Limits, QueryError, Step, Word};

/// Names between commas, each once.
#[derive(Clone, Debug, PartialEq)]
pub struct NameList<N = Step> {
    /// The names, in their order.
    pub names: Vec<N>,
}

impl<N> Default for NameList<N> {
    fn default() -> Self {
        Self { names: Vec::new() }
    }
}

impl NameList<Word> {
    /// Reads a decoded text; errors name this parameter. A name that comes again is passed over.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new(parameter, text, &Limits::default())?;
        let mut list = Self::default();
        loop {
            cursor.skip_spaces();
            cursor.count_term()?;
            list.add(Word::read_until(&mut cursor, ",", ("an attribute name", "属性名"))?);
            cursor.skip_spaces();
            if !cursor.eat(",") {
                break;
            }
        }
        cursor.expect_end(("\",\" or the end", "\",\"、末尾"))?;
        Ok(list)
    }

    /// Reads names that are items of a JSON array.
    pub fn parse_items<'t>(
        parameter: &'static str,
        items: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, QueryError> {
        let mut list = Self::default();
        for item in items {
            Self::parse(parameter, item)?.names.into_iter().for_each(|word| list.add(word));
            let limit = Limits::default().terms;
            if list.names.len() > limit {
                return Err(QueryError::TooManyTerms { language: parameter, position: 1, limit });
            }
        }
        Ok(list)
    }

    fn add(&mut self, word: Word) {
        if !self.names.contains(&word) {
            self.names.push(word);
        }
    }

    /// The same with full names.
    pub fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<NameList, E> {
        let names = self.names.iter().map(|word| Step::expand(word, name)).collect::<Result<_, E>>()?;
        Ok(NameList { names })
    }
}

impl<N: PartialEq> NameList<N> {
    /// Whether the name is in the list.
    pub fn contains(&self, name: &N) -> bool {
        self.names.contains(name)
    }
}

impl<N: Display> Display for NameList<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, name) in self.names.iter().enumerate() {
            write!(f, "{}{name}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
