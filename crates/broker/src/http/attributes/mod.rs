//! `/ngsi-ld/v1/attributes`: which attributes there are (ETSI GS CIM 009 §6.27, §6.28).

pub(super) mod info;
pub(super) mod list;
