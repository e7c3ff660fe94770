//! The rules of the house, held by tests over the checkout itself.
//!
//! Each rule is a function from what was read to what it finds wrong; a test beside it plants the fault
//! that the rule is there to find, so that a rule cannot fall silent unnoticed.

mod arrows;
mod checkout;
mod dependencies;
mod lengths;
mod links;
mod manifests;
mod names;
mod packages;
mod prose;
mod purpose;
mod records;
mod spdx;
mod unsafety;
mod words;

/// Fails with every finding on a line of its own.
#[track_caller]
fn assert_clean(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
