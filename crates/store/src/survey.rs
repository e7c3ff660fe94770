//! Surveys: what lies in a tile of the map, one by one where it is little, and counted in cells where it is much.
//!
//! Positions and values come from the indexes; a document is read only where they do not hold what is asked for.

use std::fmt::Debug;
use std::sync::Arc;

use machi_types::geo::{BoundingBox, Geometry, MapPosition, Tile};
use machi_types::{Name, TenantId};

use crate::{Budget, Collection, Document, DocumentNo, Filter, NameNo, SectionKey};

/// How many bytes the documents that one survey hands out may have.
pub const SURVEY_BYTES: usize = 64 << 20;

/// A question for what lies in a tile.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Whose documents.
    pub tenant: TenantId,
    /// Of which collection.
    pub collection: Collection,
    /// Only documents with this tag (a name and the tag, without an instance); a store may keep them in order.
    pub tagged: (NameNo, NameNo),
    /// Which of them; conditions beside the tag.
    pub filter: Filter,
    /// Those of which no index can be believed: they are few, and come with their document.
    pub doubtful: Filter,
    /// Which of those are meant, instead of the filter.
    pub recheck: Filter,
    /// The facets that tell their places.
    pub place: SectionKey,
    /// The tile.
    pub tile: Tile,
    /// What lies beside the tile up to here is told of, too, as a part of its side; it does not concern points.
    pub margin: f64,
    /// Up to so many are told one by one.
    pub most: usize,
    /// Where there are more, they are counted in cells: the sides of the tile, halved so often.
    pub halvings: u8,
    /// The values that are wanted of those that are told one by one.
    pub columns: Vec<SurveyColumn>,
    /// How much work it may cost.
    pub budget: Budget,
}

/// A value that is wanted.
#[derive(Clone, Debug)]
pub struct SurveyColumn {
    /// The name of its facets.
    pub key: SectionKey,
    /// Documents with one of these tags under the key come with their document: their facets do not say enough.
    pub unless: Vec<NameNo>,
    /// Chooses one of several texts, where another tag under the key tells what they are.
    pub choice: Option<Arc<dyn Choose>>,
}

/// Chooses one of the texts that a document has under a name.
pub trait Choose: Debug + Send + Sync {
    /// The place of the wanted text, among all in the order in which they were derived, of documents with this tag;
    /// `None` where the tag says nothing of texts.
    fn place(&self, tag: &str) -> Option<usize>;
}

impl Survey {
    /// Which documents are meant beside the tag, in one filter.
    pub fn meant(&self) -> Filter {
        let sure = Filter::Not(Box::new(self.doubtful.clone())).and(self.filter.clone());
        Filter::Or(vec![sure, self.doubtful.clone().and(self.recheck.clone())])
    }
}

/// What lies in a tile.
#[derive(Clone, Debug, Default)]
pub struct Surveyed {
    /// What is told one by one, in the order of numbers.
    pub rows: Vec<SurveyRow>,
    /// What is counted; where anything is, each cell has two or more, and rows are those that are alone in theirs.
    pub cells: Vec<SurveyCell>,
}

/// One document in a tile.
#[derive(Clone, Debug)]
pub struct SurveyRow {
    /// Its number.
    pub number: DocumentNo,
    /// Its id.
    pub id: Name,
    /// Where it is: the position of a point, or the middle of what is none.
    pub position: MapPosition,
    /// The values of the columns, where they can be told.
    pub values: Vec<Told>,
    /// The document, where it is no point, or a value cannot be told.
    pub document: Option<Arc<Document>>,
}

/// What an index tells of a value; several that are equal are one to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// There is none that is a flag, a number or a text.
    Nothing,
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Name),
    /// There is one, and only the document can tell it.
    Unsaid,
}

/// Documents in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurveyCell {
    /// The code of the first position of the cell (see [`MapPosition::code`]).
    pub code: u64,
    /// How many there are, two or more.
    pub count: u64,
    /// About where they are.
    pub position: MapPosition,
}

/// How many of the positions of a cell say about where they are.
const SAMPLES: usize = 16;

impl SurveyCell {
    /// A cell of so many documents, whose positions are given by their place in the order of codes.
    ///
    /// The mean of all would have to look at each; the mean of some that follow each other at equal distances is
    /// near it, and the same for whoever asks. They are asked for in their order.
    pub fn of(code: u64, count: usize, mut at: impl FnMut(usize) -> MapPosition) -> Self {
        let samples = count.clamp(1, SAMPLES);
        let sampled = (0..samples).map(|n| at((2 * n + 1) * count / (2 * samples)));
        let (x, y) = sampled.fold((0, 0), |(x, y), at| (x + u64::from(at.x), y + u64::from(at.y)));
        let mean = |sum: u64| (sum / samples as u64) as u32;
        Self { code, count: count as u64, position: MapPosition { x: mean(x), y: mean(y) } }
    }
}

/// A place as a survey sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Where it is counted.
    pub position: MapPosition,
    /// Whether it is a point.
    pub is_point: bool,
    /// Whether it is in the tile, or near enough to be told of.
    pub is_told: bool,
}

impl Sight {
    /// How a place lies to a tile; `None` for a point near the poles, where the map has ended.
    pub fn of(place: &Geometry, tile: Tile, reach: &BoundingBox) -> Option<Self> {
        if let Some(point) = place.as_point() {
            let position = MapPosition::of(point.longitude(), point.latitude())?;
            return Some(Self { position, is_point: true, is_told: tile.holds(position) });
        }
        let bounds = place.bounding_box().outward();
        let position = MapPosition::middle_of(bounds);
        Some(Self { position, is_point: false, is_told: reach.meets_single(bounds) || tile.holds(position) })
    }
}
