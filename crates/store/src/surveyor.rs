//! Surveys by reading: what adapters answer that keep no index of places for maps, and the reference.

use std::sync::Arc;

use machi_types::geo::{BoundingBox, Geometry};

use crate::evaluate::{self, OwnedFacet, for_each_facet};
use crate::{
    Condition, Derive, Document, FacetValue, Filter, Find, Instances, NameNo, Names, SURVEY_BYTES, SectionKey, Sight,
    StoreError, Survey, SurveyCell, SurveyColumn, SurveyRow, Surveyed, Test, Told,
};

/// A document with where it is.
struct Seen {
    document: Arc<Document>,
    sight: Sight,
    is_doubtful: bool,
}

/// Answers one survey from the documents that it is about.
#[derive(Clone, Copy, Debug)]
pub struct Surveyor<'a> {
    /// The survey.
    pub survey: &'a Survey,
    /// Tells the facets of its collection.
    pub derive: &'a dyn Derive,
    /// The names of the store.
    pub names: &'a dyn Names,
}

/// A document with all its facets.
pub type Matching = (Arc<Document>, Vec<OwnedFacet>);

impl Surveyor<'_> {
    /// The documents that lie in a tile, or are counted there, among all that are meant.
    pub fn survey(&self, meant: Vec<Matching>) -> Result<Surveyed, StoreError> {
        let survey = self.survey;
        let reach = survey.tile.bounds(survey.margin);
        let mut seen = Vec::new();
        for (document, facets) in meant {
            let place = self.place(&document);
            let Some(sight) = place.and_then(|place| Sight::of(&place, survey.tile, &reach)) else { continue };
            let is_doubtful = evaluate::meets(&survey.doubtful, &document, &facets)?;
            seen.push(Seen { document, sight, is_doubtful });
        }
        let told = seen.iter().filter(|seen| seen.sight.is_told);
        if told.clone().count() <= survey.most {
            return Ok(Surveyed { rows: self.rows(told)?, cells: Vec::new() });
        }
        self.in_cells(seen)
    }

    /// A box around the places of all these documents.
    pub fn extent<'d>(&self, tagged: impl Iterator<Item = &'d Document>) -> Option<BoundingBox> {
        let places = tagged.filter_map(|document| self.place(document));
        let bounds = places.map(|place| match place.as_point() {
            Some(_) => place.bounding_box(),
            None => BoundingBox::of_single(place.bounding_box().outward()),
        });
        bounds.reduce(|all, one| all.joined(&one))
    }

    fn in_cells(&self, mut seen: Vec<Seen>) -> Result<Surveyed, StoreError> {
        seen.sort_by_key(|seen| (seen.sight.position.code(), seen.document.number));
        let (mut alone, mut cells) = (Vec::new(), Vec::new());
        for codes in self.survey.tile.cells(self.survey.halvings) {
            let within: Vec<&Seen> = seen.iter().filter(|seen| codes.contains(&seen.sight.position.code())).collect();
            match within.as_slice() {
                [] => {}
                [only] => alone.push(*only),
                several => {
                    cells.push(SurveyCell::of(*codes.start(), several.len(), |at| several[at].sight.position));
                }
            }
        }
        alone.sort_by_key(|seen| seen.document.number);
        Ok(Surveyed { rows: self.rows(alone.into_iter())?, cells })
    }

    fn rows<'s>(&self, seen: impl Iterator<Item = &'s Seen>) -> Result<Vec<SurveyRow>, StoreError> {
        let rows: Vec<SurveyRow> = seen.map(|seen| self.row(seen)).collect();
        let bytes: usize = rows.iter().filter_map(|row| row.document.as_ref()).map(|document| document.size()).sum();
        match bytes > SURVEY_BYTES {
            true => Err(StoreError::too_many_bytes(SURVEY_BYTES)),
            false => Ok(rows),
        }
    }

    fn row(&self, seen: &Seen) -> SurveyRow {
        let document = &seen.document;
        let values: Vec<Told> = self.survey.columns.iter().map(|column| self.value(column, document)).collect();
        let is_read = seen.is_doubtful || !seen.sight.is_point || values.contains(&Told::Unsaid);
        SurveyRow {
            number: document.number,
            id: document.id.clone(),
            position: seen.sight.position,
            values,
            document: is_read.then(|| Arc::clone(document)),
        }
    }

    /// The first place of a document.
    fn place(&self, document: &Document) -> Option<Geometry> {
        let mut first = None;
        for_each_facet(document, self.derive, self.names, &mut |facet| {
            if let FacetValue::Geometry(place) = facet.value
                && SectionKey::new(facet.name, facet.instance) == self.survey.place
                && first.is_none()
            {
                first = Some(place.clone());
            }
        });
        first
    }

    fn value(&self, column: &SurveyColumn, document: &Document) -> Told {
        let (mut values, mut texts) = (Vec::new(), Vec::new());
        let mut tags = Vec::new();
        for_each_facet(document, self.derive, self.names, &mut |facet| {
            if SectionKey::new(facet.name, facet.instance) != column.key {
                return;
            }
            match facet.value {
                FacetValue::Flag(flag) => values.push(Told::Flag(flag)),
                FacetValue::Number(number) => values.push(Told::Number(number + 0.0)),
                FacetValue::Text(text) | FacetValue::Whole(text) => texts.push(Told::Text(text.into())),
                FacetValue::Time(_) => values.push(Told::Unsaid),
                FacetValue::Tag(tag) => tags.push(tag),
                FacetValue::Exists | FacetValue::Geometry(_) | FacetValue::Link(_) => {}
            }
        });
        tags.sort_unstable();
        tags.dedup();
        let place = |tag: &NameNo| column.choice.as_ref()?.place(&self.names.text(*tag));
        match tags.iter().filter_map(place).collect::<Vec<usize>>().as_slice() {
            [] => values.append(&mut texts),
            [place] => return texts.get(*place).cloned().unwrap_or(Told::Unsaid),
            _ => return Told::Unsaid,
        }
        match values.as_slice() {
            _ if tags.iter().any(|tag| column.unless.contains(tag)) => Told::Unsaid,
            [] => Told::Nothing,
            [first, others @ ..] if others.iter().all(|other| other == first) => first.clone(),
            _ => Told::Unsaid,
        }
    }
}

/// A find of what is tagged as a survey wants it, and meets a filter.
pub fn tagged(survey: &Survey, filter: Filter) -> Find {
    let (name, tag) = survey.tagged;
    let test = Test { name, instances: Instances::Only(NameNo::NONE), condition: Condition::Tag(tag) };
    let filter = Filter::Test(test).and(filter);
    Find { budget: survey.budget, ..Find::new(survey.tenant.clone(), survey.collection, filter) }
}
