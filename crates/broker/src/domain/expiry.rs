//! What has expired is not there (ETSI GS CIM 009 §4.22): which parts of an instance have, and what is left of it.

use machi_model::entity::{Attribute, Corrupt, Instance, InstanceRef, encode_instance};
use machi_types::Timestamp;

/// How deep stored sub-attributes may nest; the edge takes less.
const DEPTH: usize = 64;

/// Whether what expires then has expired now.
pub(super) fn is_past(time: Option<Timestamp>, now: Timestamp) -> bool {
    time.is_some_and(|time| time <= now)
}

/// Whether an instance or anything in it expires at some time.
pub(super) fn expires(instance: &InstanceRef<'_>) -> Result<bool, Corrupt> {
    expires_within(instance, DEPTH)
}

/// The stored form of what is left of an instance, where any of its parts has expired.
pub(super) fn cleaned(instance: &InstanceRef<'_>, now: Timestamp) -> Result<Option<Vec<u8>>, Corrupt> {
    if has_expired_parts(instance, now, DEPTH)? { without_expired(instance, now).map(Some) } else { Ok(None) }
}

fn has_expired_parts(instance: &InstanceRef<'_>, now: Timestamp, depth: usize) -> Result<bool, Corrupt> {
    if !instance.has_attributes() {
        return Ok(false);
    }
    let depth = depth.checked_sub(1).ok_or(Corrupt::Depth)?;
    for sub in instance.attributes() {
        let inner = sub?.instance;
        if is_past(inner.expires_at(), now) || has_expired_parts(&inner, now, depth)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn expires_within(instance: &InstanceRef<'_>, depth: usize) -> Result<bool, Corrupt> {
    if instance.expires_at().is_some() {
        return Ok(true);
    }
    let depth = depth.checked_sub(1).ok_or(Corrupt::Depth)?;
    if instance.has_attributes() {
        for sub in instance.attributes() {
            if expires_within(&sub?.instance, depth)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The stored form of what is left. Sub-attributes without times of their own keep having none: they then
/// show the section's.
fn without_expired(instance: &InstanceRef<'_>, now: Timestamp) -> Result<Vec<u8>, Corrupt> {
    let mut instance = instance.to_instance(None, None, None)?;
    drop_expired(&mut instance, now);
    Ok(encode_instance(&instance))
}

fn drop_expired(instance: &mut Instance, now: Timestamp) {
    instance.attributes.retain_mut(|attribute: &mut Attribute| {
        attribute.instances.retain(|inner| !is_past(inner.expires_at, now));
        attribute.instances.iter_mut().for_each(|inner| drop_expired(inner, now));
        !attribute.instances.is_empty()
    });
}
