//! A tile of the map, and how far a type's entities reach: a survey of the store, painted.

use std::sync::Arc;

use machi_face::{Criteria, FaceError};
use machi_model::context::Context;
use machi_model::entity::render::Languages;
use machi_model::entity::{InstanceRef, Kind};
use machi_model::query::{Query, ScopeQuery};
use machi_store::{Check, Choose, Document, Filter, NameNo, SectionKey, Survey, SurveyColumn};
use machi_types::geo::{BoundingBox, Tile};
use machi_types::{Caller, Name, Timestamp};

use super::select::Sight;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::facets::{TYPE, languages_of, value};
use crate::domain::filter::Compiler;
use crate::domain::tile::{DEEPEST, HALVINGS, MARGIN, Painter, TileAttribute};

/// What a map asks for, whichever tile of it.
#[derive(Clone, Debug)]
pub(crate) struct MapQuery {
    /// The type, expanded.
    pub(crate) kind: Name,
    /// The GeoProperty, expanded.
    pub(crate) place: Name,
    pub(crate) attributes: Vec<TileAttribute>,
    pub(crate) q: Option<Query>,
    pub(crate) scopes: Option<ScopeQuery>,
    pub(crate) languages: Languages,
    pub(crate) context: Arc<Context>,
}

impl Broker {
    /// A tile, as a Mapbox Vector Tile.
    pub(crate) async fn tile(&self, caller: &Caller, query: MapQuery, tile: Tile) -> Result<Vec<u8>, FaceError> {
        self.face.check_tenant(caller).await?;
        let sight = self.sight(caller.tenant());
        let Some(survey) = self.survey_of(&sight, &query, tile).await? else { return Ok(Vec::new()) };
        let names = self.store.names();
        let painter = Painter {
            tile,
            now: sight.now,
            place: survey.place.name,
            numbers: query.attributes.iter().map(|attribute| names.lookup(&attribute.name)).collect(),
            attributes: query.attributes,
            languages: query.languages,
            context: query.context,
        };
        let surveyed = sight.view.survey(survey).await?;
        // Drawing thousands of shapes would hold up other requests.
        let painted = tokio::task::spawn_blocking(move || painter.paint(&surveyed)).await;
        Ok(painted.map_err(|_| FaceError::Bug("a tile was not painted to its end"))??)
    }

    /// The box around all entities of the type.
    pub(crate) async fn map_bounds(&self, caller: &Caller, query: &MapQuery) -> Result<Option<BoundingBox>, FaceError> {
        self.face.check_tenant(caller).await?;
        let sight = self.sight(caller.tenant());
        let Some(survey) = self.survey_of(&sight, query, Tile::MAP).await? else { return Ok(None) };
        Ok(sight.view.extent(survey).await?)
    }

    /// The survey of a tile; `None` where nothing can be there.
    async fn survey_of(&self, sight: &Sight, query: &MapQuery, tile: Tile) -> Result<Option<Survey>, FaceError> {
        let names = self.store.names();
        let (Some(types), Some(kind), Some(place)) =
            (names.lookup(TYPE), names.lookup(&query.kind), names.lookup(&query.place))
        else {
            return Ok(None);
        };
        let criteria = Criteria { q: query.q.clone(), scopes: query.scopes.clone(), ..Criteria::default() };
        let selection = self.selection(sight, criteria).await?;
        let compiler = Compiler::new(&self.store, sight.now);
        let is_there = Filter::Check(Arc::new(PlaceLives { place, now: sight.now }));
        let limits = &self.face.config.limits;
        Ok(Some(Survey {
            tenant: sight.tenant.clone(),
            collection: ENTITIES,
            tagged: (types, kind),
            filter: compiler.believing(&selection),
            doubtful: compiler.has_expired(),
            recheck: compiler.reading(&selection).and(is_there),
            place: SectionKey::new(place, NameNo::NONE),
            tile,
            margin: MARGIN,
            most: if tile.zoom() < DEEPEST { limits.tile_features } else { limits.tile_features_deepest },
            halvings: HALVINGS,
            columns: query.attributes.iter().map(|attribute| self.column(&attribute.name, &query.languages)).collect(),
            budget: self.face.budget(),
        }))
    }

    /// What the index tells of an attribute's default instance. Terms of a vocabulary and values that are many are
    /// read, and so are texts in languages of which no tag tells the order.
    fn column(&self, attribute: &str, languages: &Languages) -> SurveyColumn {
        let names = self.store.names();
        let tags = [Kind::LanguageProperty.as_str(), Kind::VocabProperty.as_str(), Kind::ListProperty.as_str()];
        let unless = tags.into_iter().chain([value::MANY]).filter_map(|tag| names.lookup(tag)).collect();
        // A name that nothing has leads to no facets.
        let key = names
            .lookup(attribute)
            .map_or(SectionKey::new(NameNo::NONE, NameNo::NONE), |name| SectionKey::new(name, NameNo::NONE));
        SurveyColumn { key, unless, choice: Some(Arc::new(Wanted(languages.clone()))) }
    }
}

/// Chooses the text in the language that a reader wants.
#[derive(Debug)]
struct Wanted(Languages);

impl Choose for Wanted {
    fn place(&self, tag: &str) -> Option<usize> {
        self.0.place(&languages_of(tag)?)
    }
}

/// Entities whose place has not expired.
#[derive(Debug)]
struct PlaceLives {
    place: NameNo,
    now: Timestamp,
}

impl Check for PlaceLives {
    fn meets(&self, document: &Document) -> bool {
        let section = document.section(SectionKey::new(self.place, NameNo::NONE));
        let instance = section.and_then(|section| InstanceRef::read(&section.body).ok());
        instance.is_some_and(|instance| instance.expires_at().is_none_or(|time| time > self.now))
    }
}
