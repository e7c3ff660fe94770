//! The NGSI-LD query language, `q` (§4.9).
//!
//! Beyond the grammar: `!attribute` for an attribute that is not there, parentheses inside parentheses (as example 6
//! of the clause has them), types before the last name of a linked path (as example 14 has them), and IRIs in angle
//! brackets. An unquoted value ends at `;`, `|`, `)`, `,`, `"` or a space; a URI that holds one stands in quotes.

use std::fmt::{self, Display, Formatter};

use machi_types::Name;

use super::cursor::Cursor;
use super::logic::Joints;
use super::{Limits, Logic, NameList, Naming, Operand, Path, Pattern, QueryError, Step, Value, Word, read};

/// A query: conditions on attributes, joined by and and or.
#[derive(Clone, Debug, PartialEq)]
pub struct Query<N: Naming = Step> {
    /// The conditions.
    pub logic: Logic<Term<N>>,
}

/// A query with its names as written.
///
/// ```ignore
/// let q = Q::parse(r#"speed>50;brandName!="Mercedes""#)?;
/// let query = q.expand(&|name| context.expand_name(name))?;
/// assert!(query.matches(&entity));
/// ```
pub type Q = Query<Word>;

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Term<N: Naming = Step> {
    /// What it is about.
    pub path: Path<N>,
    /// What it asks of that.
    pub test: Test,
}

/// What a condition asks of its target.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `attribute`: it is there.
    Exists,
    /// `!attribute`: it is not there.
    Absent,
    /// `==`
    Equal(Operand),
    /// `!=`
    Unequal(Operand),
    /// `>`, `>=`, `<` or `<=`
    Order(Operator, Value),
    /// `~=`
    Matches(Pattern),
    /// `!~=`
    MatchesNot(Pattern),
}

/// An operator of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// Whose values a query gives as terms that stand for URIs (§4.9).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueExpansion {
    /// `expandValues`: values compared with these attributes are expanded.
    pub expand_values: NameList<Word>,
    /// `jsonKeys`: values compared with these are not, whatever `expandValues` says.
    pub json_keys: NameList<Word>,
}

impl Query<Word> {
    /// Reads a decoded text.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_within(text, &Limits::default())
    }

    /// Reads a decoded text within other limits.
    pub fn parse_within(text: &str, limits: &Limits) -> Result<Self, QueryError> {
        Self::parse_as("q", text, limits)
    }

    /// Reads `csf` or another parameter in the same language.
    pub fn parse_as(parameter: &'static str, text: &str, limits: &Limits) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new(parameter, text, limits)?;
        let logic = Logic::read(&mut cursor, Joints::PLAIN, &mut Term::read)?;
        cursor.expect_end(("an operator, \";\", \"|\" or the end", "演算子、\";\"、\"|\"、末尾"))?;
        Ok(Self { logic })
    }

    /// The same with full names.
    pub fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Query, E> {
        self.expand_with_values(name, &ValueExpansion::default())
    }

    /// The same with full names, also in the values that are given as terms.
    pub fn expand_with_values<E>(
        &self,
        name: &dyn Fn(&str) -> Result<Name, E>,
        values: &ValueExpansion,
    ) -> Result<Query, E> {
        let logic = self.logic.try_map(&mut |term| term.expand(name, values))?;
        Ok(Query { logic })
    }
}

impl<N: Naming> Query<N> {
    /// How many links the longest path follows; a request must allow as many (§5.7.2.4).
    pub fn link_depth(&self) -> usize {
        self.logic.conditions().iter().map(|term| term.path.links.len()).max().unwrap_or(0)
    }
}

impl Query {
    /// The same, where each text that `==` or `!=` compares with stands for another text, too.
    #[must_use]
    pub fn or_texts(mut self, other: &dyn Fn(&str) -> Option<String>) -> Self {
        let other = |value: &Value| match value {
            Value::Text(text) => other(text).map(Value::Text),
            _ => None,
        };
        self.logic.for_each_mut(&mut |term| term.test = term.test.with_operand(&|operand| operand.or(&other)));
        self
    }

    /// Whether any condition is about an attribute, and not only about members that every entity has (§5.7.2.4).
    pub fn names_an_attribute(&self) -> bool {
        self.logic.conditions().iter().any(|term| {
            !term.path.links.is_empty() || term.path.names.first().is_some_and(|step| step.attribute().is_some())
        })
    }
}

impl Term<Word> {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        let is_negated = cursor.eat("!");
        let path = Path::read(cursor, true)?;
        let test = if is_negated { Test::Absent } else { Test::read(cursor)? };
        Ok(Self { path, test })
    }

    fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>, values: &ValueExpansion) -> Result<Term, E> {
        let path = self.path.expand(name)?;
        let target = self.path.target();
        let expands = values.expand_values.contains(target) && !values.json_keys.contains(target);
        let test = if expands { self.test.expand(name) } else { self.test.clone() };
        Ok(Term { path, test })
    }
}

impl Test {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        for (sign, operator) in [
            (">=", Operator::GreaterOrEqual),
            (">", Operator::Greater),
            ("<=", Operator::LessOrEqual),
            ("<", Operator::Less),
        ] {
            if cursor.eat(sign) {
                return read::comparable(cursor).map(|value| Self::Order(operator, value));
            }
        }
        if cursor.eat("==") {
            return read::operand(cursor).map(Self::Equal);
        }
        if cursor.eat("!=") {
            return read::operand(cursor).map(Self::Unequal);
        }
        if cursor.eat("~=") {
            return Pattern::read(cursor).map(Self::Matches);
        }
        if cursor.eat("!~=") {
            return Pattern::read(cursor).map(Self::MatchesNot);
        }
        match cursor.peek() {
            None | Some(';' | '|' | ')') => Ok(Self::Exists),
            Some(_) => Err(cursor.unexpected((
                "an operator (==, !=, >, >=, <, <=, ~=, !~=), \";\", \"|\" or the end",
                "演算子(==、!=、>、>=、<、<=、~=、!~=)、\";\"、\"|\"、末尾",
            ))),
        }
    }

    fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Self {
        self.with_operand(&|operand| operand.expand(name))
    }

    fn with_operand(&self, change: &dyn Fn(&Operand) -> Operand) -> Self {
        match self {
            Self::Equal(operand) => Self::Equal(change(operand)),
            Self::Unequal(operand) => Self::Unequal(change(operand)),
            other => other.clone(),
        }
    }
}

impl Operator {
    /// How it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

impl<N: Naming> Display for Query<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.logic.write(f, Joints::PLAIN)
    }
}

impl<N: Naming> Display for Term<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.test {
            Test::Exists => path.fmt(f),
            Test::Absent => write!(f, "!{path}"),
            Test::Equal(operand) => write!(f, "{path}=={operand}"),
            Test::Unequal(operand) => write!(f, "{path}!={operand}"),
            Test::Order(operator, value) => write!(f, "{path}{}{value}", operator.sign()),
            Test::Matches(pattern) => write!(f, "{path}~={pattern}"),
            Test::MatchesNot(pattern) => write!(f, "{path}!~={pattern}"),
        }
    }
}
