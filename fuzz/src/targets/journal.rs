//! The journal: frames of any bytes, and batches behind a checksum that is right.

use bytes::Bytes;
use machi_store_embedded::probe;

use crate::planted;
use crate::target::Target;

pub(crate) const TARGET: Target = Target { name: "journal", run, seeds, words: &["MBCH", "\u{1}\u{1}", "\0\0\0\0"] };

fn run(bytes: &[u8]) {
    let _ = probe::frame(bytes);
    let content = probe::frame_around(bytes);
    assert_eq!(probe::frame(&content), Some(bytes.len()), "a frame is found again");
    let Some(counts) = probe::batch(&Bytes::copy_from_slice(bytes)) else { return };
    planted::fault(counts.names >= 1 && counts.erased == 2 && counts.commits >= 1);
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = probe::batches();
    seeds.push(probe::frame_around(b"any"));
    seeds
}
