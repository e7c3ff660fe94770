//! The entity ordering language: `orderBy`, `orderFrom`, `orderGeometry`, `collation` (§4.23).

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use machi_types::Name;
use machi_types::geo::Geometry;

use super::cursor::Cursor;
use super::geoquery::{self, Coordinates};
use super::{Collation, Facts, Limits, Member, Naming, Path, QueryError, SortKey, Step, Word};

/// By what entities are ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy<N: Naming = Step> {
    /// The first decides, the next where it leaves two equal, and so on.
    pub terms: Vec<OrderTerm<N>>,
    /// From where distances are measured; there where any term asks for distance.
    pub reference: Option<Geometry>,
    /// How texts are ordered.
    pub collation: Collation,
}

/// One thing by which entities are ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderTerm<N: Naming = Step> {
    /// What is looked at; it follows no links.
    pub path: Path<N>,
    /// Which way.
    pub direction: Direction,
}

/// Which way entities are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `asc`
    #[default]
    Ascending,
    /// `desc`
    Descending,
    /// `dist-asc`
    NearestFirst,
    /// `dist-desc`
    FarthestFirst,
}

/// The parameters, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderParameters<'p> {
    /// `orderBy`
    pub order_by: Option<&'p str>,
    /// `orderFrom`
    pub order_from: Option<Coordinates<'p>>,
    /// `orderGeometry`, a point where it is not given.
    pub order_geometry: Option<&'p str>,
    /// `collation`, the root collation where it is not given.
    pub collation: Option<&'p str>,
}

impl OrderBy<Word> {
    /// Reads the parameters; none where there is no `orderBy`. Coordinates and collation are checked even where
    /// nothing needs them.
    pub fn parse(parameters: &OrderParameters<'_>) -> Result<Option<Self>, QueryError> {
        let kind = parameters.order_geometry.unwrap_or("Point");
        let reference = parameters
            .order_from
            .map(|coordinates| geoquery::geometry(("orderGeometry", kind), ("orderFrom", coordinates)))
            .transpose()?;
        let collation = parameters.collation.map(Collation::parse).transpose()?.unwrap_or_default();
        let Some(text) = parameters.order_by else { return Ok(None) };
        let terms = Self::parse_terms(text)?;
        let needs_reference = terms.iter().any(|term| term.direction.is_by_distance());
        if needs_reference && reference.is_none() {
            let reason = (
                "an order by distance needs coordinates to measure from",
                "距離による並べ替えには基点の座標が必要です",
            );
            return Err(QueryError::Missing { parameter: "orderFrom", reason: reason.into() });
        }
        Ok(Some(Self { terms, reference: reference.filter(|_| needs_reference), collation }))
    }

    fn parse_terms(text: &str) -> Result<Vec<OrderTerm<Word>>, QueryError> {
        let mut cursor = Cursor::new("orderBy", text, &Limits::default())?;
        let mut terms = Vec::new();
        loop {
            cursor.skip_spaces();
            cursor.count_term()?;
            let path = Path::read(&mut cursor, false)?;
            let direction = if cursor.eat(";") { Direction::read(&mut cursor)? } else { Direction::default() };
            terms.push(OrderTerm { path, direction });
            cursor.skip_spaces();
            if !cursor.eat(",") {
                break;
            }
        }
        cursor.expect_end(("\",\", \";\" with a direction, or the end", "\",\"、方向を伴う\";\"、末尾"))?;
        Ok(terms)
    }

    /// The same with full names.
    pub fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<OrderBy, E> {
        let expand =
            |term: &OrderTerm<Word>| Ok(OrderTerm { path: term.path.expand(name)?, direction: term.direction });
        let terms = self.terms.iter().map(expand).collect::<Result<_, E>>()?;
        Ok(OrderBy { terms, reference: self.reference.clone(), collation: self.collation.clone() })
    }
}

impl OrderBy {
    /// What an entity is ordered by, one key for each term.
    ///
    /// Of several instances, the one counts that comes first in this direction.
    pub fn keys(&self, facts: &dyn Facts) -> Vec<SortKey> {
        self.terms.iter().map(|term| term.key(facts, self)).collect()
    }

    /// Which of two entities, given by their keys, comes first; an entity without the attribute comes last either way.
    pub fn compare(&self, a: &[SortKey], b: &[SortKey]) -> Ordering {
        let pairs = self.terms.iter().zip(a.iter().zip(b));
        pairs
            .map(|(term, (a, b))| term.direction.compare(a, b, term.collation(self)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl OrderTerm {
    /// How its texts are ordered: ids, which are no words of any language, by code points.
    fn collation<'o>(&self, order: &'o OrderBy) -> Option<&'o Collation> {
        let is_id = matches!(self.path.as_plain(), Some(Step::Member(Member::Id)));
        (!is_id).then_some(&order.collation)
    }

    fn key(&self, facts: &dyn Facts, order: &OrderBy) -> SortKey {
        let mut first = SortKey::Missing;
        self.path.any(facts, &mut |reached| {
            let key = match &order.reference {
                Some(reference) if self.direction.is_by_distance() => SortKey::of_distance(reached, reference),
                _ => SortKey::of(reached),
            };
            if self.direction.compare(&key, &first, self.collation(order)).is_lt() {
                first = key;
            }
            false
        });
        first
    }
}

impl Direction {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
            Self::NearestFirst => "dist-asc",
            Self::FarthestFirst => "dist-desc",
        }
    }

    /// Whether distances decide, and not values.
    pub fn is_by_distance(self) -> bool {
        matches!(self, Self::NearestFirst | Self::FarthestFirst)
    }

    /// Which of two keys comes first; of different types, the order of §4.23.2 holds whichever way.
    fn compare(self, a: &SortKey, b: &SortKey, collation: Option<&Collation>) -> Ordering {
        match self {
            Self::Ascending | Self::NearestFirst => a.compare(b, collation),
            Self::Descending | Self::FarthestFirst => a.compare_descending(b, collation),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        let start = cursor.mark();
        let word = cursor.take_while(|c| c.is_ascii_alphabetic() || c == '-');
        let all = [Self::Ascending, Self::Descending, Self::NearestFirst, Self::FarthestFirst];
        let found = all.into_iter().find(|direction| direction.word() == word);
        found.ok_or_else(|| {
            cursor
                .unexpected_at(start, ("asc, desc, dist-asc or dist-desc", "asc、desc、dist-asc、dist-descのいずれか"))
        })
    }
}

impl<N: Naming> Display for OrderBy<N> {
    /// Writes `orderBy` alone.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, term) in self.terms.iter().enumerate() {
            write!(f, "{}{};{}", if n == 0 { "" } else { "," }, term.path, term.direction.word())?;
        }
        Ok(())
    }
}
