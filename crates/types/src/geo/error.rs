//! Why a JSON value is no geometry, and where in it.

use crate::JsonError;

/// Why a JSON value is no geometry.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct InvalidGeometry {
    /// The member or item at fault, such as `coordinates[0][3]`.
    pub place: String,
    /// What is wrong there.
    pub fault: GeometryFault,
}

/// What is wrong with a geometry.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeometryFault {
    /// Not a JSON object.
    #[error("a geometry is an object with \"type\" and \"coordinates\", not {found}")]
    NotAnObject {
        /// What stands there.
        found: &'static str,
    },
    /// Not JSON at all.
    #[error("not JSON: {0}")]
    NotJson(#[source] JsonError),
    /// A member is missing, or no string.
    #[error("a geometry has a \"type\", which is one of {KINDS}")]
    NoType,
    /// The type is none of `GeoJSON`'s.
    #[error("\"{0}\" is no type of geometry; the types are {KINDS}")]
    UnknownType(String),
    /// ETSI GS CIM 009 §4.7.1 takes no collections.
    #[error("NGSI-LD takes no GeometryCollection; the types are {KINDS}")]
    Collection,
    /// There are no coordinates.
    #[error("a geometry has \"coordinates\"")]
    NoCoordinates,
    /// Something other than an array.
    #[error("expected {expected}, found {found}")]
    NotAnArray {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// An array without items.
    #[error("expected {expected}, found an empty array")]
    Empty {
        /// What belongs there.
        expected: &'static str,
    },
    /// A position of one, or of more than three numbers.
    #[error("a position is [longitude, latitude] or [longitude, latitude, altitude], not {0} items")]
    PositionLength(usize),
    /// A coordinate that is no finite number.
    #[error("a coordinate is a number, not {found}")]
    NotANumber {
        /// What stands there.
        found: &'static str,
    },
    /// Beyond the antimeridian.
    #[error(
        "longitude {0} is not between -180 and 180; \
         a geometry that crosses the antimeridian is cut in two (RFC 7946 section 3.1.9)"
    )]
    Longitude(f64),
    /// Beyond a pole.
    #[error("latitude {0} is not between -90 and 90; a position is [longitude, latitude]")]
    Latitude(f64),
    /// A line of one position.
    #[error("a line has two or more positions, not {0}")]
    ShortLine(usize),
    /// A ring of fewer than four positions.
    #[error("a ring has four or more positions, the last equal to the first, not {0}")]
    ShortRing(usize),
    /// A ring that ends elsewhere than it begins.
    #[error("the ring does not close: its last position {last} is not its first {first}")]
    OpenRing {
        /// Where it begins.
        first: String,
        /// Where it ends.
        last: String,
    },
    /// More positions than we take.
    #[error("the geometry has more than {limit} positions")]
    TooManyPositions {
        /// How many we take.
        limit: usize,
    },
}

const KINDS: &str = "Point, MultiPoint, LineString, MultiLineString, Polygon and MultiPolygon";

impl InvalidGeometry {
    pub(super) fn new(place: &str, fault: GeometryFault) -> Self {
        Self { place: place.to_owned(), fault }
    }
}

impl GeometryFault {
    pub(super) fn unknown_type(text: &str) -> Self {
        Self::UnknownType(text.chars().take(40).collect())
    }
}
