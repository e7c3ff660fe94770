//! The geoquery language: `georel`, `geometry`, `coordinates`, `geoproperty` (§4.10).

use std::fmt::{self, Display, Formatter};

use machi_types::geo::{BoundingBox, Geometry, GeometryKind, InvalidGeometry, SpatialRelation, TooIntricate};
use machi_types::{Json, Name};

use super::cursor::Cursor;
use super::operand::Value;
use super::{Limits, QueryError, Step, Word, read};

/// How the geometry of an entity must lie to a reference geometry.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoQuery<N = Step> {
    /// The relation.
    pub relation: GeoRelation,
    /// The reference geometry.
    pub reference: Geometry,
    /// The GeoProperty that holds the target geometry; `location` where none is named.
    pub property: N,
}

/// A relation between two geometries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GeoRelation {
    /// `near;maxDistance==…`: the nearest points are at most this many metres apart.
    AtMost(f64),
    /// `near;minDistance==…`: the nearest points are more than this many metres apart, so that the target is
    /// disjoint with the buffer, whose edge belongs to it.
    MoreThan(f64),
    /// One of topology.
    Spatial(SpatialRelation),
}

/// The parameters, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct GeoParameters<'p> {
    /// `georel`
    pub georel: Option<&'p str>,
    /// `geometry`
    pub geometry: Option<&'p str>,
    /// `coordinates`
    pub coordinates: Option<Coordinates<'p>>,
    /// `geoproperty`
    pub geoproperty: Option<&'p str>,
}

/// The coordinates: text of a parameter, or a member of a request's body.
#[derive(Clone, Copy, Debug)]
pub enum Coordinates<'p> {
    /// JSON text.
    Text(&'p str),
    /// An array, or a string that holds the text of one (§5.2.13).
    Json(&'p Json<'p>),
}

/// The GeoProperty that is meant where none is named (§4.7.1).
const DEFAULT_PROPERTY: &str = "location";

impl GeoQuery<Word> {
    /// Reads the parameters; none where there is no geoquery, whose property alone is passed over (§6.4.3.2).
    pub fn parse(parameters: &GeoParameters<'_>) -> Result<Option<Self>, QueryError> {
        let (georel, kind, coordinates) = match (parameters.georel, parameters.geometry, parameters.coordinates) {
            (None, None, None) => return Ok(None),
            (Some(georel), Some(kind), Some(coordinates)) => (georel, kind, coordinates),
            (None, ..) => return Err(missing("georel")),
            (_, None, _) => return Err(missing("geometry")),
            (_, _, None) => return Err(missing("coordinates")),
        };
        let relation = GeoRelation::parse(georel)?;
        let reference = geometry(("geometry", kind), ("coordinates", coordinates))?;
        let property = Word::parse("geoproperty", parameters.geoproperty.unwrap_or(DEFAULT_PROPERTY))?;
        Ok(Some(Self { relation, reference, property }))
    }

    /// The same with full names.
    pub fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<GeoQuery, E> {
        let property = Step::expand(&self.property, name)?;
        Ok(GeoQuery { relation: self.relation, reference: self.reference.clone(), property })
    }
}

impl<N> GeoQuery<N> {
    /// Whether an entity with its property there is asked for; of several instances, one is enough (§5.7.2.4).
    pub fn matches(&self, target: &Geometry) -> Result<bool, TooIntricate> {
        match self.relation {
            GeoRelation::AtMost(metres) => target.is_within_distance(&self.reference, metres),
            GeoRelation::MoreThan(metres) => target.is_within_distance(&self.reference, metres).map(|near| !near),
            GeoRelation::Spatial(relation) => target.relates(relation, &self.reference),
        }
    }

    /// A box that the box of every match intersects; none where matches may be anywhere.
    pub fn search_box(&self) -> Option<BoundingBox> {
        match self.relation {
            GeoRelation::AtMost(metres) => Some(self.reference.bounding_box().widened(metres)),
            GeoRelation::MoreThan(_) | GeoRelation::Spatial(SpatialRelation::Disjoint) => None,
            GeoRelation::Spatial(_) => Some(self.reference.bounding_box()),
        }
    }
}

/// The reference geometry of a geoquery, or of an order by distance; errors name these parameters.
pub(super) fn geometry(
    (parameter, kind): (&str, &str),
    (place, coordinates): (&str, Coordinates<'_>),
) -> Result<Geometry, InvalidGeometry> {
    let kind: GeometryKind = kind.parse().map_err(|fault| InvalidGeometry { place: parameter.to_owned(), fault })?;
    let read = match coordinates {
        Coordinates::Text(text) => Geometry::parse_coordinates(kind, text),
        Coordinates::Json(Json::String(text)) => Geometry::parse_coordinates(kind, text),
        Coordinates::Json(json) => Geometry::from_coordinates(kind, json),
    };
    read.map_err(|error| InvalidGeometry { place: error.place.replacen("coordinates", place, 1), ..error })
}

fn missing(parameter: &'static str) -> QueryError {
    let reason =
        ("a geoquery has georel, geometry and coordinates", "地理検索にはgeorel、geometry、coordinatesが必要です");
    QueryError::Missing { parameter, reason: reason.into() }
}

impl GeoRelation {
    /// Reads `georel`.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new("georel", text, &Limits::default())?;
        let name = cursor.take_while(char::is_alphabetic);
        let relation = match SpatialRelation::ALL.into_iter().find(|relation| relation.name() == name) {
            Some(relation) => Self::Spatial(relation),
            None if name == "near" => Self::read_distance(&mut cursor)?,
            None => {
                let expected = (
                    "near, within, contains, intersects, equals, disjoint or overlaps",
                    "near、within、contains、intersects、equals、disjoint、overlapsのいずれか",
                );
                return Err(cursor.unexpected_at(0, expected));
            }
        };
        cursor.expect_end(("the end", "末尾"))?;
        Ok(relation)
    }

    fn read_distance(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        cursor
            .expect(";", ("\";maxDistance==\" or \";minDistance==\"", "\";maxDistance==\"または\";minDistance==\""))?;
        let relation = match () {
            () if cursor.eat("maxDistance") => Self::AtMost,
            () if cursor.eat("minDistance") => Self::MoreThan,
            () => return Err(cursor.unexpected(("maxDistance or minDistance", "maxDistanceまたはminDistance"))),
        };
        cursor.expect("==", ("\"==\"", "\"==\""))?;
        let start = cursor.mark();
        let metres = match read::number(cursor.take_while(|c| c != ';')) {
            Some(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        match metres {
            Some(metres) if metres > 0.0 => Ok(relation(metres)),
            _ => Err(cursor.unexpected_at(start, ("a number of metres greater than 0", "0より大きい距離(メートル)"))),
        }
    }
}

impl Display for GeoRelation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(metres) => write!(f, "near;maxDistance=={metres}"),
            Self::MoreThan(metres) => write!(f, "near;minDistance=={metres}"),
            Self::Spatial(relation) => f.write_str(relation.name()),
        }
    }
}

impl<N: Display> Display for GeoQuery<N> {
    /// Writes it as parameters of a URL, not encoded.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (kind, coordinates) = (self.reference.kind(), self.reference.coordinates_json().to_text());
        let (relation, property) = (&self.relation, &self.property);
        write!(f, "georel={relation}&geometry={kind}&coordinates={coordinates}&geoproperty={property}")
    }
}
