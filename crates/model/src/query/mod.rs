//! The query languages of NGSI-LD: what a text asks for, as values that can be expanded, evaluated and planned.
//!
//! | language | clause | type |
//! |---|---|---|
//! | `q`, `csf` | 4.9 | [`Q`], expanded [`Query`] |
//! | `georel` and its companions | 4.10 | [`GeoQuery`] |
//! | `timerel` and its companions | 4.11 | [`TemporalQuery`] |
//! | `aggrMethods`, `aggrPeriodDuration` | 4.5.19 | [`AggregationMethod`], [`Period`] |
//! | `type` | 4.17 | [`TypeExpression`] |
//! | `scopeQ` | 4.19 | [`ScopeQuery`] over [`ScopePath`]s |
//! | `pick`, `omit` | 4.21 | [`Projection`] |
//! | `attrs`, `expandValues`, `jsonKeys` | 6.4.3.2 | [`NameList`] |
//! | `orderBy` | 4.23 | [`OrderBy`] |
//! | `idPattern`, the operand of `~=` | 4.9 | [`Pattern`] |
//!
//! Every parser takes a decoded text and gives a value that holds names as written ([`Word`]); `expand` turns
//! those into full names ([`Step`], [`Name`](machi_types::Name)). An error names the language, the position (in
//! characters, the first is 1), what belongs there and what stands there. Length, nesting and number of terms are
//! bounded by [`Limits`]; parsing takes time linear in the length. `Display` writes a text that parses to the same value.
//!
//! [`Query::matches`] says what a query means, by asking an entity for its [`Facts`].

mod aggregation;
mod collation;
mod compare;
mod cursor;
mod error;
mod eval;
mod facts;
mod form;
mod geoquery;
mod limits;
mod logic;
mod moment;
mod names;
mod operand;
mod order;
mod path;
mod pattern;
mod pattern_fault;
mod period;
mod projection;
mod q;
mod read;
mod scope;
mod sort;
mod step;
mod temporal;
mod types;
mod word;

#[cfg(test)]
mod tests;

pub use aggregation::AggregationMethod;
pub use collation::{Collation, InvalidCollation};
pub use error::QueryError;
pub use facts::{Facts, Target};
pub use geoquery::{Coordinates, GeoParameters, GeoQuery, GeoRelation};
pub use limits::Limits;
pub use logic::Logic;
pub use moment::Moment;
pub use names::NameList;
pub use operand::{Operand, Value};
pub use order::{Direction, OrderBy, OrderParameters, OrderTerm};
pub use path::{Link, Path};
pub use pattern::Pattern;
pub use period::Period;
pub use projection::{Projected, Projection};
pub use q::{Operator, Q, Query, Term, Test, ValueExpansion};
pub use scope::{InvalidScope, ScopeLevel, ScopePath, ScopePattern, ScopeQuery};
pub use sort::SortKey;
pub use step::{Member, Naming, Step};
pub use temporal::{TemporalParameters, TemporalQuery, TemporalRelation, TimeProperty};
pub use types::TypeExpression;
pub use word::Word;
