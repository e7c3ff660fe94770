//! Cuts lines and rings off at the edges of a tile with its margin, in one pass over their positions for each edge.

/// A position on a tile, in steps of its extent.
pub(super) type At = (f64, f64);

/// The square that is kept, from the lowest to the highest of both coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Frame {
    fn edges(self) -> [Edge; 4] {
        let edge = |is_vertical, at, keeps_more| Edge { is_vertical, at, keeps_more };
        [
            edge(false, self.low, true),
            edge(false, self.high, false),
            edge(true, self.low, true),
            edge(true, self.high, false),
        ]
    }

    /// The part of a ring that is kept, closed along the edges (Sutherland and Hodgman).
    pub(super) fn ring(self, ring: &[At]) -> Vec<At> {
        let mut kept = ring.to_vec();
        for edge in self.edges() {
            let mut next = Vec::with_capacity(kept.len());
            let mut before = kept.last().copied();
            for at in kept {
                if let Some(before) = before
                    && edge.keeps(before) != edge.keeps(at)
                {
                    next.push(edge.crossing(before, at));
                }
                if edge.keeps(at) {
                    next.push(at);
                }
                before = Some(at);
            }
            kept = next;
        }
        kept
    }

    /// The parts of a line that are kept.
    pub(super) fn line(self, line: &[At]) -> Vec<Vec<At>> {
        let mut parts = vec![line.to_vec()];
        for edge in self.edges() {
            parts = parts.iter().flat_map(|part| edge.parts(part)).collect();
        }
        parts
    }
}

/// One edge of a frame.
#[derive(Clone, Copy, Debug)]
struct Edge {
    /// Whether it is told by y.
    is_vertical: bool,
    at: f64,
    keeps_more: bool,
}

impl Edge {
    fn coordinate(self, at: At) -> f64 {
        if self.is_vertical { at.1 } else { at.0 }
    }

    fn keeps(self, at: At) -> bool {
        let coordinate = self.coordinate(at);
        if self.keeps_more { coordinate >= self.at } else { coordinate <= self.at }
    }

    /// Where two positions on different sides are parted.
    fn crossing(self, from: At, to: At) -> At {
        let (start, end) = (self.coordinate(from), self.coordinate(to));
        let share = (self.at - start) / (end - start);
        let between = |a: f64, b: f64| a + (b - a) * share;
        match self.is_vertical {
            true => (between(from.0, to.0), self.at),
            false => (self.at, between(from.1, to.1)),
        }
    }

    fn parts(self, line: &[At]) -> Vec<Vec<At>> {
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        let mut before: Option<At> = None;
        for at in line.iter().copied() {
            if let Some(before) = before
                && self.keeps(before) != self.keeps(at)
            {
                part.push(self.crossing(before, at));
            }
            if self.keeps(at) {
                part.push(at);
            } else if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
            before = Some(at);
        }
        parts.push(part);
        parts.retain(|part| part.len() > 1);
        parts
    }
}
