//! Surveys of the reference: every document is looked at.

use std::sync::Arc;

use machi_types::geo::{BoundingBox, Geometry};

use super::MemoryView;
use crate::evaluate::{self, for_each_facet};
use crate::{
    Collection, Condition, Document, FacetValue, Filter, Find, Instances, NameNo, Names, SURVEY_BYTES, SectionKey,
    Sight, StoreError, Survey, SurveyCell, SurveyColumn, SurveyRow, Surveyed, Test, Told,
};

/// A document with where it is.
struct Seen {
    document: Arc<Document>,
    sight: Sight,
    is_doubtful: bool,
}

impl MemoryView {
    pub(super) fn survey(&self, survey: &Survey) -> Result<Surveyed, StoreError> {
        let reach = survey.tile.bounds(survey.margin);
        let mut seen = Vec::new();
        for (document, facets) in self.matching(&tagged(survey, survey.meant()))? {
            let place = self.place(survey, &document);
            let Some(sight) = place.and_then(|place| Sight::of(&place, survey.tile, &reach)) else { continue };
            let is_doubtful = evaluate::meets(&survey.doubtful, &document, &facets)?;
            seen.push(Seen { document, sight, is_doubtful });
        }
        let told = seen.iter().filter(|seen| seen.sight.is_told);
        if told.clone().count() <= survey.most {
            return Ok(Surveyed { rows: self.rows(survey, told)?, cells: Vec::new() });
        }
        self.in_cells(survey, seen)
    }

    pub(super) fn extent(&self, survey: &Survey) -> Result<Option<BoundingBox>, StoreError> {
        let found = self.matching(&tagged(survey, Filter::All))?;
        let places = found.iter().filter_map(|(document, _)| self.place(survey, document));
        let bounds = places.map(|place| match place.as_point() {
            Some(_) => place.bounding_box(),
            None => BoundingBox::of_single(place.bounding_box().outward()),
        });
        Ok(bounds.reduce(|all, one| all.joined(&one)))
    }

    fn in_cells(&self, survey: &Survey, mut seen: Vec<Seen>) -> Result<Surveyed, StoreError> {
        seen.sort_by_key(|seen| (seen.sight.position.code(), seen.document.number));
        let (mut alone, mut cells) = (Vec::new(), Vec::new());
        for codes in survey.tile.cells(survey.halvings) {
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
        Ok(Surveyed { rows: self.rows(survey, alone.into_iter())?, cells })
    }

    fn rows<'s>(&self, survey: &Survey, seen: impl Iterator<Item = &'s Seen>) -> Result<Vec<SurveyRow>, StoreError> {
        let rows: Vec<SurveyRow> = seen.map(|seen| self.row(survey, seen)).collect();
        let bytes: usize = rows.iter().filter_map(|row| row.document.as_ref()).map(|document| document.size()).sum();
        match bytes > SURVEY_BYTES {
            true => Err(StoreError::too_many_bytes(SURVEY_BYTES)),
            false => Ok(rows),
        }
    }

    fn row(&self, survey: &Survey, seen: &Seen) -> SurveyRow {
        let document = &seen.document;
        let values: Vec<Told> =
            survey.columns.iter().map(|column| self.value(survey.collection, column, document)).collect();
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
    fn place(&self, survey: &Survey, document: &Document) -> Option<Geometry> {
        let inner = &self.store.0;
        let mut first = None;
        for_each_facet(document, inner.derive(survey.collection), &inner.names, &mut |facet| {
            if let FacetValue::Geometry(place) = facet.value
                && SectionKey::new(facet.name, facet.instance) == survey.place
                && first.is_none()
            {
                first = Some(place.clone());
            }
        });
        first
    }

    fn value(&self, collection: Collection, column: &SurveyColumn, document: &Document) -> Told {
        let inner = &self.store.0;
        let (mut values, mut texts) = (Vec::new(), Vec::new());
        let mut tags = Vec::new();
        for_each_facet(document, inner.derive(collection), &inner.names, &mut |facet| {
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
        let place = |tag: &NameNo| column.choice.as_ref()?.place(&inner.names.text(*tag));
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

/// A find of what is tagged and meets a filter.
fn tagged(survey: &Survey, filter: Filter) -> Find {
    let (name, tag) = survey.tagged;
    let test = Test { name, instances: Instances::Only(NameNo::NONE), condition: Condition::Tag(tag) };
    let filter = Filter::Test(test).and(filter);
    Find { budget: survey.budget, ..Find::new(survey.tenant.clone(), survey.collection, filter) }
}
