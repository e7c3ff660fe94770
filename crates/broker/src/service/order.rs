//! The order of a query's entities (ETSI GS CIM 009 §4.23): by index where all values are of one kind, else by
//! reading all matches, within the budget, and sorting them as the model says.

use std::cmp::Ordering as Compared;
use std::sync::Arc;

use machi_face::{FaceError, PageStart};
use machi_model::entity::{EntityFacts, Kind};
use machi_model::query::{Collation, Direction, Member, OrderBy, OrderTerm, SortKey, Step};
use machi_store::{
    CompareTexts, Cursor, Document, Filter, Find, Instances, NameNo, Order, OrderBy as By, Seen, StoreError,
};
use machi_types::Text;

use super::query::Rows;
use super::select::Sight;
use crate::Broker;
use crate::domain::facets::value;
use crate::domain::filter::{Compiler, any, is_nothing, not};
use crate::domain::reading::Reading;
use crate::domain::sorted::{Place, is_sorted_cursor};
use machi_face::once::EXPIRES;

/// How an order is brought about.
#[derive(Clone, Debug)]
pub(super) enum Ordering {
    /// By the store.
    ByIndex(Vec<Order>),
    /// By reading every match.
    ByReading(OrderBy),
}

/// One part of an order as the store can bring it about.
struct Part {
    order: Order,
    /// Filters one of which must find nothing among the matches for the order to be right.
    doubts: Vec<Filter>,
}

impl Broker {
    /// How to order the matches of a filter. Pages that follow keep to the way of the first one.
    pub(super) async fn ordering(
        &self,
        sight: &Sight,
        filter: &Filter,
        order: Option<OrderBy>,
        after: Option<&Cursor>,
    ) -> Result<Ordering, FaceError> {
        let Some(order) = order else { return Ok(Ordering::ByIndex(Vec::new())) };
        if after.is_some_and(is_sorted_cursor) {
            return Ok(Ordering::ByReading(order));
        }
        let compiler = Compiler::new(&self.store, sight.now);
        let mut parts = Vec::new();
        for term in &order.terms {
            match compiler.part(self.store.names(), term, &order) {
                Some(part) => parts.push(part),
                None => return Ok(Ordering::ByReading(order)),
            }
        }
        let by_index = || Ordering::ByIndex(parts.iter().map(|part| part.order.clone()).collect());
        if after.is_some() {
            return Ok(by_index());
        }
        // Facets of what has expired would count until they are removed.
        if !self.is_empty(sight, filter, compiler.has_expired()).await? {
            return Ok(Ordering::ByReading(order));
        }
        for part in &parts {
            if !self.is_right(sight, filter, part).await? {
                return Ok(Ordering::ByReading(order));
            }
        }
        Ok(by_index())
    }

    async fn is_right(&self, sight: &Sight, filter: &Filter, part: &Part) -> Result<bool, FaceError> {
        for doubt in &part.doubts {
            if self.is_empty(sight, filter, doubt.clone()).await? {
                return Ok(true);
            }
        }
        Ok(part.doubts.is_empty())
    }

    async fn is_empty(&self, sight: &Sight, filter: &Filter, more: Filter) -> Result<bool, FaceError> {
        if is_nothing(&more) {
            return Ok(true);
        }
        Ok(sight.view.count(self.entity_find(sight, more.and(filter.clone()))).await? == 0)
    }

    /// The rows of a page after reading and sorting all matches.
    pub(super) async fn sorted_rows(
        &self,
        sight: &Sight,
        filter: &Filter,
        order: &OrderBy,
        start: &PageStart,
        limit: usize,
    ) -> Result<Rows, FaceError> {
        let most = usize::try_from(self.face.config.limits.query_documents).unwrap_or(usize::MAX);
        let found = sight.view.find(Find { limit: most, ..self.entity_find(sight, filter.clone()) }).await?;
        if found.more {
            let reason = Text::both(
                format!("this order needs all matches to be read, and there are more than {most}"),
                format!("この並べ替えには該当するすべてを読み取る必要がありますが、{most}件を超えています"),
            );
            return Err(StoreError::TooComplex(reason).into());
        }
        let after = start.after.as_ref().map(|cursor| Place::decode(cursor, order.terms.len())).transpose()?;
        let mut placed: Vec<(Place, Arc<Document>)> = Vec::with_capacity(found.rows.len());
        for row in found.rows {
            let place = Place { keys: self.keys(sight, order, &row.document)?, number: row.document.number };
            if after.as_ref().is_none_or(|after| place.compare(after, order).is_gt()) {
                placed.push((place, row.document));
            }
        }
        placed.sort_by(|(a, _), (b, _)| a.compare(b, order));
        let offset = if after.is_some() { 0 } else { usize::try_from(start.passed).unwrap_or(usize::MAX) };
        let more = placed.len() > offset.saturating_add(limit);
        let page = placed.into_iter().skip(offset).take(limit);
        Ok(Rows { rows: page.map(|(place, document)| (Seen::Whole(document), place.encode())).collect(), more }.cut())
    }

    fn keys(&self, sight: &Sight, order: &OrderBy, document: &Arc<Document>) -> Result<Vec<SortKey>, FaceError> {
        let Some(reading) = Reading::of(Arc::clone(document), self.store.names(), sight.now)? else {
            return Ok(order.terms.iter().map(|_| SortKey::Missing).collect());
        };
        let sections = reading.sections();
        let document = reading.document(&sections);
        Ok(order.keys(&EntityFacts { document: &document, now: sight.now, linked: None }))
    }
}

/// Texts in the order of a collation, for the store.
#[derive(Debug)]
struct Texts(Collation);

impl CompareTexts for Texts {
    fn name(&self) -> &str {
        self.0.tag()
    }

    fn compare(&self, a: &str, b: &str) -> Compared {
        self.0.compare(a, b)
    }
}

impl Compiler<'_> {
    /// The part of an order that a term stands for, if the store can bring it about.
    fn part(&self, names: &dyn machi_store::Names, term: &OrderTerm, order: &OrderBy) -> Option<Part> {
        let by_distance = order.reference.as_ref().filter(|_| term.direction.is_by_distance());
        let descending = matches!(term.direction, Direction::Descending | Direction::FarthestFirst);
        let own = |name| By::Facet { name, instances: Instances::Only(NameNo::NONE) };
        let (by, doubts) = match (term.path.as_plain()?, by_distance) {
            (Step::Attribute(name), Some(from)) => {
                let by = By::Distance { name: names.lookup(name)?, instances: Instances::Any, from: from.clone() };
                (by, vec![self.unlike_places(name, descending)])
            }
            (Step::Attribute(name), None) => {
                (By::Facet { name: names.lookup(name)?, instances: Instances::Any }, self.unlike_values(name))
            }
            (Step::Member(Member::Id), None) => (By::Id, Vec::new()),
            (Step::Member(Member::CreatedAt), None) => (own(NameNo::CREATED), Vec::new()),
            (Step::Member(Member::ModifiedAt), None) => (own(NameNo::MODIFIED), Vec::new()),
            (Step::Member(Member::ExpiresAt), None) => (own(names.lookup(EXPIRES)?), Vec::new()),
            (Step::Member(_), _) => return None,
        };
        let texts: Option<Arc<dyn CompareTexts>> = match by {
            By::Id => None,
            _ => Some(Arc::new(Texts(order.collation.clone()))),
        };
        Some(Part { order: Order { by, descending, texts }, doubts })
    }

    /// Entities whose attribute is no place, or several when the farthest is asked for.
    fn unlike_places(&self, name: &str, farthest: bool) -> Filter {
        let is_place = self.tagged(name, Kind::GeoProperty.as_str());
        let several = if farthest { self.datasets(name) } else { any([]) };
        any([self.exists(name).and(not(is_place)), several])
    }

    /// For each kind of value that an index orders rightly, the entities that have another one.
    fn unlike_values(&self, name: &str) -> Vec<Filter> {
        let kinds = [Kind::Relationship, Kind::ListRelationship, Kind::LanguageProperty, Kind::GeoProperty];
        let others = |but: &str| {
            let tags = value::ALL.into_iter().filter(|tag| *tag != but).chain(kinds.iter().map(|kind| kind.as_str()));
            any(tags.map(|tag| self.tagged(name, tag)))
        };
        let only = |tag: &str| {
            let tagged = self.tagged(name, tag);
            let numbers = self.exists(name).and(not(tagged.clone()));
            // Beside an instance of this kind, another one may hold a number.
            any([others(tag), numbers, self.datasets(name).and(tagged)])
        };
        vec![others(""), only(value::TEXT), only(value::TIME), only(value::FLAG)]
    }
}
