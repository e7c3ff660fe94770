//! Checks the end of each table before the crate below opens it: from there it learns how much memory to ask for, and a
//! flipped bit must be an error that names the file, not the end of the process.
//!
//! toc · "SFA!" · version · kind of checksum · checksum of the toc (16) · its place (8) · its length (8)

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use machi_store::StoreError;
use xxhash_rust::xxh3::xxh3_128;

use crate::failure::{damaged, io_error};
use crate::lists::{Lists, TABLES};

const MAGIC: &[u8] = b"SFA!\x01\0";
const TRAILER: usize = MAGIC.len() + 16 + 8 + 8;
/// Tables have a few sections, each of which takes some dozens of bytes here.
const LONGEST_TOC: u64 = 64 << 10;

/// Checks the tables in the folder of a tree of which sums are kept; what has none may be the rest of a crash. Errors
/// name the file in the folder that a person knows.
pub(crate) fn check_ends(folder: &Path, lists: &Lists) -> Result<(), StoreError> {
    for name in lists.summed()?.iter().filter(|name| name.starts_with(TABLES)) {
        let named = lists.folder().join(name);
        match has_whole_end(&folder.join(name)) {
            Ok(true) => {}
            Ok(false) => return Err(damaged(&named, "its end is not what was written")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(io_error("reading", &named, source)),
        }
    }
    Ok(())
}

fn has_whole_end(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let Some(toc_end) = file.metadata()?.len().checked_sub(TRAILER as u64) else { return Ok(false) };
    let mut trailer = [0; TRAILER];
    file.read_exact_at(&mut trailer, toc_end)?;
    let Some(rest) = trailer.strip_prefix(MAGIC) else { return Ok(false) };
    let (sum, rest) = rest.split_at(16);
    let (place, length) = rest.split_at(8);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let (place, length) = (number(place), number(length));
    if length > LONGEST_TOC || place.checked_add(length) != Some(toc_end) {
        return Ok(false);
    }
    let mut toc = vec![0; length as usize];
    file.read_exact_at(&mut toc, place)?;
    Ok(xxh3_128(&toc).to_le_bytes() == *sum)
}
