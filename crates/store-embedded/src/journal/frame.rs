//! Frames: how a batch lies in a segment, and how torn tails are told from damage.
//!
//! A power cut may tear only what was not yet synced: the one frame behind all others. A frame that is
//! wrong in any other place, or wrong by a single bit, was written well and has been damaged since.
//! The checksum finds the bit; a second sum of another kind confirms it, for in a large batch that was torn
//! some bit or other would nearly explain the first sum by chance.

use crc32fast::Hasher;
use xxhash_rust::xxh3::xxh3_64;

/// Marks the start of a frame.
const MAGIC: [u8; 4] = *b"MBCH";
/// The bytes in front of a frame's content.
pub(crate) const HEADER: usize = 40;
/// What of it the header's own sum covers.
const COVERED: usize = 36;

/// What stands in front of a frame's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) length: u32,
    /// The first and the last commit inside.
    pub(crate) first: u64,
    pub(crate) last: u64,
    content_sum: u32,
    content_hash: u64,
}

/// What was found where a frame should stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A frame; its content follows the header.
    Frame(FrameHeader),
    /// Nothing that was ever complete: the end of the journal.
    Torn,
    /// Something that was complete and is no longer what was written.
    Damaged,
}

/// Starts a frame at the end of `out`; [`finish`] completes it once the content is appended.
pub(crate) fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.resize(start + HEADER, 0);
    start
}

/// Completes the frame that starts at `start`. Whether it could be: a frame's content ends below 4 GiB.
#[must_use]
pub(crate) fn finish(out: &mut [u8], start: usize, first: u64, last: u64) -> bool {
    let (header, content) = out[start..].split_at_mut(HEADER);
    let Ok(length) = u32::try_from(content.len()) else { return false };
    header[0..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&length.to_le_bytes());
    header[8..16].copy_from_slice(&first.to_le_bytes());
    header[16..24].copy_from_slice(&last.to_le_bytes());
    header[24..28].copy_from_slice(&crc32fast::hash(content).to_le_bytes());
    header[28..36].copy_from_slice(&xxh3_64(content).to_le_bytes());
    let sum = crc32fast::hash(&header[..COVERED]);
    header[COVERED..].copy_from_slice(&sum.to_le_bytes());
    true
}

/// Reads the frame at the front of `bytes`, which reach to the end of the segment.
pub(crate) fn read(bytes: &[u8]) -> Reading {
    let Some((header_bytes, content)) = bytes.split_first_chunk::<HEADER>() else { return Reading::Torn };
    let Some(header) = parse_header(header_bytes) else {
        let is_flipped = flipped_bit(&header_bytes[..COVERED], word(header_bytes, COVERED)).is_some();
        return if is_flipped || later_frame_follows(&bytes[1..]) { Reading::Damaged } else { Reading::Torn };
    };
    let Some(content) = content.get(..header.length as usize) else { return Reading::Torn };
    if crc32fast::hash(content) == header.content_sum {
        return Reading::Frame(header);
    }
    let behind = bytes.get(HEADER + content.len()..).unwrap_or_default();
    if is_one_bit_away(content, &header) || later_frame_follows(behind) {
        return Reading::Damaged;
    }
    Reading::Torn
}

/// Whether the content of a frame, read apart from its header, is what was written.
pub(crate) fn content_is_intact(header: &FrameHeader, content: &[u8]) -> bool {
    crc32fast::hash(content) == header.content_sum
}

/// Reads a header whose frame is known to be complete.
pub(crate) fn parse_header(bytes: &[u8; HEADER]) -> Option<FrameHeader> {
    let is_sound = bytes[..4] == MAGIC && crc32fast::hash(&bytes[..COVERED]) == word(bytes, COVERED);
    is_sound.then(|| FrameHeader {
        length: word(bytes, 4),
        first: long(bytes, 8),
        last: long(bytes, 16),
        content_sum: word(bytes, 24),
        content_hash: long(bytes, 28),
    })
}

fn word(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn long(bytes: &[u8; HEADER], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Whether a sound frame starts anywhere in the bytes: then what lies before it was synced once.
fn later_frame_follows(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.windows(MAGIC.len()).position(|window| window == MAGIC) {
        rest = &rest[at..];
        if let Some((header, content)) = rest.split_first_chunk::<HEADER>()
            && let Some(header) = parse_header(header)
            && content.get(..header.length as usize).is_some_and(|content| content_is_intact(&header, content))
        {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Whether one flipped bit explains why a content does not match its sum, and is the true reason.
fn is_one_bit_away(content: &[u8], header: &FrameHeader) -> bool {
    match flipped_bit(content, header.content_sum) {
        None => false,
        Some(Flipped::InTheSum) => xxh3_64(content) == header.content_hash,
        Some(Flipped::At { byte, bit }) => {
            let mut mended = content.to_vec();
            mended[byte] ^= 1 << bit;
            xxh3_64(&mended) == header.content_hash
        }
    }
}

/// A bit that is not as it was written.
enum Flipped {
    InTheSum,
    At { byte: usize, bit: usize },
}

/// The bit that, flipped, explains why the bytes do not match their sum.
///
/// CRC-32 is linear: flipping a bit k steps before the end changes the sum by a value that depends on k alone.
fn flipped_bit(bytes: &[u8], sum: u32) -> Option<Flipped> {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    let difference = hasher.finalize() ^ sum;
    if difference.is_power_of_two() {
        return Some(Flipped::InTheSum);
    }
    let mut effect = 1u32;
    let steps = (0..bytes.len() * 8).find(|_| {
        effect = if effect & 1 == 1 { (effect >> 1) ^ POLYNOMIAL } else { effect >> 1 };
        effect == difference
    })?;
    // The highest bit of a byte is taken in last.
    Some(Flipped::At { byte: bytes.len() - 1 - steps / 8, bit: 7 - steps % 8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(content: &[u8], number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let start = begin(&mut out);
        out.extend_from_slice(content);
        assert!(finish(&mut out, start, number, number));
        out
    }

    #[test]
    fn a_frame_is_read_back() {
        let bytes = frame(b"hello", 7);
        let Reading::Frame(header) = read(&bytes) else { panic!("no frame") };
        assert_eq!((header.length, header.first, header.last), (5, 7, 7));
    }

    #[test]
    fn every_cut_of_the_last_frame_is_torn() {
        let bytes = frame(b"some content that is longer than a header", 1);
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Reading::Torn, "cut at {end}");
        }
        let mut zeroed = bytes.clone();
        zeroed[HEADER + 8..].fill(0);
        assert_eq!(read(&zeroed), Reading::Torn);
    }

    #[test]
    fn every_flipped_bit_is_damage() {
        let good = frame(b"some content that is longer than a header", 1);
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&bytes), Reading::Damaged, "bit {bit}");
        }
    }

    #[test]
    fn a_bad_frame_before_a_good_one_is_damage() {
        let mut bytes = frame(b"the first one, which will be overwritten", 1);
        bytes[HEADER + 1..HEADER + 18].fill(0);
        bytes.extend(frame(b"second", 2));
        assert_eq!(read(&bytes), Reading::Damaged);
    }
}
