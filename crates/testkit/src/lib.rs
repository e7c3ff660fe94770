//! A whole city for tests: the real binary on a folder of its own, blocking clients that are bound to
//! tenants, and a receiver that records notifications and serves @context documents.
//!
//! Everything here panics with a sentence when an expectation is not met: it is for tests only.
//! Nothing here sleeps for a fixed time: waiting is for a condition, with a deadline.
//!
//! ```ignore
//! let city = City::shared(env!("CARGO_BIN_EXE_machi"));
//! let tenant = city.fresh_tenant();
//! tenant.create(&entity("urn:ngsi-ld:Room:1", "Room", json!({"temperature": property(21)})));
//! assert_eq!(tenant.query(&[("type", "Room"), ("q", "temperature>20")]), ["urn:ngsi-ld:Room:1"]);
//! ```

mod answer;
mod cases;
mod city;
mod client;
mod dice;
mod entities;
mod kept;
mod language;
mod moto;
mod postgres;
mod powercut;
mod preload;
mod process;
mod python;
mod receiver;
mod shifted_clock;
mod small_disk;
mod soak;
mod wait;
mod wire;

pub use answer::{Answer, LinkValue, error_type};
pub use cases::each;
pub use city::{City, Options};
pub use client::{Client, Request, encoded};
pub use dice::Dice;
pub use entities::{
    CORE_CONTEXT, DEFAULT_VOCABULARY, entity, geo, ids, point, property, relationship, sorted, subscription,
};
pub use kept::KeptConnection;
pub use language::{has_japanese, not_japanese};
pub use moto::Moto;
pub use postgres::Postgres;
pub use powercut::{Deed, Deeds, Moment, Recording, Strace, Watch, comparable};
pub use preload::Environment;
pub use python::python_with;
pub use receiver::{Behaviour, Notice, Receiver};
pub use shifted_clock::ShiftedClock;
pub use small_disk::SmallDisk;
pub use soak::{soak_rounds, soak_seed};
pub use wait::{DEADLINE, eventually, in_seconds};
pub use wire::{Cut, Wire};
