//! `@context`s against the outside reader `pyld`: on real contexts and examples, on odd ones and on random ones.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

mod examples;
mod odd;
mod pyld;
mod random;
mod walk;
