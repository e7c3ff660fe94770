//! The instances of an attribute by series and kind, as values with their times are written (ETSI GS CIM 009 §4.5.9).

use machi_model::entity::render::{Past, Track};
use machi_model::entity::{Corrupt, Kind};

use super::{Line, past};

/// The tracks of an attribute: one for each kind that a series had, the oldest first. A series of which nothing is left
/// to be shown has the kind that an empty track has.
pub(super) fn of<'s>(attribute: &[Line<'s>]) -> Result<Vec<Track<'s>>, Corrupt> {
    let mut tracks = Vec::new();
    for line in attribute {
        let start = tracks.len();
        for timed in line.instances {
            add(&mut tracks, start, past(line.series, timed))?;
        }
        if line.instances.is_empty() {
            let dataset_id = line.series.dataset.as_deref();
            tracks.push(Track { dataset_id, kind: line.kind, instances: Vec::new() });
        }
    }
    Ok(tracks)
}

fn add<'s>(tracks: &mut Vec<Track<'s>>, start: usize, past: Past<'s>) -> Result<(), Corrupt> {
    let kind: Kind = past.section.instance()?.kind();
    let known = tracks.iter().skip(start).position(|track| track.kind == kind);
    match known.and_then(|place| tracks.get_mut(start + place)) {
        Some(track) => track.instances.push(past),
        None => tracks.push(Track { dataset_id: past.section.dataset_id, kind, instances: vec![past] }),
    }
    Ok(())
}
