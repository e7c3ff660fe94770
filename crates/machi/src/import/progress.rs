//! One line on the terminal that tells how far an import has come; nothing where nobody looks.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const WIDTH: u64 = 24;

/// A progress bar.
#[derive(Debug)]
pub(super) struct Progress {
    name: String,
    size: u64,
    read: Arc<AtomicU64>,
    is_shown: bool,
}

/// A reader that counts its bytes.
#[derive(Debug)]
pub(super) struct Counted<R> {
    reader: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Progress {
    pub(super) fn new(name: &str, size: u64) -> Self {
        let is_shown = io::stderr().is_terminal();
        Self { name: name.to_owned(), size, read: Arc::default(), is_shown }
    }

    /// Counts what is read from a file.
    pub(super) fn count<R: Read>(&self, reader: R) -> Counted<R> {
        Counted { reader, read: Arc::clone(&self.read) }
    }

    /// Draws the bar again.
    pub(super) fn show(&self, taken: u64, rejected: u64) {
        if self.is_shown {
            let line = line(&self.name, self.read.load(Ordering::Relaxed), self.size, taken, rejected);
            // A terminal that went away must not end the import.
            let _ = write!(io::stderr(), "\r{line}\x1b[K");
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(name: &str, read: u64, size: u64, taken: u64, rejected: u64) -> String {
    let share = |of: u64| (read.min(size) * of).checked_div(size).unwrap_or(of);
    let (done, percent) = (share(WIDTH) as usize, share(100));
    let bar = "#".repeat(done) + &".".repeat(WIDTH as usize - done);
    format!("{name} [{bar}] {percent:3}%  {taken} taken  {rejected} rejected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(line("a.csv", 50, 100, 7, 1), "a.csv [############............]  50%  7 taken  1 rejected");
        assert!(line("a.csv", 0, 0, 0, 0).contains("100%"));
        assert!(line("a.csv", 200, 100, 0, 0).contains("100%"));
    }
}
