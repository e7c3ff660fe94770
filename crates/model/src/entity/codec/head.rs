//! The head of a stored entity: types, scopes, time of expiry.
//!
//! version · flags · \[expiry\] · count of types · types · count of scopes · scopes

use machi_types::{Name, Timestamp};

use super::VERSION;
use super::bytes::{Corrupt, Reader, put_number, put_text, put_time};
use super::prefix::{NameRef, put_name};
use crate::entity::entity::Entity;

const HAS_EXPIRY: u8 = 1;

/// What an entity has beside its attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The types, expanded.
    pub types: Vec<Name>,
    /// The scopes.
    pub scopes: Vec<Name>,
    /// When the entity is to vanish.
    pub expires_at: Option<Timestamp>,
}

/// A head, read where it lies.
#[derive(Clone, Copy, Debug)]
pub struct HeadRef<'a> {
    expires_at: Option<Timestamp>,
    types: (usize, Reader<'a>),
    scopes: (usize, Reader<'a>),
}

impl Head {
    /// The head of an entity.
    pub fn of(entity: &Entity) -> Self {
        Self { types: entity.types.clone(), scopes: entity.scopes.clone(), expires_at: entity.expires_at }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.push(VERSION);
        out.push(if self.expires_at.is_some() { HAS_EXPIRY } else { 0 });
        if let Some(time) = self.expires_at {
            put_time(time, &mut out);
        }
        put_number(self.types.len() as u64, &mut out);
        for name in &self.types {
            put_name(name, &mut out);
        }
        put_number(self.scopes.len() as u64, &mut out);
        for scope in &self.scopes {
            put_text(scope, &mut out);
        }
        out
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let head = HeadRef::read(bytes)?;
        Ok(Self {
            types: head.types().map(NameRef::to_name).collect(),
            scopes: head.scopes().map(Name::from).collect(),
            expires_at: head.expires_at,
        })
    }
}

impl<'a> HeadRef<'a> {
    /// Checks the bytes of a head.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            VERSION => {}
            version => return Err(Corrupt::Version(version)),
        }
        let flags = reader.byte()?;
        if flags & !HAS_EXPIRY != 0 {
            return Err(Corrupt::Unknown(u64::from(flags)));
        }
        let expires_at = if flags & HAS_EXPIRY == 0 { None } else { Some(reader.time()?) };
        let types = (reader.count()?, reader);
        for _ in 0..types.0 {
            NameRef::read(&mut reader)?;
        }
        let scopes = (reader.count()?, reader);
        for _ in 0..scopes.0 {
            reader.text()?;
        }
        reader.finish()?;
        Ok(Self { expires_at, types, scopes })
    }

    /// When the entity is to vanish.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The types, expanded.
    pub fn types(&self) -> impl ExactSizeIterator<Item = NameRef<'a>> + use<'a> {
        let (count, mut reader) = self.types;
        (0..count).map(move |_| NameRef::read(&mut reader).expect("every type was read once in `read`"))
    }

    /// The scopes.
    pub fn scopes(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let (count, mut reader) = self.scopes;
        (0..count).map(move |_| reader.text().expect("every scope was read once in `read`"))
    }
}
