//! Names with their well-known namespaces as one byte.

use std::fmt;

use machi_types::Name;

use super::bytes::{Corrupt, Reader, put_text};

/// The namespaces by their number. INVARIANT: entries are added at the end and never change, as numbers are stored.
const PREFIXES: [&str; 12] = [
    "",
    "https://uri.etsi.org/ngsi-ld/default-context/",
    "https://uri.etsi.org/ngsi-ld/",
    "https://schema.org/",
    "https://smartdatamodels.org/",
    "https://smart-data-models.github.io/data-models/terms.jsonld#/definitions/",
    "https://uri.fiware.org/ns/data-models#",
    "https://uri.fiware.org/ns/dataModels#",
    "https://saref.etsi.org/core/",
    "http://www.w3.org/2001/XMLSchema#",
    "urn:ngsi-ld:",
    "http://schema.org/",
];

/// A name in two borrowed parts.
#[derive(Clone, Copy, Debug)]
pub struct NameRef<'a> {
    prefix: &'static str,
    rest: &'a str,
}

impl<'a> NameRef<'a> {
    /// The namespace and what follows it.
    pub const fn parts(self) -> (&'static str, &'a str) {
        (self.prefix, self.rest)
    }

    /// Whether the two parts together are this text.
    pub fn is(self, text: &str) -> bool {
        text.strip_prefix(self.prefix) == Some(self.rest)
    }

    /// Writes the whole name over what `scratch` held.
    pub fn read_into(self, scratch: &mut String) -> &str {
        scratch.clear();
        scratch.push_str(self.prefix);
        scratch.push_str(self.rest);
        scratch
    }

    /// The whole name.
    pub fn to_name(self) -> Name {
        if self.prefix.is_empty() { Name::from(self.rest) } else { Name::from([self.prefix, self.rest].concat()) }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Corrupt> {
        let number = reader.byte()?;
        let prefix = PREFIXES.get(usize::from(number)).ok_or(Corrupt::Unknown(u64::from(number)))?;
        Ok(Self { prefix, rest: reader.text()? })
    }
}

impl fmt::Display for NameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str(self.rest)
    }
}

pub(super) fn put_name(name: &str, out: &mut Vec<u8>) {
    let known =
        PREFIXES.iter().enumerate().skip(1).find_map(|(number, prefix)| Some((number, name.strip_prefix(prefix)?)));
    let (number, rest) = known.unwrap_or((0, name));
    out.push(number as u8);
    put_text(rest, out);
}
