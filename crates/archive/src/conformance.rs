//! The suite that every archive must pass.
