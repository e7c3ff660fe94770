//! The planted fault: each target has one behind something that only a parsed input can show, so that a
//! target which finds it is known to reach what it is there for.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_PLANTED: AtomicBool = AtomicBool::new(false);

/// What the check looks for in the output.
const CRY: &str = "the planted fault";

/// Switches the fault on.
pub(crate) fn plant() {
    IS_PLANTED.store(true, Ordering::Relaxed);
}

/// Fails where the fault is planted and the input shows what it lies behind.
pub(crate) fn fault(is_shown: bool) {
    assert!(!(is_shown && IS_PLANTED.load(Ordering::Relaxed)), "{CRY}");
}
