//! Doors for fuzzing: readers of bytes from outside that have no door of their own, given any bytes at all.

use machi_face::PageStart;

use crate::subscriptions::mqtt::packet::hear;

/// What a stream of bytes from an MQTT broker came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardPackets {
    /// Whole packets.
    pub packets: usize,
    /// The bytes behind them.
    pub left: usize,
}

/// The cursor of the query with this hash, written again; none where the text is no such cursor.
pub fn cursor(text: &str, query: u64) -> Option<String> {
    let start = PageStart::decode(text, query).ok()?;
    let _ = start.previous(20, 10_000);
    if let Some(after) = start.after.clone() {
        let _ = start.next(1000, after);
    }
    Some(start.encode(query))
}

/// A few cursors of the query with this hash.
pub fn cursors(query: u64) -> Vec<String> {
    let row = |byte: u8| machi_store::Cursor(vec![byte; 5]);
    let first = PageStart::at(0).next(20, row(1));
    let third = first.next(20, row(2)).next(20, row(3));
    [first, third].map(|start| start.encode(query)).into()
}

/// Reads packets until one is not whole or garbled.
pub fn heard(bytes: &[u8]) -> HeardPackets {
    let mut received = bytes.to_vec();
    let packets = std::iter::from_fn(|| hear(&mut received).ok().flatten()).count();
    HeardPackets { packets, left: received.len() }
}
