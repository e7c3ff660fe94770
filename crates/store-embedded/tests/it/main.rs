//! The embedded engine against the suite that every adapter must pass, and its own promises.

mod backup;
mod conformance;
mod damage;
mod things;
