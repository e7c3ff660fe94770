//! The suite that every archive must pass: its laws, each by itself, and random deliveries that it must hold as the
//! reference in memory does.

mod dice;
mod laws;
mod random;
mod retention;

use std::sync::Arc;

use crate::Archive;

/// Makes an empty archive; one that lies on disk is opened anew each time.
pub type Make<'m> = &'m dyn Fn() -> Arc<dyn Archive>;

/// Tries all laws.
pub fn run(make: Make<'_>) {
    laws::run(make);
    retention::laws(make);
    for seed in 1..=8 {
        random::run(&*make(), seed, 12);
        retention::random(&*make(), seed, 8);
    }
}

/// Tries the laws, without random deliveries.
pub fn laws(make: Make<'_>) {
    laws::run(make);
}

/// Random deliveries into an archive, and after each of them random questions, compared with the reference.
pub fn random(archive: &dyn Archive, seed: u64, deliveries: usize) {
    random::run(archive, seed, deliveries);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryArchive;

    #[test]
    fn the_reference_keeps_the_laws() {
        run(&|| Arc::new(MemoryArchive::default()));
    }
}
