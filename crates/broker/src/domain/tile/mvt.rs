//! Writes Mapbox Vector Tiles (version 2.1 of their specification): a handful of protobuf messages.

use rustc_hash::FxHashMap;

/// The length of a tile's sides, as a power of two.
pub(super) const EXTENT_BITS: u8 = 12;

/// What a feature looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Point = 1,
    Line = 2,
    Area = 3,
}

/// A feature's shape, as the commands that draw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) commands: Vec<u32>,
}

/// A property's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Flag(bool),
}

/// A layer that is being written.
#[derive(Debug)]
pub(super) struct Layer {
    name: &'static str,
    features: Vec<u8>,
    count: usize,
    keys: Vec<String>,
    values: Vec<Vec<u8>>,
    known: FxHashMap<Vec<u8>, u32>,
}

/// A feature that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags(Vec<u32>);

const LENGTH_DELIMITED: u64 = 2;
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
/// Beyond this, doubles no longer tell all whole numbers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Layer {
    /// A layer of features that have these properties.
    pub(super) fn new(name: &'static str, keys: Vec<String>) -> Self {
        Self { name, features: Vec::new(), count: 0, keys, values: Vec::new(), known: FxHashMap::default() }
    }

    /// Gives a feature a property, by its place among the keys. A value that others share is written once.
    pub(super) fn tag(&mut self, tags: &mut Tags, key: usize, value: &Value<'_>) {
        let written = value.written();
        let next = self.values.len() as u32;
        let number = self.known.get(&written).copied().unwrap_or(next);
        if number == next {
            self.values.push(written.clone());
            self.known.insert(written, next);
        }
        tags.0.extend([key as u32, number]);
    }

    /// The same with a value that no other feature has.
    pub(super) fn tag_unique(&mut self, tags: &mut Tags, key: usize, value: &Value<'_>) {
        tags.0.extend([key as u32, self.values.len() as u32]);
        self.values.push(value.written());
    }

    /// Adds a feature.
    pub(super) fn feature(&mut self, id: Option<u64>, tags: &Tags, shape: &Shape) {
        let mut feature = Vec::with_capacity(tags.0.len() * 3 + shape.commands.len() * 2 + 16);
        if let Some(id) = id {
            number(1, id, &mut feature);
        }
        packed(2, &tags.0, &mut feature);
        number(3, shape.kind as u64, &mut feature);
        packed(4, &shape.commands, &mut feature);
        bytes(2, &feature, &mut self.features);
        self.count += 1;
    }

    /// Appends the layer to a tile; one without features is left out.
    pub(super) fn finish(&self, tile: &mut Vec<u8>) {
        if self.count == 0 {
            return;
        }
        let mut layer = Vec::with_capacity(self.features.len() + self.values.len() * 16 + 64);
        number(15, 2, &mut layer);
        bytes(1, self.name.as_bytes(), &mut layer);
        layer.extend_from_slice(&self.features);
        self.keys.iter().for_each(|key| bytes(3, key.as_bytes(), &mut layer));
        self.values.iter().for_each(|value| bytes(4, value, &mut layer));
        number(5, 1 << EXTENT_BITS, &mut layer);
        bytes(3, &layer, tile);
    }
}

impl Value<'_> {
    fn written(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match *self {
            Self::Text(text) => bytes(1, text.as_bytes(), &mut out),
            Self::Number(value) if value.fract() == 0.0 && value.abs() < EXACT => match value >= 0.0 {
                true => number(5, value as u64, &mut out),
                false => number(6, zigzag_64(value as i64), &mut out),
            },
            Self::Number(value) => {
                varint(3 << 3 | FIXED_64, &mut out);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Flag(flag) => number(7, u64::from(flag), &mut out),
        }
        out
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3 | VARINT, out);
    varint(value, out);
}

fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | LENGTH_DELIMITED, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn packed(field: u64, values: &[u32], out: &mut Vec<u8>) {
    let length: usize = values.iter().map(|value| (38 - (value | 1).leading_zeros() as usize) / 7).sum();
    varint(field << 3 | LENGTH_DELIMITED, out);
    varint(length as u64, out);
    values.iter().for_each(|value| varint(u64::from(*value), out));
}

fn zigzag_64(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// Draws one shape: each position is told by its distance from the one before.
#[derive(Debug, Default)]
pub(super) struct Pen {
    commands: Vec<u32>,
    at: (i32, i32),
}

impl Pen {
    /// Separate points.
    pub(super) fn points(&mut self, points: &[(i32, i32)]) {
        self.command(1, points.len());
        points.iter().for_each(|point| self.go(*point));
    }

    /// A line, or a ring, whose last position is not its first again.
    pub(super) fn chain(&mut self, chain: &[(i32, i32)], is_ring: bool) {
        let Some((first, rest)) = chain.split_first() else { return };
        self.command(1, 1);
        self.go(*first);
        self.command(2, rest.len());
        rest.iter().for_each(|point| self.go(*point));
        if is_ring {
            self.command(7, 1);
        }
    }

    /// What was drawn; `None` where that is nothing.
    pub(super) fn shape(self, kind: Kind) -> Option<Shape> {
        (!self.commands.is_empty()).then_some(Shape { kind, commands: self.commands })
    }

    fn command(&mut self, command: u32, count: usize) {
        self.commands.push(command | (count as u32) << 3);
    }

    fn go(&mut self, to: (i32, i32)) {
        let zigzag = |step: i32| (step << 1 ^ step >> 31) as u32;
        self.commands.extend([zigzag(to.0 - self.at.0), zigzag(to.1 - self.at.1)]);
        self.at = to;
    }
}
