//! A city to look at: 汐見市, invented, and the simulator that moves it.
//!
//! The city is a pure function of a size and a seed (`plan`), and what moves in it is one of the time besides
//! (`life`); `entities` writes both in NGSI-LD, and `run` loads them into a running Machi and moves them through
//! the public API, as any client would.
//!
//! Invariants: nothing here knows a store or a broker; the same size, seed and second give the same bytes on every
//! machine, so no function of the platform's mathematics library is used but the square root.
//!
//! # How to add a kind of thing
//!
//! Give it a variant of `plan::Thing`, a place in `Plan::part`, a type and an id in `entities/ids.rs`, its lasting
//! attributes in `entities/standing.rs`, and what changes in a file of `life/`.

mod entities;
mod life;
mod plan;
mod run;
mod told;

pub use plan::{InvalidSize, Size};
pub use run::{DemoError, Held, Settings, Simulator, held, run};
pub use told::{a_streetlight, batches};
