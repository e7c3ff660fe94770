//! Tiles of the map as clients draw them: what a survey found, as layers of a Mapbox Vector Tile.

mod clip;
mod mvt;
mod paint;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use paint::{Painter, TileAttribute};
pub(crate) use shape::MARGIN;

/// The layer of entities.
pub(crate) const ENTITIES_LAYER: &str = "entities";
/// The layer of places where there are too many of them.
pub(crate) const CLUSTERS_LAYER: &str = "clusters";
/// From this zoom on a map looks no closer, but magnifies: here many more are shown one by one.
pub(crate) const DEEPEST: u8 = 16;
/// The sides of a tile are halved so often to get the cells in which entities are counted.
pub(crate) const HALVINGS: u8 = 3;
