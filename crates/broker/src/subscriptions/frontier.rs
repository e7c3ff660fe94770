//! How far the feed is settled: no notification before this place is neither delivered nor written down.

use std::collections::VecDeque;
use std::sync::Arc;

use machi_store::Position;
use machi_types::Timestamp;

use super::domain::counters::Counters;
use super::domain::subscription::SubscriptionKey;
use super::due::Chunk;

/// The pieces of the feed that are not settled yet, in their order.
#[derive(Debug, Default)]
pub(crate) struct Frontier {
    /// The number of the first piece.
    first: u64,
    pieces: VecDeque<Piece>,
    /// The place before which everything is settled.
    place: Position,
    settled: Option<Position>,
}

#[derive(Debug, Default)]
struct Piece {
    /// Its notifications that are not settled.
    left: u64,
    /// What was said of it when it was read to its end.
    read: Option<Chunk>,
}

/// What was settled anew.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Throttled subscriptions, with when they were last due before the frontier.
    pub(crate) throttled: Vec<(SubscriptionKey, Arc<Counters>, Timestamp)>,
    /// Whether the new place is worth being written down.
    pub(crate) is_news: bool,
}

impl Frontier {
    /// Nothing is settled behind this place.
    pub(crate) fn at(place: Position) -> Self {
        Self { place, ..Self::default() }
    }

    /// The place before which everything is settled.
    pub(crate) fn place(&self) -> &Position {
        &self.place
    }

    /// Notifications of a piece are due.
    pub(crate) fn begin(&mut self, chunk: u64, count: u64) {
        if let Some(piece) = self.piece(chunk) {
            piece.left += count;
        }
    }

    /// A notification of a piece is settled.
    pub(crate) fn settle(&mut self, chunk: u64) -> Settled {
        if let Some(piece) = self.piece(chunk) {
            piece.left = piece.left.saturating_sub(1);
        }
        self.advance()
    }

    /// A piece was read to its end.
    pub(crate) fn end(&mut self, chunk: Chunk) -> Settled {
        let number = chunk.number;
        if let Some(piece) = self.piece(number) {
            piece.read = Some(chunk);
        }
        self.advance()
    }

    /// The place up to which everything is settled, where it has moved since this was last asked.
    pub(crate) fn take_settled(&mut self) -> Option<Position> {
        self.settled.take()
    }

    /// Whether the place has moved since it was last taken.
    pub(crate) fn has_moved(&self) -> bool {
        self.settled.is_some()
    }

    /// The place could not be written down.
    pub(crate) fn put_back(&mut self, position: Position) {
        self.settled.get_or_insert(position);
    }

    fn piece(&mut self, chunk: u64) -> Option<&mut Piece> {
        let place = usize::try_from(chunk.checked_sub(self.first)?).ok()?;
        while self.pieces.len() <= place {
            self.pieces.push_back(Piece::default());
        }
        self.pieces.get_mut(place)
    }

    fn advance(&mut self) -> Settled {
        let mut settled = Settled::default();
        while self.pieces.front().is_some_and(|piece| piece.left == 0 && piece.read.is_some()) {
            let Some(Piece { read: Some(chunk), .. }) = self.pieces.pop_front() else { break };
            self.first += 1;
            self.place.clone_from(&chunk.position);
            self.settled = Some(chunk.position);
            settled.throttled.extend(chunk.throttled);
            settled.is_news |= chunk.is_news;
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(number: u64) -> Chunk {
        Chunk { number, position: Position::single(number * 10), throttled: Vec::new(), is_news: true }
    }

    #[test]
    fn the_place_moves_only_over_settled_pieces() {
        let mut frontier = Frontier::default();
        frontier.begin(0, 2);
        frontier.begin(1, 1);
        frontier.end(chunk(0));
        frontier.end(chunk(1));
        assert!(!frontier.settle(1).is_news);
        frontier.settle(0);
        assert_eq!(frontier.take_settled(), None);
        assert!(frontier.settle(0).is_news);
        assert_eq!(frontier.take_settled(), Some(Position::single(10)));
        frontier.begin(2, 1);
        frontier.settle(2);
        assert_eq!(frontier.take_settled(), None);
        frontier.end(chunk(2));
        assert_eq!(frontier.take_settled(), Some(Position::single(20)));
        frontier.end(chunk(3));
        assert_eq!(frontier.take_settled(), Some(Position::single(30)));
    }
}
