//! `/ngsi-ld/v1/types`: which types there are (ETSI GS CIM 009 §6.25, §6.26).

pub(super) mod info;
pub(super) mod list;
