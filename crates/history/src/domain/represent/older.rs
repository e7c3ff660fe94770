//! Evolutions for readers of an earlier version of the standard (ETSI GS CIM 009 §4.3.6.8): each instance is what it
//! would be in an entity, and all of them are kept.

use machi_archive::SCOPE;
use machi_face::older::rewrite;
use machi_model::entity::{Attribute, Corrupt, Entity, InstanceRef, Terms, encode_instance};

use crate::domain::gathered::BySeries;

/// Which versions 1.x know neither several types nor several instances of an attribute, nor scopes.
const SEVERAL: u16 = 3;
const SCOPES: u16 = 4;

/// Whether entities have but one type in this version.
pub(super) const fn has_one_type(version: u16) -> bool {
    version < SEVERAL
}

/// Rewrites instances, and leaves out what the version does not know; says whether anything had to be changed.
pub(super) fn keep(series: &mut BySeries, version: u16, terms: &dyn Terms) -> Result<bool, Corrupt> {
    let before = series.len();
    series.retain(|series, _| {
        (version >= SCOPES || &*series.attribute != SCOPE) && (version >= SEVERAL || series.dataset.is_none())
    });
    let mut is_changed = series.len() < before;
    for (series, all) in series.iter_mut() {
        for timed in all {
            let instance = InstanceRef::read(&timed.instance.body)?.to_instance(None, None, None)?;
            let mut entity = Entity::new(series.entity.clone(), Vec::new());
            entity.attributes = vec![Attribute { name: series.attribute.clone(), instances: vec![instance] }];
            if !rewrite(&mut entity, version, terms) {
                continue;
            }
            is_changed = true;
            if let Some((_, instance)) = entity.instances().next() {
                timed.instance.body = encode_instance(instance).into();
            }
        }
    }
    Ok(is_changed)
}
